"""Offsets that do not fit their text, and the usual reasons why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tasktune.errors import Problem
from tasktune_ner import translate as _

_CONTEXT = 12


def read_offsets(text: str, mention: str | None, start: Any, end: Any, path: str) -> tuple[int, int] | Problem:
    """The span, if ``text[start:end]`` is ``mention``; otherwise what is wrong, with the reason when it is a usual one.

    The usual reasons: offsets that count UTF-8 bytes or UTF-16 units (JavaScript, Java, C#), that count from 1, or
    whose end is the last character rather than the one after it.
    """
    if not _is_count(start) or not _is_count(end):
        return Problem(
            _("start and end must be whole numbers, not {start} and {end}", start=start, end=end),
            hint=_("leave both out to have them recovered from the text"),
            path=f"{path}.start",
        )
    stands = text[start:end]
    if stands and (mention is None or stands == mention) and end <= len(text):
        return start, end
    if mention is None:
        return Problem(
            _(
                "{start}–{end} is not a span of the text, which has {length} characters",
                start=start,
                end=end,
                length=len(text),
            ),
            hint=_("offsets count characters from 0, and end is the character after the last one"),
            path=f"{path}.start",
        )
    reason = next(_reasons(text, mention, start, end), None) or _true_place(text, mention, start)
    return Problem(
        _(
            "the text has {stands} at {start}–{end}, not {mention}",
            stands=repr(stands),
            start=start,
            end=end,
            mention=repr(mention),
        ),
        hint=reason,
        path=f"{path}.start",
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _reasons(text: str, mention: str, start: int, end: int) -> Iterator[str]:
    if text.encode()[start:end] == mention.encode():
        yield _("the offsets seem to count UTF-8 bytes; count characters")
    if text.encode("utf-16-le")[2 * start : 2 * end] == mention.encode("utf-16-le"):
        yield _("the offsets seem to count UTF-16 units, as JavaScript and Java do; count characters")
    if text[start : end + 1] == mention:
        yield _("end seems to be the last character; it must be the one after it")
    if start and mention in (text[start - 1 : end - 1], text[start - 1 : end]):
        yield _("the offsets seem to count from 1; count from 0")


def _true_place(text: str, mention: str, start: int) -> str:
    """Where the mention stands instead, the place nearest to ``start``."""
    before, after = text.rfind(mention, 0, start + len(mention)), text.find(mention, start)
    places = [place for place in (before, after) if place >= 0]
    if not places:
        return _("it is nowhere in the text; correct it, or leave the offsets out if they are right")
    place = min(places, key=lambda place: abs(place - start))
    return _(
        "it stands at {start}–{end}; leave the offsets out to have them recovered",
        start=place,
        end=place + len(mention),
    )
