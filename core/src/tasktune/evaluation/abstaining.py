"""From which probability on an answer is taken, and what is then left for a person.

The threshold is chosen on validation rows and applied to test rows, which have no part in choosing it. Answering only
where one is sure enough, and counting what that costs, is selective prediction (El-Yaniv and Wiener 2010, On the
Foundations of Noise-free Selective Classification): coverage is the share of rows that are answered, precision the
share of right answers among these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tasktune.types import Value

Judged = tuple[float | None, bool]
"""The probability that the model gives its answer, None if there is none, and whether the answer is right."""


class Kept(Value):
    """What comes of a threshold on some rows: how many there are, are answered, and are answered rightly."""

    rows: int
    answered: int
    right: int

    @property
    def coverage(self) -> float:
        return self.answered / self.rows if self.rows else 0.0

    @property
    def precision(self) -> float:
        """The share of right answers among those that are given; 0 without any."""
        return self.right / self.answered if self.answered else 0.0


class Abstaining(Value):
    """A threshold, what it was chosen for, and what comes of it.

    ``target`` is ``target_precision`` or ``coverage`` and its ``wanted`` value. Answers with a probability of
    ``threshold`` and more are given; None: no threshold reaches the target on the validation rows, so nothing is.
    ``metrics`` are the task's own on the test rows that are answered.
    """

    target: str
    wanted: float
    threshold: float | None
    valid: Kept
    test: Kept
    metrics: Mapping[str, float] = {}


def threshold_for(judged: Sequence[Judged], *, target_precision: float | None, coverage: float | None) -> float | None:
    """The lowest threshold that reaches ``target_precision``; or the highest one with at least this ``coverage``.

    None if there is none. Answers without a probability are never given.
    """
    ranked = sorted(((p, right) for p, right in judged if p is not None), reverse=True)
    best = None
    right = 0
    for place, (probability, is_right) in enumerate(ranked):
        right += is_right
        if place + 1 < len(ranked) and ranked[place + 1][0] == probability:
            continue  # a threshold does not part rows that are alike
        if coverage is not None and place + 1 >= math.ceil(coverage * len(judged) - 1e-9):
            return probability
        if target_precision is not None and right >= target_precision * (place + 1) - 1e-9:
            best = probability
    return best


def kept(judged: Sequence[Judged], threshold: float | None) -> Kept:
    """What comes of a threshold."""
    given = [right for p, right in judged if is_given(p, threshold)]
    return Kept(rows=len(judged), answered=len(given), right=sum(given))


def is_given(probability: float | None, threshold: float | None) -> bool:
    """Whether an answer of this probability is given, and not left to a person."""
    return probability is not None and threshold is not None and probability >= threshold
