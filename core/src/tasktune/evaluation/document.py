"""A document of headings, paragraphs, lists, tables and figures, written as Markdown or as one HTML file.

All text is plain text: each way of writing escapes it, so that nothing from data or models becomes markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tasktune.evaluation import markdown
from tasktune.evaluation.page import page, text


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the document's title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of points."""

    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table; columns from ``numbers_from`` on are aligned to the right."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers_from: int | None = None


@dataclass(frozen=True)
class Figure:
    """A picture: an ``svg`` of ours, which Markdown finds under ``path`` beside the document, and HTML has in it."""

    title: str
    path: str
    svg: str


Block: TypeAlias = Heading | Paragraph | Bullets | Table | Figure


def as_markdown(blocks: Sequence[Block]) -> str:
    """The document as Markdown."""
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def as_html(blocks: Sequence[Block], language: str) -> str:
    """The document as one HTML file that needs no other. The first heading is its title."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    return page(title, "\n".join(map(_html, blocks)), language)


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return "#" * block.level + " " + markdown.escape(block.text)
    if isinstance(block, Paragraph):
        return markdown.escape(block.text)
    if isinstance(block, Bullets):
        return "\n".join(f"- {markdown.escape(item)}" for item in block.items)
    if isinstance(block, Figure):
        return f"![{markdown.escape(block.title)}]({block.path})"
    header, *rows = ([markdown.escape(cell) for cell in cells] for cells in (block.header, *block.rows))
    return markdown.table(header, rows, numbers_from=block.numbers_from)


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{text(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p>{text(block.text)}</p>"
    if isinstance(block, Bullets):
        return "<ul>\n" + "\n".join(f"<li>{text(item)}</li>" for item in block.items) + "\n</ul>"
    if isinstance(block, Figure):
        return f'<div class="scroll">{block.svg}</div>'
    right = len(block.header) if block.numbers_from is None else block.numbers_from
    lines = [_line(block.header, "th", right), *(_line(row, "td", right) for row in block.rows)]
    return '<div class="scroll"><table>\n' + "\n".join(lines) + "\n</table></div>"


def _line(cells: Sequence[str], tag: str, right: int) -> str:
    marks = ('class="number"' if number >= right else "" for number in range(len(cells)))
    written = (f"<{f'{tag} {mark}'.strip()}>{text(cell)}</{tag}>" for cell, mark in zip(cells, marks, strict=True))
    return "<tr>" + "".join(written) + "</tr>"
