"""Entities, and where their texts stand in a text.

An entity is the plain dict ``{"text", "label", "start", "end"}``: offsets count characters (Unicode code points)
from 0, ``end`` is exclusive. A mention that the text does not hold has ``start`` and ``end`` None.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

Entity: TypeAlias = dict[str, Any]

TEXT = "text"
"""The input in which entities are found."""
ENTITIES = "entities"
"""The data field with the gold entities."""


def entity(text: str, label: str, start: int | None, end: int | None) -> Entity:
    """The one form in which entities travel."""
    return {"text": text, "label": label, "start": start, "end": end}


def located(found: Entity) -> bool:
    """Whether the mention stands in its text."""
    return found["start"] is not None


def occurrences(text: str, mention: str, start: int = 0) -> Iterator[int]:
    """Every place at or after ``start`` where ``mention`` stands, overlapping ones included."""
    place = text.find(mention, start)
    while place >= 0:
        yield place
        place = text.find(mention, place + 1)


def ordinal(text: str, mention: str, cursor: int, start: int) -> int:
    """Which occurrence of ``mention`` at or after ``cursor`` stands at ``start``, counted from 1."""
    return sum(1 for _place in occurrences(text[: start + len(mention)], mention, cursor))


class Locator:
    """Finds mentions one after the other, as a reader who reads the text once from left to right.

    A mention is its first occurrence at or after the end of the furthest one so far, or its ``nth`` one from there. A
    mention that does not occur there any more is out of order: it is its first occurrence in the text that was not
    taken yet. A mention without one is not in the text. So each mention has an occurrence of its own.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._cursor = 0
        self._taken: set[tuple[int, str]] = set()
        self._resume: dict[str, int] = {}

    def find(self, mention: str, nth: int = 1) -> int | None:
        """Where ``mention`` stands, or None. An ``nth`` beyond the last occurrence counts as 1."""
        start = self._ahead(mention, nth)
        if start is None:
            start = self._behind(mention)
        if start is not None:
            self.take(mention, start)
        return start

    def take(self, mention: str, start: int) -> None:
        """Note that ``mention`` is the one at ``start``."""
        self._taken.add((start, mention))
        self._cursor = max(self._cursor, start + len(mention))

    def _ahead(self, mention: str, nth: int) -> int | None:
        first = None
        for count, place in enumerate(occurrences(self._text, mention, self._cursor), start=1):
            if first is None:
                first = place
            if count >= nth:
                return place
        return first

    def _behind(self, mention: str) -> int | None:
        # Every occurrence before the place where the last search ended is taken.
        for place in occurrences(self._text, mention, self._resume.get(mention, 0)):
            if (place, mention) not in self._taken:
                self._resume[mention] = place
                return place
        self._resume[mention] = len(self._text)
        return None
