"""Probabilities are told in the task's own labels."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tasktune.definition import Task
from tasktune.evaluation.confidence import MOST_LABELS, confidence_in
from tasktune.evaluation.predictions import Confidence, LabelProbability, parse_outputs
from tasktune.inference.probabilities import Measured
from tasktune.types import Record

MakeTask = Callable[..., Task]
SHARES = Measured(logprob=math.log(0.4), tokens=4, choices={0: 0.25, 2: 0.7}, rest=0.05)


def told(task: Task, text: str, measured: Measured, target: str | None = "red") -> Confidence:
    record = Record(id="test.jsonl:1", inputs={"text": "fire"}, target=target)
    [row] = parse_outputs(task, [(record, text)])
    return confidence_in(task, row, measured)


def test_shares_go_by_the_labels_that_choices_mean(make_task: MakeTask) -> None:
    found = told(make_task(), "[blue]", SHARES)
    assert found.probability == 0.7
    assert found.gold == 0.25
    assert found.labels == (
        LabelProbability(value="blue", probability=0.7),
        LabelProbability(value="red", probability=0.25),
    )
    assert (found.logprob, found.tokens, found.rest) == (math.log(0.4), 4, 0.05)


@pytest.mark.parametrize(("text", "probability"), [("[green]", 0.0), ("[mauve]", None), ("no brackets", None)], ids=str)
def test_an_answer_that_is_not_spelled_out_is_told_from_one_outside_the_set(
    make_task: MakeTask, text: str, probability: float | None
) -> None:
    assert told(make_task(), text, SHARES).probability == probability


def test_the_right_answer_has_a_share_only_where_there_is_one(make_task: MakeTask) -> None:
    assert told(make_task(), "[blue]", SHARES, target=None).gold is None
    assert told(make_task(), "[blue]", SHARES, target="green").gold == 0.0


def test_an_open_answer_has_the_probability_of_its_text(make_task: MakeTask) -> None:
    found = told(make_task({"closed": False}), "[blue]", Measured(logprob=math.log(0.4), tokens=4))
    assert found.probability == pytest.approx(0.4)
    assert found.labels == ()
    assert found.gold is None


def test_the_most_probable_labels_are_kept(make_task: MakeTask) -> None:
    labels = tuple(f"shade {number}" for number in range(9))
    shares = {number: (number + 1) / 45 for number in range(9)}
    found = told(make_task({"labels": labels}), "[shade 0]", Measured(logprob=-1.0, tokens=3, choices=shares))
    assert [each.value for each in found.labels] == ["shade 8", "shade 7", "shade 6", "shade 5", "shade 4"]
    assert len(found.labels) == MOST_LABELS
    assert found.probability == pytest.approx(1 / 45)
