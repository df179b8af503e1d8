"""How probable a model finds its answers, told in the task's own values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tasktune.evaluation.predictions import Confidence, LabelProbability
from tasktune.inference.probabilities import Measured
from tasktune.types import Record, Scored

if TYPE_CHECKING:
    from tasktune.definition import Task

MOST_LABELS = 5
"""Labels that a prediction keeps."""


def confidence_in(task: Task, row: Scored, measured: Measured) -> Confidence:
    """What the model's probabilities say of the answer in ``row``; the task type reads the texts of the labels."""
    blind = row.record.model_copy(update={"target": None})
    choices = task.plugin.build_prompt(blind, task.options).choices
    labels: tuple[LabelProbability, ...] = ()
    given: float | None = round(math.exp(measured.logprob), 6)
    gold = None
    if choices is not None:

        def read(number: int) -> Any:
            return task.plugin.parse_output(choices[number], blind, task.options).value

        ranked = sorted(measured.choices.items(), key=lambda item: (-item[1], item[0]))
        labels = tuple(LabelProbability(value=read(number), probability=share) for number, share in ranked)
        given = next((each.probability for each in labels if each.value == row.answer.value), None)
        if given is None and row.answer.value in map(read, range(len(choices))):
            given = 0.0
        gold = _gold(task, row.record, choices, measured)
    return Confidence(
        probability=given,
        logprob=measured.logprob,
        tokens=measured.tokens,
        labels=labels[:MOST_LABELS],
        gold=gold,
        rest=measured.rest,
    )


def _gold(task: Task, record: Record, choices: tuple[str, ...], measured: Measured) -> float | None:
    if record.target is None:
        return None
    completion = task.plugin.build_prompt(record, task.options).completion
    return measured.choices.get(choices.index(completion), 0.0) if completion in choices else None
