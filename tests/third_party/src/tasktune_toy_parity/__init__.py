"""A toy task type: is a number even or odd? The model answers with the bare word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasktune import hookimpl
from tasktune.errors import Problem, RecordError
from tasktune.types import (
    Answer,
    Message,
    MetricInfo,
    Metrics,
    Prompt,
    Record,
    Scored,
    TaskOptions,
    TaskTypeInfo,
)

ANSWERS = ("even", "odd")


class ParityOptions(TaskOptions):
    """``question`` is asked about every number."""

    question: str = "Is this number even or odd?"


@hookimpl
def plugin_info() -> TaskTypeInfo:
    return TaskTypeInfo(
        contract=1,
        summary="Even or odd: a toy by a third party",
        options=ParityOptions,
        target_field="parity",
        examples=(
            Record(id="example:1", inputs={"number": 4}, target="even"),
            Record(id="example:2", inputs={"number": 7}, target="odd"),
        ),
        example_options={},
        primary_metric="accuracy",
        suggested_threshold=0.9,
        metrics={"accuracy": MetricInfo(titles={"en": "Accuracy", "zh-TW": "準確率"})},
    )


@hookimpl
def read_record(row: Mapping[str, Any], record_id: str) -> Record:
    problems = []
    number, parity = row.get("number"), row.get("parity")
    if not isinstance(number, int) or isinstance(number, bool):
        problems.append(Problem("must be a whole number", path="number"))
    if parity is not None and parity not in ANSWERS:
        problems.append(Problem("must be even or odd", path="parity"))
    if problems:
        raise RecordError(*problems)
    return Record(id=record_id, inputs={"number": number}, target=parity)


@hookimpl
def target_classes(record: Record) -> Sequence[str]:
    return [record.target]


@hookimpl
def build_prompt(record: Record, options: ParityOptions) -> Prompt:
    if "number" not in record.inputs:
        raise RecordError(Problem("is missing", path="number"))
    return Prompt(
        messages=(
            Message(role="system", content=options.question),
            Message(role="user", content=str(record.inputs["number"])),
        ),
        completion=record.target,
        choices=ANSWERS,
    )


@hookimpl
def parse_output(text: str) -> Answer:
    word = text.strip()
    return Answer(value=word) if word in ANSWERS else Answer(error="neither even nor odd")


@hookimpl
def compute_metrics(rows: Sequence[Scored]) -> Metrics:
    right = sum(row.answer.parsed and row.answer.value == row.record.target for row in rows)
    return Metrics(primary="accuracy", values={"accuracy": right / len(rows) if rows else 0.0})
