"""``predictions.jsonl``: one line per evaluated record, with the model's raw output and the answer parsed from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.types import Answer, Record, Scored, Value
from tasktune.workspace.files import open_atomically

if TYPE_CHECKING:
    from tasktune.definition import Task

FILE_NAME = "predictions.jsonl"
CONSTRAINED = "constrained"
"""The folder of constrained answers beside the free ones that a version is judged by."""


class LabelProbability(Value):
    """An answer out of a closed set, and how probable the model finds it among them."""

    value: Any
    probability: float


class Confidence(Value):
    """How probable the model finds its answer.

    ``probability`` is, for a closed set of answers, the answer's share in the probability of the set, each answer
    counted by its tokens up to where it can be no other; None if the answer is none of them. For open answers it is the
    probability of the very text. ``logprob`` is the natural logarithm of the probability of the text as it was written,
    the sum over its ``tokens``, end of turn included. ``labels`` are the most probable answers of a closed set,
    ``gold`` is the share of the right one. Answers that are not spelled out, the most improbable, count as 0; they have
    a share of ``rest`` at most, all of them together.
    """

    probability: float | None
    logprob: float
    tokens: int
    labels: tuple[LabelProbability, ...] = ()
    gold: float | None = None
    rest: float = 0.0


class Prediction(Value):
    """One record and what the model made of it.

    ``correct`` says whether the parsed answer equals the target exactly; None for a record without a target.
    ``confidence`` is None where the model's probabilities are not known. ``abstained`` says of an answer to new rows
    whether it is too improbable to be given, if the version has a threshold for that.
    """

    id: str
    inputs: Mapping[str, Any]
    target: Any = None
    output: str
    answer: Answer
    correct: bool | None = None
    confidence: Confidence | None = None
    abstained: bool | None = None

    @classmethod
    def of(cls, row: Scored, confidence: Confidence | None = None, abstained: bool | None = None) -> Prediction:
        """The prediction in a scored row."""
        record, answer = row.record, row.answer
        return cls(
            id=record.id,
            inputs=record.inputs,
            target=record.target,
            output=row.output,
            answer=answer,
            correct=is_correct(row),
            confidence=confidence,
            abstained=abstained,
        )

    @property
    def record(self) -> Record:
        """The record that the model was asked about, with its target."""
        return Record(id=self.id, inputs=self.inputs, target=self.target)


def is_correct(row: Scored) -> bool | None:
    """Whether the parsed answer equals the target; None without a target."""
    return None if row.record.target is None else row.answer.parsed and bool(row.answer.value == row.record.target)


def parse_outputs(task: Task, rows: Iterable[tuple[Record, str]]) -> Iterator[Scored]:
    """Records with raw outputs as scored rows, streamed; the task type reads the outputs."""
    for record, output in rows:
        answer = task.plugin.parse_output(output, record, task.options)
        yield Scored(record=record, output=output, answer=answer)


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> int:
    """Write predictions as they come and return their number; ``path`` appears when all of them are written."""
    count = 0
    with open_atomically(path) as file:
        for prediction in predictions:
            file.write(_line(prediction) + "\n")
            count += 1
    return count


def read_predictions(path: Path) -> Iterator[Prediction]:
    """The predictions in a file, streamed.

    :raises InputError: there is no such file, or a line of it (the first such is named) is not a prediction.
    """
    try:
        file = path.open(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(_("{file} does not exist", file=path), hint=_("make it with tune evaluate")) from error
    with file:
        for number, line in enumerate(file, start=1):
            try:
                yield Prediction.model_validate(json.loads(line))
            except (ValidationError, json.JSONDecodeError) as error:
                why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.msg
                problem = Problem(
                    _("not a prediction: {why}", why=why),
                    hint=_("delete the file and run tune evaluate again"),
                ).at(path, number)
                raise InputError("", problems=[problem]) from error


def _line(prediction: Prediction) -> str:
    try:
        return prediction.model_dump_json()
    except PydanticSerializationError:
        # Half a surrogate pair can stand in a data row as \ud83d; UTF-8 has no bytes for it, JSON an escape.
        return json.dumps(prediction.model_dump(), ensure_ascii=True)
