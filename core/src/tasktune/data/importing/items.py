"""What a source is made of: rows, places where a row should be but cannot be read, and blanks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from tasktune.errors import Problem


@dataclass(frozen=True)
class SourceRow:
    """One row as the source has it. ``place`` is its line in a text file, else its number in the table, from 1."""

    place: int
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be imported: why, and what it looks like (its fields, or the text of its line)."""

    place: int
    problems: tuple[Problem, ...]
    content: Any = None


@dataclass(frozen=True)
class Blank:
    """An empty line or row, which nobody meant as one."""

    place: int


Item: TypeAlias = SourceRow | Rejected | Blank


def _none() -> Iterator[Item]:
    return iter(())


@dataclass
class Source:
    """Where rows come from. ``items`` starts from the beginning every time it is called, and streams.

    ``details`` are what was found out or chosen about it (encoding, delimiter, sheet), for the user to see. Things
    worth knowing that are found while reading are added to ``notices``.
    """

    name: str
    format: str
    items: Callable[[], Iterator[Item]] = _none
    details: Mapping[str, str] = field(default_factory=dict)
    place: Literal["line", "row"] = "row"
    notices: list[str] = field(default_factory=list)

    def notice(self, text: str) -> None:
        """Note something once, however often the source is read."""
        if text not in self.notices:
            self.notices.append(text)


def file_stem(source: str) -> str:
    """A name for files about a source, without ending: of a URL only the path, as before it may be a password."""
    place = source.partition("://")[2].partition("/")[2] if "://" in source else source.removeprefix("hf:")
    name = place.partition("?")[0].rstrip("/").rpartition("/")[2]
    stem = name.rpartition(".")[0] or name
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in stem) or "rows"
