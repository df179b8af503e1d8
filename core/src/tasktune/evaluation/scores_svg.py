"""Scores with their confidence intervals in an SVG: a dot and a line each, narrow enough for a phone."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tasktune.evaluation.axes import AXES_STYLE, ticks
from tasktune.evaluation.markdown import plain

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 420, 132, 56, 44, 28
STEP, RADIUS = 24, 5
WIDEST_NAME = 18
"""Wider names (a Chinese character is two wide) are cut; the whole name is the dot's tooltip."""

_STYLE = """
.reach { stroke: #0969da; stroke-width: 2; stroke-opacity: .45 }
.score { fill: #0969da }
.weak { fill: #cf222e }
.target { stroke: #1a7f37; stroke-width: 1.5; stroke-dasharray: 5 4 }
@media (prefers-color-scheme: dark) {
  .reach { stroke: #4493f8 } .score { fill: #4493f8 } .weak { fill: #f85149 } .target { stroke: #3fb950 }
}"""


@dataclass(frozen=True)
class Score:
    """A score with a name, the ends of its interval if it has one, and whether it stands out as ``weak``."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    weak: bool = False


def scores_svg(
    scores: Sequence[Score], *, title: str, shown: Callable[[float], str], target: float | None = None
) -> str:
    """A line for each score, in order, over an axis from 0 (or the lowest) to 1 (or the highest).

    ``shown`` writes a value; ``target`` is a dashed line across all.
    """
    ends = [end for each in scores for end in (each.value, each.low, each.high, target) if end is not None]
    marks = ticks(min([0.0, *ends]), max([1.0, *ends]))
    height = TOP + STEP * len(scores) + BOTTOM
    bottom = height - BOTTOM

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - marks[0]) / (marks[-1] - marks[0])

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(plain(title))}</title><style>{AXES_STYLE}{_STYLE}</style>",
        f'<text class="title" x="16" y="22">{escape(plain(title))}</text>',
    ]
    for mark in marks:
        lines.append(f'<path class="grid" d="M{x(mark):.1f} {TOP - 6}V{bottom}"/>')
        lines.append(
            f'<text x="{x(mark):.1f}" y="{bottom + 18}" text-anchor="middle">{escape(_axis(mark, shown))}</text>'
        )
    if target is not None:
        lines.append(f'<path class="target" d="M{x(target):.1f} {TOP - 6}V{bottom}"/>')
    for number, each in enumerate(scores):
        lines += _line(each, TOP + STEP * number + STEP / 2, x, shown)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _line(each: Score, y: float, x: Callable[[float], float], shown: Callable[[float], str]) -> list[str]:
    name = plain(each.name)
    told = f"{name}: {shown(each.value)}"
    found = [f'<text x="{LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(_cut(name))}</text>']
    furthest = each.value
    if each.low is not None and each.high is not None:
        told += f" ({shown(each.low)} – {shown(each.high)})"
        found.append(f'<path class="reach" d="M{x(each.low):.1f} {y:.1f}H{x(each.high):.1f}"/>')
        furthest = each.high
    kind = "weak" if each.weak else "score"
    dot = f'<circle class="{kind}" cx="{x(each.value):.1f}" cy="{y:.1f}" r="{RADIUS}"/>'
    found.append(f"<g><title>{escape(told)}</title>{dot}</g>")
    found.append(f'<text x="{x(furthest) + RADIUS + 4:.1f}" y="{y + 4:.1f}">{escape(shown(each.value))}</text>')
    return found


def _cut(name: str) -> str:
    widths = itertools.accumulate(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in name)
    fits = sum(width <= WIDEST_NAME for width in widths)
    return name if fits == len(name) else name[: fits - 1] + "…"


def _axis(mark: float, shown: Callable[[float], str]) -> str:
    """A round number on the axis needs no digits behind a point that are zeros."""
    head, _point, rest = shown(mark).partition(".")
    digits = rest.rstrip("%")
    return shown(mark) if digits.strip("0") else head + rest[len(digits) :]
