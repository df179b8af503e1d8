"""What a learning curve says of the target: reached, so many more rows, not by rows alone, or that it cannot say.

All points were scored on the same test rows, whose luck lifts or lowers the whole curve. So each curve of the bootstrap
is held against a target of its own, which lies as far off as that luck does: normally distributed, with the standard
error that the confidence interval of the score with all rows has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist, fmean, stdev
from typing import Literal

from tasktune.evaluation.intervals import LEVEL
from tasktune.improve.learning_curve.power_law import PARAMETERS, Laws, PowerLaw, bootstrap
from tasktune.types import Value

DRAWS = 1_000
FURTHEST = 10
"""Times as many rows as there are, beyond which nothing is said: the curve has not been seen there."""
SURE = 0.95
"""Share of the curves that has to agree."""
FEWEST_SIZES, FEWEST_POINTS = 4, PARAMETERS + 3
"""A law of three parameters goes through three sizes whatever they score."""
TAIL = 0.05
"""The ends of what is said of rows and scores: the middle 90 % of the curves."""

Answer = Literal["reached", "rows", "not by rows", "cannot say"]


class Point(Value):
    """The score of a model trained on ``rows`` rows with ``seed``, and the ends of its confidence interval."""

    rows: int
    seed: int
    score: float
    low: float
    high: float


class Size(Value):
    """The scores of one number of rows: their mean and, of several, their standard deviation."""

    rows: int
    scores: Mapping[int, float]
    mean: float
    deviation: float | None


class Range(Value):
    """A middle value with the ends of the middle 90 %; None: more than ten times the rows there are."""

    low: float | None
    middle: float | None
    high: float | None


class Verdict(Value):
    """What the curve says. ``chance`` is the share of the curves that reach the target within ten times the rows;
    ``needed`` are the rows that they need for it. ``why`` it cannot say, if it cannot."""

    answer: Answer
    chance: float | None = None
    needed: Range | None = None
    why: Literal["few points", "wide"] | None = None


class Forecast(Value):
    """The law, and what its curves say of numbers of rows, seen and unseen: the score's middle and ends."""

    law: PowerLaw
    scores: Mapping[int, Range]


class LearningCurve(Value):
    """A metric by the number of training rows. ``rows`` are all that there are; ``overlays`` were laid over the
    definition; ``fixed_steps``: training ends after so many steps, however many rows there are."""

    task_name: str
    metric: str
    target: float
    rows: int
    seeds: tuple[int, ...]
    fixed_steps: int | None = None
    points: tuple[Point, ...]
    sizes: tuple[Size, ...]
    forecast: Forecast | None
    verdict: Verdict

    @property
    def most(self) -> int:
        """The most rows that were trained on, which may be fewer than there are."""
        return self.sizes[-1].rows


def sizes(points: Sequence[Point]) -> tuple[Size, ...]:
    """The points by their number of rows, fewest first."""
    found = []
    for rows in sorted({point.rows for point in points}):
        scores = {point.seed: point.score for point in points if point.rows == rows}
        values = list(scores.values())
        spread = stdev(values) if len(values) > 1 else None
        found.append(Size(rows=rows, scores=scores, mean=fmean(values), deviation=spread))
    return tuple(found)


def judge(points: Sequence[Point], target: float, *, seed: int) -> tuple[Forecast | None, Verdict]:
    """Fit and extrapolate. The same points and seed give the same answer."""
    import numpy

    by_size = sizes(points)
    reached = by_size[-1].mean >= target
    if len(by_size) < FEWEST_SIZES or len(points) < FEWEST_POINTS:
        return None, Verdict(answer="reached") if reached else Verdict(answer="cannot say", why="few points")
    rng = numpy.random.default_rng(seed)
    rows = numpy.array([float(point.rows) for point in points])
    laws = bootstrap(rows, numpy.array([1 - point.score for point in points]), DRAWS, rng)
    most = by_size[-1].rows
    forecast = Forecast(law=laws.first, scores=_scores(laws, [*(each.rows for each in by_size), *_beyond(most)]))
    if reached:
        return forecast, Verdict(answer="reached")
    widths = [point.high - point.low for point in points if point.rows == most]
    deviation = fmean(widths) / 2 / NormalDist().inv_cdf((1 + LEVEL) / 2)
    needed = laws.rows_to(target + deviation * rng.standard_normal(len(laws.parameters)))
    chance = float((needed <= FURTHEST * most).mean())
    ends = numpy.quantile(needed, [TAIL, 0.5, 1 - TAIL], method="inverted_cdf")
    low, middle, high = (float(end) if end <= FURTHEST * most else None for end in ends)
    told = Range(low=low, middle=middle, high=high)
    if chance >= SURE:
        return forecast, Verdict(answer="rows", chance=chance, needed=told)
    if chance <= 1 - SURE:
        return forecast, Verdict(answer="not by rows", chance=chance, needed=told)
    return forecast, Verdict(answer="cannot say", chance=chance, needed=told, why="wide")


def _beyond(most: int) -> list[int]:
    return [round(most * times) for times in (1.5, 2, 3, 5, 7, FURTHEST)]


def _scores(laws: Laws, rows: Sequence[int]) -> dict[int, Range]:
    import numpy

    told = numpy.quantile(laws.scores(numpy.array(rows, dtype=float)), [TAIL, 0.5, 1 - TAIL], axis=0)
    return {
        each: Range(low=float(low), middle=float(middle), high=float(high))
        for each, low, middle, high in zip(rows, *told, strict=True)
    }
