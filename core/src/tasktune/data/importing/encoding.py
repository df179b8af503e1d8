"""Which encoding a text file is in, told from its bytes: UTF-8, UTF-16, Big5 or GB 18030.

The legacy Chinese encodings are told apart by how many of the decoded characters are everyday ones: Big5 and GB 2312
both put the frequent characters on a level of their own (Big5: lead bytes A4–C6; GB 2312: B0–D7), and text that is
decoded by the wrong one lands outside it or does not decode at all.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tasktune.errors import InputError
from tasktune.locale import translate as _

_BLOCK = 1 << 20
_LINES = 1000
_LINE = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Below this share of everyday characters in whole lines no encoding is believed.
_CONVINCING = 0.6
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_RUN = re.compile(r"([A-Za-z]?)([^\x00-\x7f]+)(?=([A-Za-z]?))")


@dataclass(frozen=True)
class Encoding:
    """An encoding by its Python name; ``mark`` says that a byte order mark named it."""

    name: str
    mark: bool = False


def detect_encoding(path: Path) -> Encoding:
    """The encoding of a file, from all of its bytes.

    A file of which most lines with other than ASCII characters are UTF-8 counts as UTF-8: the others are damaged.

    :raises InputError: it is none of those that can be told.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, mark=True)
    if b"\0" in head and not _stray_nulls(head):
        name = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        if _CONTROL.search(head[: len(head) // 2 * 2].decode(name, "replace")):
            raise InputError(
                _("{file} is no text file", file=path),
                hint=_("if it is a workbook or another format by a wrong name, say so with --format"),
            )
        return Encoding(name)
    if _decodes(path, "utf-8"):
        return Encoding("utf-8")
    lines = list(_telling_lines(path))
    if sum(_is(line, "utf-8") for line in lines) * 2 > len(lines):
        return Encoding("utf-8")
    # Ties go to the first: cp950 is Big5 as Windows writes it, and its Hong Kong extension comes after it.
    name = max(_EVERYDAY, key=lambda name: _score(lines, name))
    if _score(lines, name) < _CONVINCING:
        raise InputError(
            _("{file}: the encoding cannot be told from the bytes", file=path),
            hint=_("name it with --encoding, such as cp1252 or shift_jis, or save the file as UTF-8"),
        )
    return Encoding(name)


def _stray_nulls(head: bytes) -> bool:
    """Whether the null characters of a file are damage: few, in text of one byte a character or more.

    In UTF-16 every line end and every Latin letter brings one, and what stands between is seldom valid otherwise.
    """
    text = _between_characters(head.replace(b"\0", b""))
    return head.count(0) * 8 < len(head) and (_is(text, "utf-8") or legacy_name(text) is not None)


def legacy_name(raw: bytes) -> str | None:
    """The legacy encoding that a single line looks like, or None."""
    return next((name for name in _EVERYDAY if _score([raw], name) >= _CONVINCING), None)


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _telling_lines(path: Path) -> Iterator[bytes]:
    """The first lines that are not ASCII, without their ends."""
    found = 0
    with path.open("rb") as file:
        while found < _LINES and (line := file.readline(_LINE)):
            whole = line.endswith(b"\n") or len(line) < _LINE
            if not whole:
                # The first part is enough.
                while (rest := file.readline(_LINE)) and not rest.endswith(b"\n"):
                    pass
                line = _between_characters(line)
            if not line.isascii():
                found += 1
                yield line.rstrip(b"\r\n")


def _between_characters(line: bytes) -> bytes:
    """The beginning of a line that was cut anywhere, without half a character at its end."""
    for end in range(len(line), len(line) - 4, -1):
        if _is(line[:end], "utf-8"):
            return line[:end]
    return line[: max(map(line.rfind, (b",", b'"', b" "))) + 1]


def _is(line: bytes, name: str) -> bool:
    try:
        line.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _score(lines: list[bytes], name: str) -> float:
    """Share of the lines that decode, times the share of everyday characters in these."""
    texts = [line.decode(name) for line in lines if _is(line, name)]
    runs = [run for text in texts for run in _RUN.findall(text)]
    total = sum(len(run) for _before, run, _behind in runs)
    if not total:
        return 0.0
    # A lone character between Latin letters is an accented one, misread together with the letter behind it.
    whole = [run for before, run, behind in runs if len(run) > 1 or not (before or behind)]
    codes = [character.encode(name) for run in whole for character in run]
    plain = sum(_EVERYDAY[name](code) for code in codes)
    special = sum(map(_hong_kong, codes)) if name == "big5hkscs" else 0
    return len(texts) / len(lines) * (plain + min(plain, special)) / total


def _big5(code: bytes) -> bool:
    return len(code) == 2 and 0xA1 <= code[0] <= 0xC6


def _hong_kong(code: bytes) -> bool:
    return len(code) == 2 and (0x87 <= code[0] <= 0xA0 or code[0] >= 0xF9)


def _gb(code: bytes) -> bool:
    return len(code) == 2 and (0xA1 <= code[0] <= 0xA9 or 0xB0 <= code[0] <= 0xD7) and code[1] >= 0xA1


_EVERYDAY: dict[str, Callable[[bytes], bool]] = {"cp950": _big5, "big5hkscs": _big5, "gb18030": _gb}
