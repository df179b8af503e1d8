"""Figures of a training as lines in an SVG, drawn without a plotting library; readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from xml.sax.saxutils import escape

from tasktune.evaluation.axes import AXES_STYLE, ticks

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 48
LEGEND = 360
MOST_POINTS = 1000
"""More points than pixels show nothing more: neighbours are averaged."""

Points = Sequence[tuple[int, float]]

_COLOURS = (("#0969da", "#4493f8"), ("#bf8700", "#d29922"))
_STYLE = "\n.line { stroke-width: 1.5; stroke-linejoin: round; fill: none }" + "".join(
    f"\n.curve{number} {{ stroke: {light} }} .point{number} {{ fill: {light} }}\n@media (prefers-color-scheme: dark) "
    f"{{ .curve{number} {{ stroke: {dark} }} .point{number} {{ fill: {dark} }} }}"
    for number, (light, dark) in enumerate(_COLOURS)
)


def curves_svg(curves: Mapping[str, Points], *, title: str, x_label: str, y_label: str) -> str:
    """Lines of (step, value) points, one or two by their names, over axes that start at 0.

    Values that are no finite number leave a gap. Without a finite point the axes stand alone. Two lines have a legend.
    """
    finite = [(step, value) for step, value in chain.from_iterable(curves.values()) if math.isfinite(value)]
    x_ticks = ticks(0, max((step for step, _value in finite), default=1), whole=True)
    y_ticks = ticks(min((0.0, *(value for _step, value in finite))), max((0.0, *(value for _step, value in finite))))

    def x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / x_ticks[-1]

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])

    middle, bottom = (LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{AXES_STYLE}{_STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>',
        *(_legend(list(curves)) if len(curves) > 1 else ()),
        *(f'<path class="grid" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>' for tick in y_ticks),
        *(f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>' for tick in y_ticks),
        *(f'<text x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>' for tick in x_ticks),
        f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text x="14" y="{HEIGHT / 2:.1f}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2:.1f})">'
        f"{escape(y_label)}</text>",
    ]
    for number, points in enumerate(curves.values()):
        for run in _runs(thin(points)):
            if len(run) == 1:
                [(step, value)] = run
                parts.append(f'<circle class="point{number}" cx="{x(step):.1f}" cy="{y(value):.1f}" r="2.5"/>')
            else:
                line = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in run)
                parts.append(f'<polyline class="line curve{number}" points="{line}"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend(names: Sequence[str]) -> list[str]:
    found = []
    for number, name in enumerate(names):
        left = LEGEND + (WIDTH - RIGHT - LEGEND) * number // len(names)
        found.append(f'<path class="line curve{number}" d="M{left} 18h18"/>')
        found.append(f'<text x="{left + 24}" y="22">{escape(name)}</text>')
    return found


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
