"""Whether two systems differ on the same rows by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasktune.sums import Array

ALPHA = 0.05
"""A difference with a p below this is taken for one."""
_LAST_DIGITS = 1e-12


def mcnemar(only_one: int, only_other: int) -> float:
    """Two-sided p of McNemar's test: rows that one of two systems alone answers rightly, against the other's.

    Exact, by the binomial distribution with even chances (Q. McNemar, 1947, Psychometrika 12; exact as in B. S.
    Everitt, The Analysis of Contingency Tables, 1977, section 2.4). Rows that both answer alike say nothing.
    """
    rows = only_one + only_other
    ways = tail = 1
    for count in range(1, min(only_one, only_other) + 1):
        ways = ways * (rows - count + 1) // count
        tail += ways
    # A quotient of whole numbers, which no number of rows is too large for.
    return float(min(Fraction(1), Fraction(2 * tail, 2**rows)))


def randomisation_p(exchanged: Array, difference: float) -> float:
    """Two-sided p of a difference of a metric, by its values after exchanges of the systems' answers.

    Approximate randomisation (E. W. Noreen, Computer-Intensive Methods for Testing Hypotheses, 1989; for F-scores A.
    Yeh, COLING 2000): if the systems were alike, each row's answers could as well have come from the other one. The
    observed exchange counts as one more, so that p is never 0. NaN, a class that an exchange lacks, counts as no
    difference.
    """
    import numpy

    as_large = numpy.abs(numpy.nan_to_num(exchanged)) >= abs(difference) - _LAST_DIGITS
    return float((1 + as_large.sum()) / (1 + len(exchanged)))


def holm(ps: Sequence[float]) -> list[float]:
    """The ps of several tests, adjusted so that one false alarm in all of them is as rare as in a single test.

    S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979, Scandinavian Journal of Statistics 6.
    """
    adjusted = [1.0] * len(ps)
    least = 0.0
    for rank, number in enumerate(sorted(range(len(ps)), key=lambda number: ps[number])):
        least = max(least, min(1.0, (len(ps) - rank) * ps[number]))
        adjusted[number] = least
    return adjusted
