"""Counts as horizontal bars in an SVG: how rows are spread over classes or lengths, split by split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from tasktune.evaluation.axes import AXES_STYLE, ticks

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 640, 150, 64, 64, 28
BAR, STEP = 14, 22
LONGEST_NAME = 18
"""Longer names are cut; the whole name is the bar's tooltip."""

Bars = Sequence[tuple[str, Mapping[str, int]]]

_COLOURS = ("#0969da", "#bf8700", "#8250df")
_STYLE = "".join(f"\n.part{number} {{ fill: {colour} }}" for number, colour in enumerate(_COLOURS))


def bars_svg(bars: Bars, *, title: str) -> str:
    """A bar for each (name, counts), in order: the counts of its parts one after another, their sum at its end.

    A part has one colour in all bars; the legend names the parts, at most three, in their order of appearance.
    """
    parts = list(dict.fromkeys(part for _name, counts in bars for part in counts))
    marks = ticks(0, max((sum(counts.values()) for _name, counts in bars), default=1), whole=True)
    height = TOP + STEP * len(bars) + BOTTOM
    scale = (WIDTH - LEFT - RIGHT) / marks[-1]
    bottom = height - BOTTOM + 4
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{AXES_STYLE}{_STYLE}</style>",
        f'<text class="title" x="16" y="22">{escape(title)}</text>',
        *_legend(parts),
    ]
    for mark in marks:
        x = LEFT + scale * mark
        lines.append(f'<path class="grid" d="M{x:.1f} {TOP - 6}V{bottom}"/>')
        lines.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{mark:,.0f}</text>')
    for number, (name, counts) in enumerate(bars):
        lines += _bar(name, counts, parts, TOP + STEP * number, scale)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _legend(parts: Sequence[str]) -> list[str]:
    found = []
    for number, part in enumerate(parts):
        x = 16 + 90 * number
        found.append(f'<rect class="part{number}" x="{x}" y="34" width="{BAR}" height="{BAR}"/>')
        found.append(f'<text x="{x + BAR + 6}" y="45">{escape(part)}</text>')
    return found


def _bar(name: str, counts: Mapping[str, int], parts: Sequence[str], y: int, scale: float) -> list[str]:
    # XML has no way to write control characters.
    name = "".join(character if character.isprintable() else "\ufffd" for character in name)
    shown = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    told = ", ".join(f"{part} {counts[part]:,}" for part in parts if part in counts)
    found = [f'<text x="{LEFT - 8}" y="{y + BAR - 3}" text-anchor="end">{escape(shown)}</text>', "<g>"]
    found.append(f"<title>{escape(f'{name}: {told}')}</title>")
    start = float(LEFT)
    for number, part in enumerate(parts):
        long = scale * counts.get(part, 0)
        if long:
            found.append(f'<rect class="part{number}" x="{start:.1f}" y="{y}" width="{long:.1f}" height="{BAR}"/>')
        start += long
    found.append("</g>")
    found.append(f'<text x="{start + 6:.1f}" y="{y + BAR - 3}">{sum(counts.values()):,}</text>')
    return found
