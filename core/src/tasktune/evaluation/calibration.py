"""Whether answers that the model finds 80 % probable are right 80 % of the time.

The expected calibration error is that of Guo et al. 2017 (On Calibration of Modern Neural Networks, eq. 3): answers are
put into bins of equal width by their probability, and the distances between each bin's mean probability and its share
of right answers are averaged, weighted by its rows. The Brier score (Brier 1950) is the mean squared distance between
the probability of the given answer and 1 if it is right, 0 if not; both are better when lower, and 0 at best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tasktune.types import Value

BINS = 10

Judged = tuple[float, bool]
"""The probability that the model gives its answer, and whether the answer is right."""


class Bin(Value):
    """The rows whose probability is above ``low`` and at most ``high``: their number, their mean probability, and the
    share of right answers among them."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


class Calibration(Value):
    """How a model's probabilities agree with what is right. ``bins`` are those that have rows, of ``BINS`` in all."""

    rows: int
    ece: float
    brier: float
    bins: tuple[Bin, ...]

    @property
    def confidence(self) -> float:
        """The mean probability."""
        return sum(each.rows * each.confidence for each in self.bins) / self.rows

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return sum(each.rows * each.accuracy for each in self.bins) / self.rows


def calibration(judged: Sequence[Judged], bins: int = BINS) -> Calibration | None:
    """Compare probabilities with what is right; None without a row."""
    if not judged:
        return None
    members: dict[int, list[Judged]] = {}
    for each in judged:
        members.setdefault(_bin_of(each[0], bins), []).append(each)
    found = tuple(
        Bin(
            low=number / bins,
            high=(number + 1) / bins,
            rows=len(some),
            confidence=math.fsum(probability for probability, _right in some) / len(some),
            accuracy=sum(right for _probability, right in some) / len(some),
        )
        for number, some in sorted(members.items())
    )
    return Calibration(
        rows=len(judged),
        ece=sum(each.rows * abs(each.accuracy - each.confidence) for each in found) / len(judged),
        brier=math.fsum((probability - right) ** 2 for probability, right in judged) / len(judged),
        bins=found,
    )


def _bin_of(probability: float, bins: int) -> int:
    """The bin whose upper edge is the first that is not below; what lies on an edge belongs below it."""
    return next((number for number in range(bins - 1) if probability <= (number + 1) / bins), bins - 1)
