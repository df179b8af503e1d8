"""Did you mean …?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tasktune.locale import translate as _


def closest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word that ``word`` was most likely meant to be, or None. Case, ``-`` and spaces do not matter.

    ``cutoff`` is the least likeness (:meth:`difflib.SequenceMatcher.ratio`) that counts.
    """
    by_form = {_form(name): name for name in known}
    close = difflib.get_close_matches(_form(word), by_form, n=1, cutoff=cutoff)
    return by_form[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The hint that proposes the closest known word, if one is close."""
    close = closest(word, known)
    return _("did you mean {name}?", name=close) if close else None


def _form(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
