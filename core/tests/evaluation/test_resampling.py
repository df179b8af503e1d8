"""Samples by sums are samples of rows: against enumeration of all of them, scipy, and scoring each."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasktune.evaluation.intervals import LEVEL, Interval, interval_of, intervals
from tasktune.evaluation.resampling import SummedRows, samples_of
from tasktune.evaluation.sample_size import about, rows_to_tell
from tasktune.evaluation.score import score
from tasktune.sums import SampledMetrics, Sums, only_where, share
from tasktune.types import Record

Make = Callable[..., Any]
Rows = list[tuple[Record, str]]
DRAWS = 4_000


def accuracy(sums: Sums) -> SampledMetrics:
    return SampledMetrics(values={"accuracy": share(sums["right"], sums["rows"])})


def summed(*systems: Sequence[float]) -> SummedRows:
    return SummedRows([[{"rows": 1, "right": right} for right in rows] for rows in systems], accuracy)


def rng(seed: int = 0) -> numpy.random.Generator:
    return numpy.random.default_rng(seed)


@given(st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=30))
def test_the_metrics_of_all_rows_are_theirs(rights: list[float]) -> None:
    assert summed(rights).metrics(0).values["accuracy"] == pytest.approx([numpy.mean(rights)])


@given(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=1, max_size=30), st.data())
def test_the_metrics_of_parts_are_theirs(rights: list[float], data: st.DataObject) -> None:
    part = st.lists(st.sampled_from(range(len(rights))), min_size=1, unique=True)
    parts = data.draw(st.lists(part, min_size=1, max_size=4))
    found = summed(rights).parts(0, parts).values["accuracy"]
    assert found == pytest.approx([numpy.mean([rights[row] for row in part]) for part in parts])


@pytest.mark.parametrize("kinds", [2, 40], ids=["few kinds of rows", "every row another kind"])
def test_an_interval_is_that_of_scipy(kinds: int) -> None:
    rights = numpy.arange(100) % kinds / (kinds - 1)
    [drawn] = summed(rights.tolist()).bootstrap(DRAWS, rng())
    ours = interval_of(drawn.values["accuracy"], float(rights.mean()), 100)
    theirs = stats.bootstrap(
        (rights,), numpy.mean, confidence_level=LEVEL, n_resamples=DRAWS, method="percentile", rng=rng(1)
    ).confidence_interval
    assert ours is not None
    # Five standard errors of a simulated end are 0.012 here, and an accuracy moves by 0.01.
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.022)


def test_systems_are_drawn_on_the_same_rows() -> None:
    first, second = summed([1, 0, 1, 0, 1], [1, 0, 1, 0, 1]).bootstrap(50, rng())
    assert numpy.array_equal(first.values["accuracy"], second.values["accuracy"])
    first, second = summed([1, 0, 1, 0, 1], [0, 1, 0, 1, 0]).bootstrap(50, rng())
    assert first.values["accuracy"] + second.values["accuracy"] == pytest.approx(numpy.ones(50))


def test_an_exchange_has_the_chances_of_all_exchanges() -> None:
    one, other = [1, 1, 1, 0, 1, 0.5], [0, 0, 1, 0, 0, 0.25]
    differences = []
    for sides in itertools.product((0, 1), repeat=len(one)):
        pairs = [(a, b) if side else (b, a) for a, b, side in zip(one, other, sides, strict=True)]
        differences.append(sum(a - b for a, b in pairs) / len(one))
    first, second = summed(one, other).exchange(0, 1, DRAWS, rng())
    drawn = first.values["accuracy"] - second.values["accuracy"]
    for value in set(differences):
        expected = differences.count(value) / len(differences)
        found = float(numpy.mean(numpy.isclose(drawn, value)))
        assert found == pytest.approx(expected, abs=5 * (expected / DRAWS) ** 0.5)


def test_the_same_answers_have_nothing_to_exchange() -> None:
    first, second = summed([1, 0, 1], [1, 0, 1]).exchange(0, 1, 10, rng())
    assert (first.values["accuracy"] == 2 / 3).all()
    assert (second.values["accuracy"] == 2 / 3).all()


def test_many_draws_are_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = summed([1, 0, 1, 0.5], [0, 0, 1, 1])
    whole = rows.exchange(0, 1, 100, rng())[0].values["accuracy"]
    monkeypatch.setattr("tasktune.evaluation.resampling._CELLS", 8)
    parts = rows.exchange(0, 1, 100, rng())[0].values["accuracy"]
    assert len(parts) == len(whole) == 100
    assert len(rows.bootstrap(7, rng())[0].values["accuracy"]) == 7
    assert set(parts) <= set(whole)


def test_without_sums_every_sample_is_scored(make_task: Make, rows: Rows) -> None:
    task = make_task()
    made = score(task, rows)
    assert made.intervals is not None
    assert (made.intervals.resamples, made.intervals.rows, made.intervals.seed) == (2_000, 10, 42)
    within = made.intervals.values["accuracy"]
    exact = stats.binom.ppf([0.025, 0.975], 10, 0.6) / 10
    assert (within.low, within.high) == pytest.approx(tuple(exact), abs=0.101)
    assert made.intervals.per_class["red"]["f1"] == Interval(low=0.5, high=0.5)
    assert "support" not in made.intervals.per_class["red"]
    assert score(task, rows).intervals == made.intervals
    assert score(make_task(training={"seed": 7}), rows).intervals != made.intervals


def test_fewer_samples_of_many_rows_are_scored(make_task: Make) -> None:
    from tasktune.types import Answer, Scored

    row = Scored(record=Record(id="t:1", inputs={}, target="red"), output="", answer=Answer(value="red"))
    task = make_task()
    assert samples_of(task, [[row] * 1_000], [None]).affordable(2_000) == 500
    assert samples_of(task, [[row] * 100_000], [None]).affordable(2_000) == 100
    few = [row] * 3
    within = intervals(samples_of(task, [few], [None]), task.plugin.compute_metrics(few, task.options), seed=1)
    assert within.values["accuracy"].low == pytest.approx(0.025 ** (1 / 3))
    one, other = samples_of(task, [few, few], [None, None]).exchange(0, 1, 5, rng())
    assert one.values["accuracy"].tolist() == other.values["accuracy"].tolist() == [1.0] * 5


@pytest.mark.parametrize("rows", [1, 20, 300])
def test_no_mistake_in_the_sample_is_not_no_mistake_at_all(rows: int) -> None:
    exact = stats.binomtest(rows, rows).proportion_ci(LEVEL, method="exact")
    perfect = interval_of(numpy.ones(50), 1.0, rows)
    assert perfect is not None
    assert (perfect.low, perfect.high) == pytest.approx((exact.low, 1.0))
    nothing = interval_of(numpy.zeros(50), 0.0, rows)
    assert nothing is not None
    assert (nothing.low, nothing.high) == pytest.approx((0.0, 1 - exact.low))


def test_a_class_that_most_samples_lack_has_no_interval() -> None:
    drawn = only_where(numpy.arange(10) < 4, numpy.linspace(0, 1, 10))
    assert interval_of(drawn, 0.5, 10) is None
    assert interval_of(only_where(numpy.arange(10) < 5, numpy.linspace(0, 1, 10)), 0.3, 10) is not None


def test_how_many_rows_tell_a_score_from_a_target() -> None:
    within = Interval(low=0.76, high=0.90)
    assert rows_to_tell(0.84, 0.80, within, 100) == 400  # half of the interval is twice the gap: four times the rows
    assert rows_to_tell(0.84, 0.87, within, 100) == 400
    assert rows_to_tell(0.84, 0.50, within, 100) == 100
    assert rows_to_tell(0.84, 0.84, within, 100) is None


@pytest.mark.parametrize(("rows", "said"), [(40, "40"), (99, "99"), (1_513, "1,500"), (17_158, "17,000")])
def test_an_estimate_is_said_no_finer_than_it_is_known(rows: int, said: str) -> None:
    assert about(rows) == said


def test_a_small_test_set_is_warned_of(make_task: Make, rows: Rows) -> None:
    [found] = [f for f in score(make_task(), rows).findings if f.code == "test-set-too-small"]
    assert found.severity == "warning"
    assert (
        "10 rows of test cannot tell whether the target 75% is met: Accuracy is 60.0% (30.0% to 90.0%)" in found.message
    )
    assert found.evidence["needed"] == 40
    assert "about 40 rows could" in found.message
    at_it = score(make_task(success_criteria={"threshold": 0.6}), rows, split="valid").findings
    [found] = [f for f in at_it if f.code == "test-set-too-small"]
    assert "Accuracy is 60.0% (30.0% to 90.0%), the target itself" in found.message
    assert found.actions[0].title == "add rows to valid"
    many = score(make_task(), rows * 40).findings
    assert "test-set-too-small" not in [f.code for f in many]
