"""A learning curve as an SVG: the score over the number of training rows, on a logarithmic axis."""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

from tasktune.evaluation.axes import AXES_STYLE, ticks
from tasktune.evaluation.markdown import plain
from tasktune.evaluation.wording import Wording
from tasktune.improve.learning_curve.verdict import LearningCurve

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 44, 52
_STYLE = """
.law { stroke: #0969da; stroke-width: 1.5; fill: none }
.beyond { stroke-dasharray: 4 4 }
.reach { fill: #0969da; fill-opacity: .15 }
.run { fill: #0969da }
.target { stroke: #1a7f37; stroke-width: 1.5; stroke-dasharray: 5 4 }
@media (prefers-color-scheme: dark) {
  .law { stroke: #4493f8 } .reach { fill: #4493f8 } .run { fill: #4493f8 } .target { stroke: #3fb950 }
}"""


def curve_svg(curve: LearningCurve, wording: Wording) -> str:
    """A dot for each training; the law through them, dashed where no model was trained, in the band of the middle 90 %;
    and the target."""
    scores = {} if curve.forecast is None else curve.forecast.scores
    first, last = curve.sizes[0].rows, max([curve.most, *scores])
    shown = [curve.target, *(point.score for point in curve.points)]
    shown += [end for each in scores.values() for end in (each.low, each.high) if end is not None]
    marks = ticks(max(0.0, min(shown)), min(1.0, max(shown)))

    def x(rows: float) -> float:
        span = math.log(last / first) or 1.0
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(rows / first) / span

    def y(score: float) -> float:
        inside = min(max(score, marks[0]), marks[-1])
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (inside - marks[0]) / (marks[-1] - marks[0])

    metric = plain(wording.title(curve.metric))
    title = wording.say("{metric} by training rows", metric=metric)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{AXES_STYLE}{_STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>',
    ]
    for mark in marks:
        lines.append(f'<path class="grid" d="M{LEFT} {y(mark):.1f}H{WIDTH - RIGHT}"/>')
        value = escape(wording.value(curve.metric, mark, digits=0 if wording.is_share(curve.metric) else None))
        lines.append(f'<text x="{LEFT - 8}" y="{y(mark) + 4:.1f}" text-anchor="end">{value}</text>')
    written = -math.inf
    for rows in dict.fromkeys([*(each.rows for each in curve.sizes), *scores]):
        # Numbers that would run into each other are left out.
        if x(rows) - written > 42:
            lines.append(f'<text x="{x(rows):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{rows:,}</text>')
            written = x(rows)
    middle = (LEFT + WIDTH - RIGHT) / 2
    lines.append(
        f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{escape(wording.say("Training rows"))}</text>'
    )
    if scores:
        upper = [f"{x(rows):.1f},{y(each.high or 0.0):.1f}" for rows, each in scores.items()]
        lower = [f"{x(rows):.1f},{y(each.low or 0.0):.1f}" for rows, each in scores.items()]
        lines.append(f'<polygon class="reach" points="{" ".join([*upper, *reversed(lower)])}"/>')
        seen = {rows: each for rows, each in scores.items() if rows <= curve.most}
        unseen = {rows: each for rows, each in scores.items() if rows >= curve.most}
        for part, kind in ((seen, "law"), (unseen, "law beyond")):
            places = " ".join(f"{x(rows):.1f},{y(each.middle or 0.0):.1f}" for rows, each in part.items())
            lines.append(f'<polyline class="{kind}" points="{places}"/>')
    target = escape(wording.say("target"))
    lines.append(f'<path class="target" d="M{LEFT} {y(curve.target):.1f}H{WIDTH - RIGHT}"/>')
    lines.append(f'<text x="{LEFT + 4}" y="{y(curve.target) - 6:.1f}">{target}</text>')
    for point in curve.points:
        told = escape(f"{point.rows:,}: {wording.value(curve.metric, point.score)}")
        dot = f'<circle class="run" cx="{x(point.rows):.1f}" cy="{y(point.score):.1f}" r="3.5"/>'
        lines.append(f"<g><title>{told}</title>{dot}</g>")
    return "\n".join([*lines, "</svg>"]) + "\n"
