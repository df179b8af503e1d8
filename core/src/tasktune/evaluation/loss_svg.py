"""The training loss as an SVG, drawn without a plotting library; readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from tasktune.evaluation.axes import AXES_STYLE, ticks

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 48
MOST_POINTS = 1000
"""More points than pixels show nothing more: neighbours are averaged."""

_STYLE = """
.loss { stroke: #0969da; stroke-width: 1.5; stroke-linejoin: round; fill: none }
.point { fill: #0969da }
@media (prefers-color-scheme: dark) { .loss { stroke: #4493f8 } .point { fill: #4493f8 } }"""


def loss_svg(points: Sequence[tuple[int, float]], *, title: str, x_label: str, y_label: str) -> str:
    """A line of (step, loss) points over axes that start at 0. Losses that are no finite number leave a gap.

    Without a finite point the axes stand alone.
    """
    finite = [(step, loss) for step, loss in points if math.isfinite(loss)]
    x_ticks = ticks(0, max((step for step, _loss in finite), default=1), whole=True)
    y_ticks = ticks(min((0.0, *(loss for _step, loss in finite))), max((0.0, *(loss for _step, loss in finite))))

    def x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / x_ticks[-1]

    def y(loss: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (loss - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])

    middle, bottom = (LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{AXES_STYLE}{_STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>',
        *(f'<path class="grid" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>' for tick in y_ticks),
        *(f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>' for tick in y_ticks),
        *(f'<text x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>' for tick in x_ticks),
        f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text x="14" y="{HEIGHT / 2:.1f}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2:.1f})">'
        f"{escape(y_label)}</text>",
    ]
    for run in _runs(thin(points)):
        if len(run) == 1:
            [(step, loss)] = run
            parts.append(f'<circle class="point" cx="{x(step):.1f}" cy="{y(loss):.1f}" r="2.5"/>')
        else:
            line = " ".join(f"{x(step):.1f},{y(loss):.1f}" for step, loss in run)
            parts.append(f'<polyline class="loss" points="{line}"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def thin(points: Sequence[tuple[int, float]], most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """At most ``most`` points: equal stretches of the curve, each replaced by its mean."""
    if len(points) <= most:
        return [(float(step), loss) for step, loss in points]
    size = math.ceil(len(points) / most)
    stretches = (points[start : start + size] for start in range(0, len(points), size))
    return [
        (sum(step for step, _loss in stretch) / len(stretch), sum(loss for _step, loss in stretch) / len(stretch))
        for stretch in stretches
    ]


def _runs(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """The stretches of points with a finite loss."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if math.isfinite(point[1]):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
