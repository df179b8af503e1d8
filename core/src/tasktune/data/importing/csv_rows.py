"""CSV and TSV as people and programs write them, broken quotes included.

A quote that is not closed swallows the rows behind it. So the lines of a row are kept until it is known to be sound; of
one that is not, only the first line is rejected, and reading starts again at the next.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from tasktune.data.importing.header import column_names
from tasktune.data.importing.items import Blank, Item, Rejected, Source, SourceRow
from tasktune.data.importing.text import Line, read_lines, shown
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAID = re.compile(r'"?sep=([,;\t|])"?\s*', re.IGNORECASE)
# A value of more lines than this has an unclosed quote before it.
_MAX_LINES = 1000


def sniff_delimiter(path: Path, encoding: str, header_row: int | None) -> str:
    """The delimiter that the header line has most of, outside quotes; a comma when there is none.

    A first line such as ``sep=;``, by which Excel is told, says it.
    """
    first = next(read_lines(path, encoding), None)
    if first is not None and (said := _SAID.fullmatch(first.text)) is not None:
        return said[1]
    lines = (line.text for line in read_lines(path, encoding) if line.text.strip())
    if header_row is not None:
        lines = (line.text for line in read_lines(path, encoding) if line.number == header_row)
    header = next(lines, "")
    outside = "".join(header.split('"')[::2])
    counts = Counter(character for character in outside if character in DELIMITERS)
    return max(DELIMITERS, key=lambda delimiter: counts[delimiter])


def read_csv(
    path: Path, encoding: str, delimiter: str, source: Source, header_row: int | None, columns: Sequence[str]
) -> Iterator[Item]:
    """The rows under the header line; with ``columns`` there is none and these are the names.

    :raises InputError: there is no usable header.
    """
    names: list[str] | None = list(columns) or None
    records = _Records(path, encoding, delimiter, source, len(columns))
    for first, values, problem in records:
        above = header_row is not None and first.number < header_row
        if above or (first.number == 1 and _SAID.fullmatch(first.text)):
            yield Blank(first.number)
        elif names is None:
            if problem is not None:
                raise InputError(
                    _("the header cannot be read"), problems=[problem.at(path, first.number)], hint=problem.hint
                )
            if any(value.strip() for value in values):
                names = column_names(values, str(path), first.number)
                records.width = len(names)
        elif problem is not None:
            yield Rejected(first.number, (problem,), shown(first.text))
        elif not any(value.strip() for value in values):
            yield Blank(first.number)
        elif not columns and [value.strip("\ufeff \t") for value in values] == names:
            # As of files that were put behind each other.
            yield Rejected(first.number, (Problem(_("the header stands here again")),), shown(first.text))
        else:
            yield SourceRow(first.number, dict(zip(names, values, strict=True)))


class _Spoilt(Exception):
    """A row that cannot go on with the line that comes next."""


class _Lines:
    """Hands lines to the csv reader, keeping those of the row that is being read."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._waiting: deque[Line] = deque()
        self.row: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self.row.append(line)
        if not line.whole or len(self.row) > _MAX_LINES:
            raise _Spoilt
        return line.text

    def start(self) -> None:
        """A new row begins."""
        self.row.clear()

    def give_back(self) -> None:
        """All lines of the row but its first are read again."""
        self._waiting.extendleft(reversed(self.row[1:]))


class _Records:
    """Each row: its first line, its values, and what is wrong with it. ``width`` is 0 until the columns are known."""

    def __init__(self, path: Path, encoding: str, delimiter: str, source: Source, width: int) -> None:
        self._lines = _Lines(read_lines(path, encoding))
        self._delimiter = delimiter
        self._source = source
        self._reader = self._new_reader()
        self._doubtful = 0
        self.width = width

    def __iter__(self) -> Iterator[tuple[Line, list[str], Problem | None]]:
        lines = self._lines
        while True:
            lines.start()
            values: list[str] = []
            problem: Problem | None
            try:
                values = next(self._reader)
            except StopIteration:
                return
            except (csv.Error, _Spoilt) as error:
                problem = _unreadable(lines.row, error)
                self._reader = self._new_reader()
            else:
                problem = self._problem(values)
            first = lines.row[0]
            if problem is not None:
                self._doubtful = max(self._doubtful, lines.row[-1].number)
                lines.give_back()
            elif len(lines.row) > 2:
                _suspect(lines.row, self._delimiter, self._source)
            yield first, values, problem

    def _new_reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines, delimiter=self._delimiter, strict=True)

    def _problem(self, values: Sequence[str]) -> Problem | None:
        row = self._lines.row
        for line in row:
            if line.problem is not None:
                return line.problem
        if len(row) == 1 and row[0].number <= self._doubtful and row[0].text.count('"') % 2:
            # It may be the end of the value that was given up, which is no row.
            return _unclosed()
        if self.width and values and len(values) != self.width:
            return _wrong_width(len(values), self.width, len(row))
        return None


def _unreadable(row: Sequence[Line], error: Exception) -> Problem:
    if row[0].problem is not None:
        return row[0].problem
    if len(row) > 1 or "unexpected end" in str(error):
        return _unclosed()
    if "field larger" in str(error):
        return Problem(_("a value of more than {limit} characters", limit=f"{csv.field_size_limit():,}"))
    if "expected after" in str(error):
        return Problem(_("a broken double quote: {reason}", reason=error), _('a quote within a value is written ""'))
    return Problem(_("not valid CSV: {reason}", reason=error))


def _unclosed() -> Problem:
    return Problem(
        _("a double quote in this line is never closed, or is closed in the middle of a value"),
        _('put a quote at the end of the value; a quote within a value is written ""'),
    )


def _wrong_width(found: int, expected: int, lines: int) -> Problem:
    if lines > 1:
        hint = _(
            "a double quote that opens in this line is closed {lines} lines later; is one missing?", lines=lines - 1
        )
    else:
        hint = _("put values with delimiters or line breaks in double quotes")
    return Problem(_("{found} values in a row of {expected} columns", found=found, expected=expected), hint)


def _suspect(row: Sequence[Line], delimiter: str, source: Source) -> None:
    """Say so when the lines within a value look like rows that it has swallowed."""
    counts = {line.text.count(delimiter) for line in islice(row, 1, len(row) - 1)}
    if len(counts) == 1 and row[0].text.count(delimiter) in counts and 0 not in counts:
        source.notice(
            _(
                "{file}:{line}: a value goes on to line {last}, and its lines look like rows: is a quote missing?",
                file=source.name,
                line=row[0].number,
                last=row[-1].number,
            )
        )
