"""JSON Lines, and JSON files that are one array of objects (or an object with one such array in it)."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import IO, Any

from tasktune.data.files import MAX_LINE, Row, not_an_object, parse_json_row
from tasktune.data.importing.items import Blank, Item, Rejected, SourceRow
from tasktune.data.importing.text import ERRORS, read_lines, shown
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

_CHUNK = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")


def is_document(path: Path, encoding: str) -> bool:
    """Whether a file is one JSON value rather than a line for each row, whatever it is called."""
    with path.open(encoding=encoding, errors=ERRORS) as file:
        head = file.read(_CHUNK).removeprefix("\ufeff").lstrip()
    if not head.startswith("{"):
        return head.startswith("[")
    first, _end, rest = head.partition("\n")
    row = parse_json_row(1, first)
    if isinstance(row, Row):
        # A single object on a single line: rows in it make it a document.
        return not rest.strip() and path.suffix.lower() == ".json" and _list_in(row.fields) is not None
    return path.suffix.lower() == ".json"


def read_json_lines(path: Path, encoding: str) -> Iterator[Item]:
    """One row a line."""
    for line in read_lines(path, encoding):
        if line.problem is not None:
            yield Rejected(line.number, (line.problem,), shown(line.text))
        elif not line.text or line.text.isspace():
            yield Blank(line.number)
        else:
            row = parse_json_row(line.number, line.text)
            if isinstance(row, Row):
                yield SourceRow(line.number, row.fields)
            else:
                yield Rejected(line.number, (row,), shown(line.text))


def read_json_document(path: Path, encoding: str) -> Iterator[Item]:
    """The elements of an array, streamed; of an object those of the one array of objects that it holds.

    :raises InputError: it is not valid JSON: where the next row starts cannot be known.
    """
    with path.open(encoding=encoding, errors=ERRORS) as file:
        document = _Document(file, str(path))
        yield from document.rows()


def _list_in(value: Any) -> list[Any] | None:
    """The one list of objects in an object."""
    if not isinstance(value, Mapping):
        return None
    lists = [each for each in value.values() if isinstance(each, list) and each and isinstance(each[0], dict)]
    return lists[0] if len(lists) == 1 else None


def _item(place: int, value: Any, faults: list[str]) -> Item:
    if not isinstance(value, dict):
        return Rejected(place, (not_an_object(value),), value)
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return Rejected(place, (Problem(_("the row has characters that cannot be decoded")),), shown(text))
    if faults:
        return Rejected(place, (Problem(_("not valid JSON: {reason}", reason="; ".join(faults))),), shown(text))
    return SourceRow(place, value)


def _too_long() -> str:
    return _("a value of more than {limit} million characters", limit=MAX_LINE // 1_000_000)


def _broken(file: str, line: int, reason: str) -> InputError:
    return InputError(
        _("{file}:{line}: not valid JSON: {reason}", file=file, line=line, reason=reason),
        hint=_("correct the file there; behind it rows cannot be told apart, so nothing was imported"),
    )


class _Document:
    """Decodes a JSON array, or an object with an array in it, element by element, without reading it whole."""

    def __init__(self, file: IO[str], name: str) -> None:
        self._file = file
        self._name = name
        self._buffer = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._faults: list[str] = []
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._pairs, parse_constant=self._constant, parse_float=self._float
        )

    def rows(self) -> Iterator[Item]:
        """Each row, numbered by the line on which it starts."""
        self._more()
        self._buffer = self._buffer.removeprefix("\ufeff")
        if self._next() == "[":
            yield from (_item(*element) for element in self._elements())
        else:
            yield from self._members()
        if self._next():
            raise _broken(self._name, self._line, _("text behind the end of the array or object"))

    def _elements(self) -> Iterator[tuple[int, Any, list[str]]]:
        """What an array holds: the line of each element, its value, and what is wrong with it."""
        for _first in self._parts("]"):
            place, value = self._line, self._value()
            yield place, value, list(self._faults)

    def _members(self) -> Iterator[Item]:
        """The elements of the one member of an object that is an array of objects."""
        found: list[str] = []
        for _first in self._parts("}"):
            name = self._value()
            if not isinstance(name, str) or self._next() != ":":
                raise _broken(self._name, self._line, _("a name in double quotes and a colon are missing"))
            self._at += 1
            if self._next() != "[":
                self._value()
                continue
            elements = self._elements()
            first = next(elements, None)
            if first is None or not isinstance(first[1], dict):
                deque(elements, maxlen=0)
                continue
            found.append(name)
            if len(found) > 1:
                raise InputError(
                    _("{file} holds two lists of rows: {names}", file=self._name, names=", ".join(found)),
                    hint=_("put each in a file of its own"),
                )
            yield from (_item(*element) for element in chain([first], elements))
        if not found:
            raise InputError(
                _("{file} holds no list of rows", file=self._name),
                hint=_("it must be an array of objects, an object with one such array in it, or one object a line"),
            )

    def _parts(self, end: str) -> Iterator[None]:
        """Stops at the beginning of each part of the array or object that begins here, and passes over its end."""
        self._at += 1
        first = True
        while (character := self._next()) != end:
            if not first:
                if character != ",":
                    raise _broken(self._name, self._line, _("a comma or {end} is missing", end=end))
                self._at += 1
                self._next()
            first = False
            yield
        self._at += 1

    def _value(self) -> Any:
        while True:
            self._faults.clear()
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if not self._room():
                    raise _broken(self._name, self._line, _too_long()) from error
                if self._more():
                    continue
                line = self._line + self._buffer.count("\n", self._at, error.pos)
                raise _broken(self._name, line, error.msg) from error
            except (ValueError, RecursionError) as error:
                raise _broken(self._name, self._line, str(error)) from error
            if end == len(self._buffer) and self._more():
                continue
            self._move(end)
            return value

    def _room(self) -> bool:
        return len(self._buffer) - self._at <= MAX_LINE

    def _next(self) -> str:
        """The next character that is not white space, which is passed over; empty at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            assert match is not None
            self._move(match.end())
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _move(self, end: int) -> None:
        self._line += self._buffer.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        """Read on, at least as much again as there is: a long element is decoded a few times only."""
        chunk = "" if self._ended else self._file.read(max(_CHUNK, len(self._buffer) - self._at))
        self._ended = not chunk
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            names = [name for name, _value in pairs]
            self._faults.append(
                _("repeated: {names}", names=", ".join(sorted({n for n in names if names.count(n) > 1})))
            )
        return fields

    def _float(self, number: str) -> float:
        value = float(number)
        if not math.isfinite(value):
            self._constant(number)
        return value

    def _constant(self, constant: str) -> None:
        self._faults.append(_("{number} is no JSON number", number=constant))
