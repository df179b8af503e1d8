"""Right answers against the probability that the model gave them, bin by bin, as an SVG."""

from __future__ import annotations

from xml.sax.saxutils import escape

from tasktune.evaluation.axes import AXES_STYLE, ticks
from tasktune.evaluation.calibration import Calibration

WIDTH, HEIGHT = 400, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 40, 48
_STYLE = """
.reliable { fill: #0969da; fill-opacity: .75 }
.diagonal { stroke: #bf8700; stroke-width: 1.5; stroke-dasharray: 5 4; fill: none }
@media (prefers-color-scheme: dark) { .reliable { fill: #4493f8 } .diagonal { stroke: #d29922 } }"""


def reliability_svg(found: Calibration, *, title: str, x_label: str, y_label: str) -> str:
    """A bar for each bin, as high as its share of right answers; on the dashed line they would be as often right as the
    model says. A bar's tooltip has its numbers."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    bottom, end = HEIGHT - BOTTOM, WIDTH - RIGHT
    middle = (LEFT + end) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{AXES_STYLE}{_STYLE}</style>",
        f'<text class="title" x="16" y="22">{escape(title)}</text>',
    ]
    for tick in ticks(0, 1):
        x, y = LEFT + width * tick, bottom - height * tick
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{end}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.0%}</text>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:.0%}</text>')
    for each in found.bins:
        x, tall, wide = LEFT + width * each.low + 1, height * each.accuracy, width * (each.high - each.low) - 2
        told = f"{each.low:.0%}–{each.high:.0%}: {each.confidence:.1%} → {each.accuracy:.1%} ({each.rows:,})"
        parts.append(
            f'<rect class="reliable" x="{x:.1f}" y="{bottom - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}">'
            f"<title>{escape(told)}</title></rect>"
        )
    parts += [
        f'<path class="diagonal" d="M{LEFT} {bottom}L{end} {TOP}"/>',
        f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text x="14" y="{HEIGHT / 2:.1f}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2:.1f})">'
        f"{escape(y_label)}</text>",
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"
