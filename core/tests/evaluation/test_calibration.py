"""Calibration against scikit-learn and a computation by hand, and the plot of it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.evaluation.calibration import BINS, Calibration, calibration
from tasktune.evaluation.reliability_svg import reliability_svg

JUDGED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def measured(judged: list[tuple[float, bool]]) -> Calibration:
    found = calibration(judged)
    assert found is not None
    return found


@given(JUDGED)
def test_bins_and_scores_are_those_of_scikit_learn(judged: list[tuple[float, bool]]) -> None:
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import brier_score_loss

    probabilities, right = [p for p, _right in judged], [int(each) for _p, each in judged]
    found = measured(judged)
    accuracy, confidence = calibration_curve(right, probabilities, n_bins=BINS, strategy="uniform")
    assert [each.accuracy for each in found.bins] == pytest.approx(list(accuracy))
    assert [each.confidence for each in found.bins] == pytest.approx(list(confidence))
    assert found.brier == pytest.approx(brier_score_loss(right, probabilities, labels=[0, 1]))


@given(JUDGED)
def test_the_error_is_the_sum_of_gaps(judged: list[tuple[float, bool]]) -> None:
    found = measured(judged)
    # Σ_m |Σ_{i in m} (right_i - p_i)| / n, without a mean of any bin.
    gaps = dict.fromkeys(range(BINS), 0.0)
    for probability, right in judged:
        [inside] = [m for m in range(BINS) if (m / BINS < probability or m == 0) and probability <= (m + 1) / BINS]
        gaps[inside] += right - probability
    assert found.ece == pytest.approx(sum(map(abs, gaps.values())) / len(judged))
    assert sum(each.rows for each in found.bins) == found.rows == len(judged)
    assert found.accuracy == pytest.approx(sum(right for _p, right in judged) / len(judged))
    assert found.confidence == pytest.approx(sum(p for p, _right in judged) / len(judged))


def test_sure_and_right_is_perfect_and_sure_and_wrong_is_worst() -> None:
    assert (measured([(1.0, True)] * 3).ece, measured([(1.0, True)] * 3).brier) == (0.0, 0.0)
    assert (measured([(1.0, False)] * 3).ece, measured([(1.0, False)] * 3).brier) == (1.0, 1.0)
    assert calibration([]) is None


def test_a_probability_on_an_edge_belongs_to_the_bin_below() -> None:
    [only] = measured([(0.1, True)]).bins
    assert (only.low, only.high) == (0.0, 0.1)


def test_the_plot_has_a_bar_for_each_bin() -> None:
    found = measured([(0.15, False), (0.95, True), (0.91, True), (0.99, False)])
    svg = reliability_svg(found, title="a < b", x_label="x & y", y_label="right")
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    bars = root.findall(f"{space}rect")
    assert [bar.findtext(f"{space}title") for bar in bars] == [
        "10%–20%: 15.0% → 0.0% (1)",
        "90%–100%: 95.0% → 66.7% (3)",
    ]
    assert [float(bar.attrib["height"]) for bar in bars] == [0.0, pytest.approx(312 * 2 / 3, abs=0.1)]
    assert root.findtext(f"{space}title") == "a < b"
