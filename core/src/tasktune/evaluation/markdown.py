"""Write Markdown (GitHub's) in which text from data and models stays text, whatever is in it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST = 200
"""Characters of a text that a table shows."""

# Entities where a backslash would be read differently by different renderers (a pipe or a backslash in a table) or
# not at all (HTML); a backslash, which is easier to read in the source, for the marks that only inline syntax uses.
_ESCAPES = str.maketrans(
    {
        **{mark: f"&#{ord(mark)};" for mark in "|`\\"},
        **{"&": "&amp;", "<": "&lt;", ">": "&gt;"},
        **{mark: f"\\{mark}" for mark in "*_[]~$"},
    }
)
_BREAKS = {"\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"}
# Cc, Cs: control characters, halves of surrogate pairs. Cf below: marks that turn the direction of the text after them.
_UNPRINTABLE = {"Cc", "Cs"}
_DIRECTIONS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """The text on one line: line breaks shown as ⏎, tabs as spaces, other unprintable characters as �."""
    return "".join(_shown(character) for character in text.replace("\r\n", "\n")).strip()


def escape(text: str) -> str:
    """Markdown that shows the text on one line, and nothing but the text, in a table cell or a paragraph."""
    return plain(text).translate(_ESCAPES)


def shorten(text: str, longest: int = LONGEST) -> str:
    """The text's beginning, with … for the rest."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def as_text(value: Any) -> str:
    """A value of a record or an answer in words: strings as they are, others as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers_from: int | None = None) -> str:
    """A table of cells that are Markdown already; columns from ``numbers_from`` on are aligned to the right."""
    right = len(header) if numbers_from is None else numbers_from
    rule = ["---" if index < right else "---:" for index in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def _shown(character: str) -> str:
    if character in _BREAKS:
        return "⏎"
    if character == "\t":
        return " "
    if unicodedata.category(character) in _UNPRINTABLE or character in _DIRECTIONS:
        return "\ufffd"
    return character
