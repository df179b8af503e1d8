"""Read rows from JSONL and CSV files, one at a time, with every unreadable row named by file and line."""

from __future__ import annotations

import codecs
import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasktune.errors import Problem
from tasktune.locale import translate as _

FORMATS = (".jsonl", ".csv", ".tsv")
# A row is one labelled example; a longer line is a file without line breaks, and would fill the memory.
MAX_LINE = 16_000_000
_MARK = "tasktune.mark"
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Row:
    """One row of a data file: its fields by name, and the line (from 1) on which it starts."""

    line: int
    fields: Mapping[str, Any]


def read_rows(path: Path, encoding: str = "utf-8") -> Iterator[Row | Problem]:
    """The rows of a file in order, streamed; in the place of each row that cannot be read, the problem.

    JSONL holds one JSON object a line (empty lines are passed over); CSV and TSV have a header line. Lines end with
    LF or CRLF. A byte order mark is accepted. A file that cannot be read at all is a single problem, and so is what
    stands behind an undecodable line or an unclosed quote of a CSV file.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        problem = Problem(_("unknown data format {suffix!r}", suffix=suffix), _("use one of {known}", known=known))
        yield problem.at(path)
        return
    try:
        wrong = encoding_problem(path, encoding)
        if wrong is not None:
            yield wrong.at(path)
            return
        empty = True
        for row in _read_jsonl(path, encoding) if suffix == ".jsonl" else _read_csv(path, encoding):
            empty = False
            yield row if isinstance(row, Row) else row.at(path, row.line)
        if empty:
            yield Problem(_("the file has no rows"), _("put at least one labelled row in it")).at(path)
    except OSError as error:
        yield Problem(_("cannot be read: {error}", error=error.strerror or error)).at(path)


def encoding_problem(path: Path, encoding: str) -> Problem | None:
    """Why a file cannot be read with an encoding at all: there is none of that name, or its beginning is missing.

    :raises OSError: the file cannot be read.
    """
    hint = _("use utf-8, big5 or cp950")
    try:
        with path.open(encoding=encoding, errors=_MARK) as file:
            file.read(1)
    except LookupError:
        return Problem(_("unknown encoding {encoding!r}", encoding=encoding), hint)
    except UnicodeError as error:
        reason = getattr(error, "reason", error)
        return Problem(_("cannot be read as {encoding}: {reason}", encoding=encoding, reason=reason), hint)
    return None


def _read_jsonl(path: Path, encoding: str) -> Iterator[Row | Problem]:
    for line, text in _lines(path, encoding):
        if isinstance(text, Problem):
            yield text
        elif text and not text.isspace():
            yield parse_json_row(line, text)


def parse_json_row(line: int, text: str) -> Row | Problem:
    """The row that a line of JSONL holds, or what is wrong with it: repeated keys, NaN and half characters too."""
    try:
        value = _JSON.decode(text.rstrip())
        if _HALF_PAIR.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        hint = _("each line must be one whole JSON object in double quotes")
        return Problem(
            _("not valid JSON at column {column}: {reason}", column=error.colno, reason=error.msg), hint, line=line
        )
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):x}"
        return Problem(
            _("{half} is half a character", half=half), _("write both halves, or the character itself"), line=line
        )
    except (ValueError, RecursionError) as error:
        return Problem(_("not valid JSON: {reason}", reason=error), line=line)
    if not isinstance(value, dict):
        return replace(not_an_object(value), line=line)
    return Row(line, value)


def not_an_object(value: object) -> Problem:
    """That a JSON value is no row, by the name that JSON has for what it is."""
    kinds = {list: _("an array"), str: _("a string"), bool: _("true or false"), type(None): _("null")}
    kind = kinds.get(type(value), _("a number"))
    return Problem(_("a row must be a JSON object, not {kind}", kind=kind), '{"text": "…", …}')


def _refuse_constant(constant: str) -> Any:
    raise ValueError(_("{number} is no JSON number", number=constant))


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refuse_constant(number)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _value in pairs]
        raise ValueError(_("repeated: {names}", names=_repeated(names)))
    return fields


_JSON = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_without_repeats)


def _repeated(names: Sequence[str]) -> str:
    return ", ".join(sorted({name for name in names if names.count(name) > 1}))


def _read_csv(path: Path, encoding: str) -> Iterator[Row | Problem]:
    position = 0

    def text_lines() -> Iterator[str]:
        nonlocal position
        for line, text in _lines(path, encoding):
            position = line
            if isinstance(text, Problem):
                raise _Unreadable(text)
            yield text

    reader = csv.reader(text_lines(), delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
    header: list[str] | None = None
    while True:
        start = position + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except _Unreadable as unreadable:
            yield unreadable.problem
            return
        except csv.Error as error:
            yield _bad_csv(error, start)
            # An open quote has swallowed the lines up to here: where the next row starts cannot be known.
            if position > start or header is None:
                return
            continue
        if header is None:
            header = values
            problem = _bad_header(header)
            if problem:
                yield problem
                return
        elif values:
            yield _csv_row(start, header, values)


def _bad_csv(error: csv.Error, line: int) -> Problem:
    if "new-line character" in str(error):
        return Problem(_("a line ends with CR alone"), _("save the file with LF or CRLF line ends"), line=line)
    hint = _("look for a missing double quote in the row that starts here")
    return Problem(_("not valid CSV: {reason}", reason=error), hint, line=line)


def _bad_header(header: Sequence[str]) -> Problem | None:
    nameless = ", ".join(str(number) for number, name in enumerate(header, 1) if not name.strip())
    if nameless or not header:
        hint = _("the first line must name every column")
        return Problem(_("columns without a name in the header: {columns}", columns=nameless or 1), hint, line=1)
    repeated = _repeated(header)
    if repeated:
        return Problem(_("the header names a column twice: {names}", names=repeated), _("rename one"), line=1)
    return None


def _csv_row(line: int, header: Sequence[str], values: Sequence[str]) -> Row | Problem:
    if len(values) != len(header):
        return Problem(
            _("{found} values in a row of {expected} columns", found=len(values), expected=len(header)),
            _("put values with commas or line breaks in double quotes"),
            line=line,
        )
    return Row(line, dict(zip(header, values, strict=True)))


class _Unreadable(Exception):
    """Carries a decoding problem out of the csv reader, which cannot go on behind it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Decode what cannot be decoded to half a surrogate pair, which no valid text decodes to."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udc80", error.end


