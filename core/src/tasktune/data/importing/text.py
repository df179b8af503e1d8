"""The lines of a text file, in any encoding, however long or broken single ones are."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasktune.data.files import MAX_LINE
from tasktune.data.importing.encoding import legacy_name
from tasktune.errors import Problem
from tasktune.locale import translate as _

ERRORS = "tasktune.import"
_ESCAPED = re.compile("[\udc80-\udcff]")
_SHOWN = 1000


@dataclass(frozen=True)
class Line:
    """A line with its end. One with a ``problem`` cannot be used; ``whole`` says whether its text is all there."""

    number: int
    text: str
    problem: Problem | None = None
    whole: bool = True


def read_lines(path: Path, encoding: str) -> Iterator[Line]:
    """The lines in order, numbered from 1. A line in another encoding, or over 16 million characters, has a problem.

    Lines end with LF or CRLF, or with CR alone where the file has no LF at its beginning.
    """
    with path.open(encoding=encoding, errors=ERRORS, newline=_line_end(path, encoding)) as file:
        number = 0
        while text := file.readline(MAX_LINE + 1):
            number += 1
            if len(text) > MAX_LINE:
                beginning = text[:_SHOWN]
                while text and not text.endswith(("\n", "\r")):
                    text = file.readline(MAX_LINE)
                message = _("a line of more than {limit} million characters", limit=MAX_LINE // 1_000_000)
                yield Line(number, beginning, Problem(message, _("one row a line")), whole=False)
                continue
            if number == 1:
                text = text.removeprefix("\ufeff")
            yield Line(number, text, None if text.isascii() else _undecodable(text, encoding))


def shown(text: str) -> str:
    r"""A text that can be written out: bytes that could not be decoded as ``\xb4``, no more than 1,000 characters."""
    readable = _ESCAPED.sub(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", text[: _SHOWN + 1].rstrip("\r\n"))
    readable = readable.encode("utf-8", "backslashreplace").decode()
    return readable if len(text) <= _SHOWN else readable[:_SHOWN] + "…"


def _line_end(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, errors=ERRORS, newline="") as file:
        head = file.read(1 << 16)
    return "\r" if "\r" in head and "\n" not in head else "\n"


def _undecodable(text: str, encoding: str) -> Problem | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        where = _("not valid {encoding} at column {column}", encoding=encoding, column=error.start + 1)
        hint = _("correct the line; the file is read with one encoding, which --encoding sets")
        if codecs.lookup(encoding).name == "utf-8":
            looks = legacy_name(text.rstrip("\r\n").encode("utf-8", "surrogateescape"))
            if looks is not None:
                hint = _("the line looks like {encoding}, in a file that is UTF-8 otherwise", encoding=looks)
        return Problem(where, hint)
    return None


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Decode each byte that cannot be decoded to half a surrogate pair, which no valid text decodes to."""
    assert isinstance(error, UnicodeDecodeError)
    return "".join(chr(0xDC00 + max(byte, 0x80)) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(ERRORS, _escape)
