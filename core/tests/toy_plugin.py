"""The task type ``toy``, which the fixture ``toy_task_type`` installs for a test.

It puts a text into one of the classes of ``options.classes``. Rows: ``{"text": "…", "label": "…"}``; an answer is
``{"label": "…"}``. Metrics: ``accuracy`` (primary, 0.5 suggested), ``parsed`` and ``wrong`` (lower is better).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from tasktune.errors import Problem, RecordError
from tasktune.hookspecs import CONTRACT, hookimpl
from tasktune.sums import SampledMetrics, Sums, share
from tasktune.types import (
    Answer,
    Baseline,
    Message,
    MetricInfo,
    Metrics,
    Prompt,
    Record,
    Scored,
    TaskOptions,
    TaskTypeInfo,
)


class ToyOptions(TaskOptions):
    """Options of the toy task type."""

    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    """The classes."""
    shout: bool = False
    """Ask in capitals."""
    weight: Annotated[float, Field(gt=0)] = 1.0


@hookimpl
def plugin_info() -> TaskTypeInfo:
    return TaskTypeInfo(
        contract=CONTRACT,
        summary="one of a few classes, for tests",
        options=ToyOptions,
        target_field="label",
        examples=(
            Record(id="toy:1", inputs={"text": "good"}, target="yes"),
            Record(id="toy:2", inputs={"text": "bad"}, target="no"),
        ),
        example_options={"classes": ["yes", "no"]},
        primary_metric="accuracy",
        suggested_threshold=0.5,
        metrics={
            "accuracy": MetricInfo(titles={"en": "Accuracy", "zh-TW": "準確率"}),
            "parsed": MetricInfo(titles={"en": "Parsed", "zh-TW": "可解析率"}),
            "wrong": MetricInfo(titles={"en": "Wrong", "zh-TW": "錯誤率"}, higher_is_better=False),
        },
    )


@hookimpl
def read_record(row: Mapping[str, Any], record_id: str, options: ToyOptions) -> Record:
    problems = []
    if not isinstance(row.get("text"), str):
        problems.append(Problem("missing", hint="add it", path="text"))
    label = row.get("label")
    if label is not None and label not in options.classes:
        problems.append(Problem(f"{label!r} is not a class", hint=", ".join(options.classes), path="label"))
    if problems:
        raise RecordError(*problems)
    return Record(id=record_id, inputs={k: v for k, v in row.items() if k != "label"}, target=label)


@hookimpl
def target_classes(record: Record) -> Sequence[str]:
    return (record.target,)


@hookimpl
def build_prompt(record: Record, options: ToyOptions) -> Prompt:
    system = options.system_prompt or f"Answer with one of: {', '.join(options.classes)}."
    user = (options.input_template or "{text}").replace("{text}", record.inputs["text"])
    answers = {label: json.dumps({"label": label}, ensure_ascii=False) for label in options.classes}
    return Prompt(
        messages=(
            Message(role="system", content=system.upper() if options.shout else system),
            Message(role="user", content=user),
        ),
        completion=None if record.target is None else answers[record.target],
        answer_schema={"type": "object", "properties": {"label": {"enum": list(options.classes)}}},
        choices=tuple(answers.values()),
    )


@hookimpl
def parse_output(text: str, options: ToyOptions) -> Answer:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return Answer(error="not JSON")
    label = answer.get("label") if isinstance(answer, dict) else None
    if label not in options.classes:
        return Answer(error="no class")
    return Answer(value=label)


@hookimpl
def compute_metrics(rows: Sequence[Scored]) -> Metrics:
    count = max(len(rows), 1)
    right = sum(row.answer.parsed and row.answer.value == row.record.target for row in rows)
    parsed = sum(row.answer.parsed for row in rows)
    return Metrics(
        primary="accuracy",
        values={"accuracy": right / count, "parsed": parsed / count, "wrong": (len(rows) - right) / count},
    )


@hookimpl
def row_statistics(row: Scored) -> Mapping[str, float]:
    right = row.answer.parsed and row.answer.value == row.record.target
    return {"rows": 1, "right": right, "parsed": row.answer.parsed}


@hookimpl
def metrics_of_sums(sums: Sums) -> SampledMetrics:
    right, parsed, rows = sums["right"], sums["parsed"], sums["rows"]
    shares = {"accuracy": share(right, rows), "parsed": share(parsed, rows), "wrong": share(rows - right, rows)}
    return SampledMetrics(values=shares)


@hookimpl
def baselines(train: Sequence[Record], test: Sequence[Record]) -> Sequence[Baseline]:
    counts = Counter(record.target for record in train if record.target is not None)
    most = min(counts, key=lambda label: (-counts[label], label), default=None)
    answer = Answer(error="no training rows") if most is None else Answer(value=most)
    return (Baseline(name="majority", answers=tuple(answer for _ in test)),)