codecs.register_error(_MARK, _mark)


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str | Problem]]:
    """The lines of a file, numbered from 1 and decoded; one bad line is one problem."""
    utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    if utf8:
        with path.open("rb") as raw:
            if raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                hint = _("save it as UTF-8, or set data.encoding: utf-16")
                yield 1, Problem(_("the file is in UTF-16"), hint, line=1)
                return
    # surrogateescape would do for all encodings but those in which ASCII bytes can be at fault (UTF-16).
    errors = "surrogateescape" if utf8 else _MARK
    with path.open(encoding=encoding, errors=errors, newline="\n") as file:
        number = 0
        while text := file.readline(MAX_LINE + 1):
            number += 1
            if len(text) > MAX_LINE:
                message = _("a line of more than {limit} million characters", limit=MAX_LINE // 1_000_000)
                yield number, Problem(message, _("one row a line"), line=number)
                while text and not text.endswith("\n"):
                    text = file.readline(MAX_LINE)
                continue
            if number == 1:
                text = text.removeprefix("\ufeff")
            try:
                text.encode()
            except UnicodeEncodeError as error:
                yield number, _wrong_encoding(text, error.start, encoding, utf8, number)
                continue
            yield number, text


def _wrong_encoding(text: str, position: int, encoding: str, utf8: bool, line: int) -> Problem:
    hint = _("set data.encoding to the file's encoding")
    if utf8:
        hint = _("save the file as UTF-8, or set data.encoding")
        try:
            text.encode("utf-8", "surrogateescape").decode("cp950")
            hint = _("the file looks like Big5: save it as UTF-8, or set data.encoding: cp950")
        except UnicodeDecodeError:
            pass
    where = _("not valid {encoding} at column {column}", encoding=encoding, column=position + 1)
    return Problem(where, hint, line=line)
