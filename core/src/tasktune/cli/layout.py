"""Text laid out for a terminal in which Chinese characters are two columns wide."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

MAX_WIDTH = 100
MIN_LAST = 20
_MAX_TERM = 28
# A Chinese line may break anywhere, but not before closing punctuation and not after an opening bracket.
_CLOSING = frozenset("，。、；：！？）」』】》…,.;:!?)]}")
_OPENING = frozenset("（「『【《([{")
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def terminal_width() -> int:
    """Columns to fill: those of the terminal, at most ``MAX_WIDTH``; 80 when there is no terminal."""
    return max(40, min(MAX_WIDTH, shutil.get_terminal_size().columns))


def width(text: str) -> int:
    """Columns that a text takes: 2 for a wide character, 0 for one that combines with the one before it."""
    return sum(_columns(character) for character in text)


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """The text filled with spaces to a width in columns; ``right`` puts it at the right end, as numbers want."""
    space = " " * max(0, columns - width(text))
    return space + text if right else text + space


def wrap(text: str, columns: int) -> list[str]:
    """The text in lines of at most ``columns``; a single word that is longer stands on a line of its own."""
    lines = [""]
    for piece, glue in _pieces(text):
        line = lines[-1]
        if not line:
            lines[-1] = piece
        elif width(line) + width(glue) + width(piece) <= columns:
            lines[-1] = line + glue + piece
        else:
            lines.append(piece)
    return lines


def paragraph(text: str, columns: int, indent: int = 0) -> str:
    """Paragraphs (apart by an empty line) wrapped and indented."""
    margin = " " * indent
    blocks = (
        "\n".join(margin + line for line in wrap(" ".join(block.split()), columns - indent))
        for block in text.split("\n\n")
    )
    return "\n\n".join(blocks)


def definitions(rows: Sequence[tuple[str, str]], columns: int) -> str:
    """Terms with what they mean beside them; a long term has its meaning on the next line."""
    term_width = min(_MAX_TERM, max((width(term) for term, _ in rows), default=0)) + 2
    lines = []
    for term, meaning in rows:
        wrapped = wrap(meaning, columns - 2 - term_width)
        head = pad("  " + term, 2 + term_width)
        if width(term) + 2 > term_width:
            lines.append(head.rstrip())
            head = " " * (2 + term_width)
        lines.append((head + wrapped[0]).rstrip())
        lines.extend(" " * (2 + term_width) + line for line in wrapped[1:])
    return "\n".join(lines)


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: frozenset[int] = frozenset(),
    columns: int | None = None,
) -> str:
    """A table with a line under its header; the columns in ``numbers`` (from 0) are set to the right.

    With ``columns`` the last column is wrapped so that the table fits, if that leaves it ``MIN_LAST`` columns.
    """
    cells = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(width(row[i]) for row in cells) for i in range(len(header))]
    if columns is not None:
        widths[-1] = min(widths[-1], max(MIN_LAST, columns - sum(widths[:-1]) - 2 * (len(widths) - 1)))

    def lines(row: Sequence[str]) -> Iterator[str]:
        last = [row[-1]] if columns is None else wrap(row[-1], widths[-1])
        for number, part in enumerate(last):
            line = (*(row[:-1] if number == 0 else [""] * (len(row) - 1)), part)
            yield "  ".join(pad(cell, widths[i], right=i in numbers) for i, cell in enumerate(line)).rstrip()

    rule = "  ".join("─" * columns for columns in widths)
    return "\n".join([*lines(cells[0]), rule, *(line for row in cells[1:] for line in lines(row))])


def bar(share: float, columns: int) -> str:
    """A bar that fills a share (0 to 1) of some columns, to an eighth of one; what is there at all is seen."""
    eighths = round(share * columns * 8)
    if share > 0:
        eighths = max(1, eighths)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8]


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """What a line may be broken between: words, and the characters of wide text; each with the glue before it."""
    for match in re.finditer(r"(\s*)(\S+)", text):
        glue = " " if match[1] else ""
        start = 0
        for place in [*_breaks(match[2]), len(match[2])]:
            yield match[2][start:place], glue if start == 0 else ""
            start = place


def _breaks(word: str) -> list[int]:
    return [
        place
        for place, (before, after) in enumerate(pairwise(word), 1)
        if 2 in (_columns(before), _columns(after)) and after not in _CLOSING and before not in _OPENING
    ]
