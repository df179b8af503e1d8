"""Read rows from JSONL and CSV files, one at a time, with every unreadable row named by file and line."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasktune.errors import Problem
from tasktune.locale import translate as _

FORMATS = (".jsonl", ".csv", ".tsv")
_UTF8 = ("utf-8", "utf8", "utf-8-sig")
# A row is one labelled example; a longer line is a file without line breaks, and would fill the memory.
MAX_LINE_BYTES = 16 << 20


@dataclass(frozen=True)
class Row:
    """One row of a data file: its fields by name, and the line (from 1) on which it starts."""

    line: int
    fields: Mapping[str, Any]


def read_rows(path: Path, encoding: str = "utf-8") -> Iterator[Row | Problem]:
    """The rows of a file in order, streamed; in the place of each row that cannot be read, the problem.

    JSONL holds one JSON object a line (empty lines are passed over); CSV and TSV have a header line. A byte order
    mark is accepted. A file that cannot be read at all is a single problem.
    """
    if path.suffix not in FORMATS:
        known = ", ".join(FORMATS)
        yield Problem(_("unknown data format {suffix!r}", suffix=path.suffix), _("use one of {known}", known=known)).at(
            path
        )
        return
    try:
        codecs.lookup(encoding)
    except LookupError:
        yield Problem(_("unknown encoding {encoding!r}", encoding=encoding), _("use utf-8, big5 or cp950")).at(path)
        return
    try:
        rows = _read_jsonl(path, encoding) if path.suffix == ".jsonl" else _read_csv(path, encoding)
        empty = True
        for row in rows:
            empty = False
            yield row if isinstance(row, Row) else row.at(path, row.line)
        if empty:
            yield Problem(_("the file has no rows"), _("put at least one labelled row in it")).at(path)
    except OSError as error:
        yield Problem(_("cannot be read: {error}", error=error.strerror or error), None).at(path)


def _read_jsonl(path: Path, encoding: str) -> Iterator[Row | Problem]:
    for line, text in _lines(path, encoding):
        if isinstance(text, Problem):
            yield text
        elif not text.isspace() and text:
            yield _parse_json_row(line, text)


def _parse_json_row(line: int, text: str) -> Row | Problem:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        hint = _("each line must be one whole JSON object in double quotes")
        return Problem(
            _("not valid JSON at column {column}: {reason}", column=error.colno, reason=error.msg), hint, line=line
        )
    except (ValueError, RecursionError) as error:
        return Problem(_("not valid JSON: {reason}", reason=error), line=line)
    if not isinstance(value, dict):
        kind = type(value).__name__
        return Problem(_("a row must be a JSON object, not a {kind}", kind=kind), '{"text": "…", …}', line=line)
    return Row(line, value)


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _read_csv(path: Path, encoding: str) -> Iterator[Row | Problem]:
    position = 0

    def text_lines() -> Iterator[str]:
        nonlocal position
        for line, text in _lines(path, encoding):
            position = line
            if isinstance(text, Problem):
                raise _Unreadable(text)
            yield text

    reader = csv.reader(text_lines(), delimiter="\t" if path.suffix == ".tsv" else ",", strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return
        repeated = sorted({name for name in header if header.count(name) > 1})
        if repeated:
            names = ", ".join(repeated)
            yield Problem(_("the header names a column twice: {names}", names=names), _("rename one"), line=1)
            return
        start = position + 1
        for values in reader:
            line, start = start, position + 1
            if not values:
                continue
            if len(values) != len(header):
                yield Problem(
                    _("{found} values in a row of {expected} columns", found=len(values), expected=len(header)),
                    _("put values with commas or line breaks in double quotes"),
                    line=line,
                )
                continue
            yield Row(line, dict(zip(header, values, strict=True)))
    except csv.Error as error:
        yield Problem(_("not valid CSV: {reason}", reason=error), _("look for a missing double quote"), line=position)
    except _Unreadable as unreadable:
        yield unreadable.problem


class _Unreadable(Exception):
    """Carries a decoding problem out of the csv reader, which cannot go on behind it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str | Problem]]:
    """The lines of a file, decoded one by one where the encoding allows it: one bad line is one problem."""
    utf8 = encoding.lower().replace("_", "-") in _UTF8
    if not utf8:
        yield from _decoded_lines(path, encoding)
        return
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            yield 1, Problem(_("the file is in UTF-16"), _("save it as UTF-8, or set data.encoding: utf-16"), line=1)
            return
        file.seek(0)
        number = 0
        while raw := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                limit = MAX_LINE_BYTES >> 20
                yield (
                    number,
                    Problem(_("a line of more than {limit} MiB", limit=limit), _("one row a line"), line=number),
                )
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(MAX_LINE_BYTES)
                continue
            if number == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                yield number, _wrong_encoding(raw, error, number)
                continue
            yield number, text


def _decoded_lines(path: Path, encoding: str) -> Iterator[tuple[int, str | Problem]]:
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        try:
            for number, text in enumerate(file, 1):
                yield number, text.removeprefix("\ufeff") if number == 1 else text
        except UnicodeError as error:
            reason = _("not valid {encoding}: {reason}", encoding=encoding, reason=error)
            yield number + 1, Problem(reason, _("set data.encoding to the file's encoding"), line=number + 1)


def _wrong_encoding(raw: bytes, error: UnicodeDecodeError, line: int) -> Problem:
    try:
        raw.decode("cp950")
        hint = _("the file looks like Big5: save it as UTF-8, or set data.encoding: cp950")
    except UnicodeDecodeError:
        hint = _("save the file as UTF-8, or set data.encoding")
    return Problem(_("not valid UTF-8 at byte {position}", position=error.start + 1), hint, line=line)
