"""A document on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasktune.cli import layout

if TYPE_CHECKING:
    from tasktune.evaluation.document import Block

_WIDEST = 40


def as_text(blocks: Sequence[Block]) -> str:
    """The document as wide as the terminal, without its figures."""
    from tasktune.evaluation.document import Bullets, Figure, Heading, Paragraph
    from tasktune.evaluation.markdown import plain, shorten

    columns = layout.terminal_width()
    parts = []
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(plain(block.text))
        elif isinstance(block, Paragraph):
            parts.append(layout.paragraph(plain(block.text), columns))
        elif isinstance(block, Bullets):
            parts.append("\n".join(f"  {plain(item)}" for item in block.items))
        elif not isinstance(block, Figure):
            rows = [[shorten(plain(cell), _WIDEST) for cell in row] for row in block.rows]
            parts.append(layout.table([plain(cell) for cell in block.header], rows))
    return "\n\n".join(parts)
