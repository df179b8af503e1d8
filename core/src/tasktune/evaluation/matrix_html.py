"""A confusion matrix as an HTML table, coloured; a click on a cell shows its predictions."""

from __future__ import annotations

import html

from tasktune.evaluation.page import text
from tasktune.evaluation.wording import Wording
from tasktune.types import Confusion

LARGEST = 100
"""Labels up to which the matrix is shown whole."""
MOST_UPRIGHT = 8
"""Columns whose names stand upright; more are turned."""


def matrix_html(confusion: Confusion | None, wording: Wording) -> str:
    """The matrix, gold by row and predicted by column, each cell coloured by its share of the row; empty without
    labels, and with more than a hundred."""
    if confusion is None or not 0 < len(confusion.rows) <= LARGEST:
        return ""
    names = (wording.say("Gold ＼ predicted"), *confusion.columns)
    lines = ["<tr>" + "".join(f'<th scope="col">{text(name)}</th>' for name in names) + "</tr>"]
    for gold, counts in zip(confusion.rows, confusion.counts, strict=True):
        total = sum(counts)
        cells = (_cell(gold, said, count, total) for said, count in zip(confusion.columns, counts, strict=True))
        lines.append(f'<tr><th scope="row">{text(gold)}</th>{"".join(cells)}</tr>')
    kind = "scroll heat many" if len(confusion.columns) > MOST_UPRIGHT else "scroll heat"
    note = wording.say("Colour: the share of the row. A click on a number shows its predictions.")
    rows = "\n".join(lines)
    return f'<p>{text(note)}</p>\n<div class="{kind}" tabindex="0"><table>{rows}</table></div>'


def _cell(gold: str, said: str, count: int, total: int) -> str:
    if not count:
        return "<td></td>"
    names = f'data-gold="{html.escape(gold)}" data-said="{html.escape(said)}"'
    label = text(f"{gold} → {said}: {count:,}")
    button = f'<button type="button" {names} aria-label="{label}">{count:,}</button>'
    kind = "right" if gold == said else "wrong"
    return f'<td class="{kind}" style="--share:{count / total:.3f}">{button}</td>'
