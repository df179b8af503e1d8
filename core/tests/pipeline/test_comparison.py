"""Laws of comparing two runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasktune.evaluation.predictions import Prediction
from tasktune.pipeline.comparison import (
    MOST_EXAMPLES,
    MetricPair,
    compare_curves,
    compare_predictions,
    level_of,
)
from tasktune.types import Answer

OUTPUTS = st.lists(st.sampled_from(["yes", "no", ""]), max_size=60)
CURVES = st.dictionaries(st.integers(1, 9), st.floats(0, 10), max_size=6)


def answers(outputs: list[str]) -> list[Prediction]:
    return [
        Prediction(id=f"data/test.jsonl:{number}", inputs={}, output=output, answer=Answer(value=output))
        for number, output in enumerate(outputs, 1)
    ]


@given(OUTPUTS, OUTPUTS)
def test_answers_differ_where_their_texts_do(one: list[str], other: list[str]) -> None:
    found = compare_predictions(answers(one), answers(other))
    longest = max(len(one), len(other))
    expected = [
        f"data/test.jsonl:{number + 1}"
        for number in range(longest)
        if number >= min(len(one), len(other)) or one[number] != other[number]
    ]
    assert (found.rows, found.different) == (longest, len(expected))
    assert list(found.record_ids) == expected[:MOST_EXAMPLES]
    assert found == compare_predictions(answers(other), answers(one))


@given(OUTPUTS)
def test_nothing_differs_from_itself(outputs: list[str]) -> None:
    assert compare_predictions(answers(outputs), answers(outputs)).different == 0


def test_another_row_with_the_same_answer_is_another() -> None:
    moved = [each.model_copy(update={"id": "data/test.jsonl:9"}) for each in answers(["yes"])]
    assert compare_predictions(answers(["yes"]), moved).different == 1


@given(CURVES, CURVES)
def test_the_largest_difference_is_the_largest_at_its_step(one: dict[int, float], other: dict[int, float]) -> None:
    found = compare_curves(one, other)
    both = one.keys() & other.keys()
    assert found.steps == len(both)
    assert found.unmatched == len(one) + len(other) - 2 * len(both)
    if not both:
        assert (found.largest, found.at_step) == (None, None)
        return
    assert found.at_step is not None
    assert found.largest == abs(one[found.at_step] - other[found.at_step])
    assert all(abs(one[step] - other[step]) <= found.largest for step in both)
    assert compare_curves(one, one).largest in (None, 0)


@given(st.booleans(), st.booleans(), st.booleans())
def test_a_level_asks_for_all_that_lies_below_it(weights: bool, predictions: bool, metrics: bool) -> None:
    level = level_of(weights=weights, predictions=predictions, metrics=metrics)
    assert (level == "different") is not (predictions and metrics)
    assert (level == "identical") is (weights and predictions and metrics)


def test_a_metric_of_one_side_has_no_difference() -> None:
    assert MetricPair(name="f1", then=0.5, now=None).difference is None
    assert MetricPair(name="f1", then=0.5, now=0.75).difference == 0.25
