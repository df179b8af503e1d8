from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.wording import Wording
from tasktune.types import MetricInfo

shares = st.floats(0, 1)
thresholds = shares | st.integers(0, 1000).map(lambda n: n / 1000)


@given(value=shares, threshold=thresholds)
def test_met_if_and_only_if_the_value_reaches_the_threshold(value: float, threshold: float) -> None:
    assert Verdict.on("m", value, threshold).met is (value >= threshold)
    assert Verdict.on("m", threshold, threshold).met


@given(value=shares, threshold=st.integers(0, 1000).map(lambda n: n / 1000))
def test_a_judged_score_shows_on_which_side_it_lies(value: float, threshold: float) -> None:
    verdict = Verdict.on("m", value, threshold)
    wording = Wording("en", {})
    shown, target = (float(text.rstrip("%")) for text in (wording.judged(verdict), wording.target(verdict)))
    assert target == pytest.approx(100 * threshold)
    assert shown == pytest.approx(100 * value, abs=0.0500001)
    if abs(value - threshold) > 1e-9:
        assert (shown >= target) is verdict.met


@pytest.mark.parametrize(
    ("value", "threshold", "judged", "target"),
    [
        (0.835, 0.8, "83.5%", "80%"),
        (0.79996, 0.8, "79.996%", "80%"),
        (0.8, 0.8, "80.0%", "80%"),
        (0.7, 0.825, "70.0%", "82.5%"),
        (1.0, 1.0, "100.0%", "100%"),
        (0.0, 0.0, "0.0%", "0%"),
        # 72 points, 90 × 0.8 in floats: 72.00000000000001
        (90 * 0.8 / 100, 0.72, "72.0%", "72%"),
    ],
)
def test_scores_and_targets_as_written(value: float, threshold: float, judged: str, target: str) -> None:
    wording = Wording("en", {})
    verdict = Verdict.on("m", value, threshold)
    assert (wording.judged(verdict), wording.target(verdict)) == (judged, target)


def test_gaps_are_points_or_plain_numbers() -> None:
    wording = Wording("en", {"chrf": MetricInfo(titles={"en": "chrF"}, unit="number")})
    assert wording.gap(Verdict.on("f1", 0.72, 0.8)) == "8.0 percentage points"
    assert wording.gap(Verdict.on("f1", 0.79996, 0.8)) == "0.004 percentage points"
    plain = Verdict.on("chrf", 0.5, 0.75)
    assert (wording.gap(plain), wording.target(plain), wording.judged(plain)) == ("0.25", "0.75", "0.50")


@pytest.mark.parametrize(("language", "title"), [("en", "Score"), ("zh-TW", "分數"), ("ja", "Score")])
def test_metrics_are_called_in_the_language_that_there_is(language: str, title: str) -> None:
    wording = Wording(language, {"m": MetricInfo(titles={"en": "Score", "zh-TW": "分數"})})
    assert wording.title("m") == title
    assert wording.title("unknown_metric") == "unknown_metric"
