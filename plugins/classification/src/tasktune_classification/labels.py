"""The gold label of a data row, and what an annotator most likely meant by one that is not in the set."""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Container
from functools import lru_cache
from typing import Any

from tasktune.errors import Problem
from tasktune.locale import translate as core_message
from tasktune_classification import translate as _

FIELD = "label"
_MOST_SHOWN = 12


def read_label(value: Any, labels: tuple[str, ...], known: Container[str]) -> str | Problem:
    """The label that a row's field holds, or the problem with it.

    A whole number counts as its digits, so that ``{"label": 1}`` fits the labels ``["0", "1"]``. Nothing else is
    converted: what a similar spelling was meant to be is for the annotator to decide.
    """
    if isinstance(value, int) and not isinstance(value, bool) and _digits(value) in known:
        return _digits(value)
    if not isinstance(value, str):
        return Problem(
            _("the label is {value}, but labels are text", value=_shown(value)),
            hint=_("write the label's name in quotes: {labels}", labels=_listed(labels)),
            path=FIELD,
        )
    if value in known:
        return value
    if not value.strip():
        return Problem(
            _("the label is empty"),
            hint=_("write one of {labels}; only a row without the field is unlabelled", labels=_listed(labels)),
            path=FIELD,
        )
    close = meant(value, labels)
    return Problem(
        _("{label!r} is not one of the labels", label=_abridged(value)),
        hint=core_message("did you mean {name}?", name=close)
        if close
        else _("use one of {labels}", labels=_listed(labels)),
        path=FIELD,
    )


@lru_cache(maxsize=4096)
def meant(value: str, labels: tuple[str, ...]) -> str | None:
    """The label that ``value`` is a variant of: in width, case or spaces, or else in a few characters."""
    same = {_folded(label): label for label in labels}
    if _folded(value) in same:
        return same[_folded(value)]
    close = difflib.get_close_matches(_folded(value[:200]), same, n=1, cutoff=0.5)
    return same[close[0]] if close else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _digits(value: int) -> str:
    return str(value) if abs(value) < 10**18 else ""


def _shown(value: Any) -> str:
    return _abridged(json.dumps(value, ensure_ascii=False, default=str))


def _abridged(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _listed(labels: tuple[str, ...]) -> str:
    more = len(labels) - _MOST_SHOWN
    listed = ", ".join(labels[:_MOST_SHOWN])
    return listed if more <= 0 else _("{labels} and {more} more", labels=listed, more=more)
