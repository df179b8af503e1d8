"""What a learning curve says, of points that were made up: laws with known answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from xml.etree import ElementTree

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.evaluation.document import as_html, as_markdown
from tasktune.evaluation.wording import Wording
from tasktune.improve.learning_curve.curve_svg import HEIGHT, WIDTH, curve_svg
from tasktune.improve.learning_curve.power_law import fit
from tasktune.improve.learning_curve.report import blocks_of, verdict
from tasktune.improve.learning_curve.subsets import growing_order, sizes_of
from tasktune.improve.learning_curve.verdict import FURTHEST, LearningCurve, Point, judge, sizes
from tasktune.types import MetricInfo

SIZES = (100, 200, 400, 700, 1000)
METRICS = {"accuracy": MetricInfo(titles={"en": "Accuracy", "zh-TW": "準確率"})}


def points(
    law: Callable[[int], float], *, noise: float = 0.0, seeds: int = 3, of: tuple[int, ...] = SIZES, half: float = 0.001
) -> list[Point]:
    """Scores of a law with normal noise; ``half`` is half of their intervals."""
    dice = numpy.random.default_rng(seeds * 7 + round(noise * 1e4))
    found = []
    for rows in of:
        for seed in range(seeds):
            score = law(rows) + noise * float(dice.standard_normal())
            found.append(Point(rows=rows, seed=seed, score=score, low=score - half, high=score + half))
    return found


def falling(rows: int) -> float:
    """0.80 with a thousand rows, 0.85 with 2,250, at most 0.95."""
    return 1 - (4.74341649 * rows**-0.5 + 0.05)


def curve(made: list[Point], target: float) -> LearningCurve:
    forecast, said = judge(made, target, seed=42)
    return LearningCurve(
        task_name="toys",
        metric="accuracy",
        target=target,
        rows=max(point.rows for point in made),
        seeds=tuple(sorted({point.seed for point in made})),
        points=tuple(made),
        sizes=sizes(made),
        forecast=forecast,
        verdict=said,
    )


@given(st.lists(st.integers(0, 4), min_size=1, max_size=300), st.integers(0, 2**32 - 1))
def test_every_beginning_of_the_order_is_stratified(strata: list[int], seed: int) -> None:
    order = growing_order(strata, seed)
    assert sorted(order) == list(range(len(strata)))
    assert order == growing_order(strata, seed)
    whole = Counter(strata)
    for size in range(1, len(strata) + 1):
        part = Counter(strata[place] for place in order[:size])
        for stratum, count in whole.items():
            share = count * size / len(strata)
            assert abs(part[stratum] - share) <= 1 + count * len(whole) / len(strata)


def test_seeds_order_the_rows_differently_and_sizes_are_whole() -> None:
    strata = ["a", "b"] * 50
    assert growing_order(strata, 1) != growing_order(strata, 2)
    assert sizes_of(300, [1, 0.1, 0.5, 0.5, 0.0001]) == [2, 30, 150, 300]


@given(st.floats(0.01, 0.3), st.floats(0.05, 0.6), st.floats(0, 0.2))
def test_a_law_without_noise_is_found(a: float, b: float, c: float) -> None:
    rows = numpy.array(SIZES, dtype=float)
    errors = a * (rows / 1000) ** -b + c
    laws = fit(rows, errors[None, :])
    assert 1 - laws.scores(rows)[0] == pytest.approx(errors, rel=0.01, abs=0.001)
    # Within the points and a little beyond: far beyond, laws that fit alike part.
    [beyond] = laws.scores(numpy.array([1500.0]))[0]
    assert 1 - beyond == pytest.approx(a * 1.5**-b + c, rel=0.05, abs=0.01)
    target = (1 - errors[1] + 1 - errors[2]) / 2
    between = a * (laws.rows_to(numpy.array([target]))[0] / 1000) ** -b + c
    assert between == pytest.approx(1 - target, rel=0.02, abs=0.002)


def test_no_law_rises_with_the_rows_and_none_passes_one() -> None:
    rows = numpy.array(SIZES, dtype=float)
    laws = fit(rows, numpy.array([[0.1, 0.2, 0.3, 0.4, 0.5], [0.4, 0.1, 0.05, 0.0, 0.0]]))
    scores = laws.scores(numpy.array([100.0, 1000.0, 1e9]))
    assert (numpy.diff(scores, axis=1) >= 0).all()
    assert (scores <= 1).all()
    assert laws.rows_to(numpy.array([0.9, 1.0]))[0] == numpy.inf


def test_the_rows_that_the_target_needs() -> None:
    said = curve(points(falling, noise=0.002, seeds=5), 0.85)
    assert said.verdict.answer == "rows"
    assert said.verdict.needed is not None
    low, middle, high = said.verdict.needed.low, said.verdict.needed.middle, said.verdict.needed.high
    assert low is not None
    assert middle is not None
    assert high is not None
    needed = (4.74341649 / 0.10) ** 2
    assert low < needed < high
    assert middle == pytest.approx(needed, rel=0.2)
    told = verdict(said, Wording("en", METRICS))
    assert "with 1,000 rows; the target 85.0% needs about 2," in told
    assert told.endswith("and there are 1,000.")


def test_a_curve_of_a_part_of_the_rows_says_so() -> None:
    said = curve(points(falling, noise=0.002, seeds=5), 0.85).model_copy(update={"rows": 5_000})
    told = verdict(said, Wording("en", METRICS))
    assert "with 1,000 rows" in told
    assert told.endswith("and there are 5,000.")
    text = as_markdown(blocks_of(said, Wording("en", METRICS)))
    assert "on up to 1,000 of 5,000 rows" in text
    assert "| 1,500 |" in text


def test_what_is_reached_is_reached() -> None:
    said = curve(points(falling, noise=0.002), 0.75)
    assert said.verdict.answer == "reached"
    assert "is reached" in verdict(said, Wording("en", METRICS))


def test_rows_alone_do_not_lift_a_flat_curve() -> None:
    said = curve(points(lambda rows: 0.7 - 20 / rows**1.2, noise=0.002), 0.9)
    assert said.verdict.answer == "not by rows"
    assert said.verdict.needed is not None
    assert said.verdict.needed.high is None
    assert f"{FURTHEST} times as many would not reach" in verdict(said, Wording("en", METRICS))


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (points(falling, noise=0.06), "wide"),
        (points(falling, noise=0.002, half=0.15), "wide"),
        (points(falling, seeds=9, of=SIZES[:3]), "few points"),
        (points(falling, seeds=1), "few points"),
    ],
    ids=["noise", "few test rows", "three sizes", "five points"],
)
def test_what_cannot_be_said_is_not_said(made: list[Point], why: str) -> None:
    said = curve(made, 0.9)
    assert (said.verdict.answer, said.verdict.why) == ("cannot say", why)
    assert "cannot be said" in verdict(said, Wording("en", METRICS))


def test_the_range_holds_the_truth_mostly() -> None:
    """Of forty curves with the same law and other noise, the middle 90 % of the bootstrap hold the law's own score of
    twice the rows thirty times or more: laws that bend differently beyond the points are a part of the range."""
    dice = numpy.random.default_rng(0)
    held = 0
    for _curve in range(40):
        made = [
            point.model_copy(update={"score": point.score + 0.01 * float(dice.standard_normal())})
            for point in points(falling)
        ]
        forecast, _said = judge(made, 0.95, seed=42)
        assert forecast is not None
        told = forecast.scores[2000]
        assert told.low is not None
        assert told.high is not None
        held += told.low <= falling(2000) <= told.high
    assert held >= 30


def test_the_same_points_give_the_same_answer() -> None:
    made = points(falling, noise=0.02)
    assert curve(made, 0.9) == curve(made, 0.9)


@pytest.mark.parametrize("language", ["en", "zh-TW"])
@pytest.mark.parametrize("target", [0.75, 0.85, 0.99])
def test_the_report_has_every_size_the_picture_and_the_verdict(language: str, target: float) -> None:
    said = curve(points(falling, noise=0.005), target)
    wording = Wording(language, METRICS)
    blocks = blocks_of(said.model_copy(update={"fixed_steps": 10}), wording)
    text, page = as_markdown(blocks), as_html(blocks, language)
    assert "](curve.svg)" in text
    assert "<svg" in page
    assert verdict(said, wording).split()[0] in text
    assert "training.max" in text
    for rows in (*SIZES, 2_000, 10_000):
        assert f"| {rows:,} |" in text
    svg = ElementTree.fromstring(curve_svg(said, wording))
    dots = list(svg.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(dots) == 15
    assert all(0 <= float(dot.attrib["cx"]) <= WIDTH and 0 <= float(dot.attrib["cy"]) <= HEIGHT for dot in dots)


def test_a_curve_survives_json() -> None:
    said = curve(points(falling, noise=0.005), 0.85)
    assert LearningCurve.model_validate_json(said.model_dump_json()) == said
