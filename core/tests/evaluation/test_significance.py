"""Tests of significance against scipy, enumeration and worked cases."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasktune.evaluation.significance import holm, mcnemar, randomisation_p


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test(one: int, other: int) -> None:
    expected = stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(one, other) == pytest.approx(expected)


def test_mcnemar_of_many_rows() -> None:
    assert mcnemar(5_000, 5_200) == pytest.approx(stats.binomtest(5_000, 10_200).pvalue)
    assert mcnemar(0, 5_000) == pytest.approx(0.0)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_the_closed_test_by_bonferroni(ps: list[float]) -> None:
    """Holm's method closes Bonferroni's: a p is adjusted to the largest one of any set of tests that it is in, and of
    the sets with it as their least p the largest counts most."""
    adjusted = holm(ps)
    for p, found in zip(ps, adjusted, strict=True):
        sets = [(sum(other >= least for other in ps), least) for least in ps if least <= p]
        assert found == pytest.approx(max(min(1.0, size * least) for size, least in sets))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_a_randomisation_p_counts_both_sides_and_itself() -> None:
    exchanged = numpy.array([0.1, -0.3, 0.2, numpy.nan, 0.3 - 1e-15])
    assert randomisation_p(exchanged, 0.3) == pytest.approx(3 / 6)
    assert randomisation_p(exchanged, -0.3) == pytest.approx(3 / 6)
    assert randomisation_p(exchanged, 0.0) == 1.0
    assert randomisation_p(exchanged, 0.5) == pytest.approx(1 / 6)
