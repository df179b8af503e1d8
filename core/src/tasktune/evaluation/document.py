"""A document of headings, paragraphs, lists and tables, written as Markdown or as one HTML file.

All text is plain text: each way of writing escapes it, so that nothing from data or models becomes markup.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tasktune.evaluation import markdown

# No script can run and nothing is loaded, whatever the text is.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, "Noto Sans TC", sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


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


Block: TypeAlias = Heading | Paragraph | Bullets | Table


def as_markdown(blocks: Sequence[Block]) -> str:
    """The document as Markdown."""
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def as_html(blocks: Sequence[Block], language: str) -> str:
    """The document as one HTML file that needs no other. The first heading is its title."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>"
    )
    body = "\n".join(map(_html, blocks))
    return (
        f'<!DOCTYPE html>\n<html lang="{_text(language)}">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return "#" * block.level + " " + markdown.escape(block.text)
    if isinstance(block, Paragraph):
        return markdown.escape(block.text)
    if isinstance(block, Bullets):
        return "\n".join(f"- {markdown.escape(item)}" for item in block.items)
    header, *rows = ([markdown.escape(cell) for cell in cells] for cells in (block.header, *block.rows))
    return markdown.table(header, rows, numbers_from=block.numbers_from)


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_text(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p>{_text(block.text)}</p>"
    if isinstance(block, Bullets):
        return "<ul>\n" + "\n".join(f"<li>{_text(item)}</li>" for item in block.items) + "\n</ul>"
    right = len(block.header) if block.numbers_from is None else block.numbers_from
    lines = [_line(block.header, "th", right), *(_line(row, "td", right) for row in block.rows)]
    return "<div><table>\n" + "\n".join(lines) + "\n</table></div>"


def _line(cells: Sequence[str], tag: str, right: int) -> str:
    marks = ('class="number"' if number >= right else "" for number in range(len(cells)))
    written = (f"<{f'{tag} {mark}'.strip()}>{_text(cell)}</{tag}>" for cell, mark in zip(cells, marks, strict=True))
    return "<tr>" + "".join(written) + "</tr>"


def _text(text: str) -> str:
    return html.escape(markdown.plain(text))
