"""A toy task type, three labels in brackets such as ``[red]``, and tasks of it."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tasktune
from tasktune.definition import Task, TaskSpec
from tasktune.definition.tree import Node, Place
from tasktune.plugins import TaskType
from tasktune.types import (
    Action,
    Answer,
    Baseline,
    Confusion,
    Finding,
    MetricInfo,
    Metrics,
    Prompt,
    Record,
    Scored,
    TaskOptions,
    TaskTypeInfo,
)

UNPARSED = "(none)"


class ToyOptions(TaskOptions):
    labels: tuple[str, ...] = ("red", "green", "blue")
    closed: bool = True
    metrics: dict[str, float] | None = None
    short_baseline: bool = False
    findings: tuple[Finding, ...] = ()


INFO = TaskTypeInfo(
    contract=1,
    summary="labels in brackets",
    options=ToyOptions,
    target_field="colour",
    examples=(Record(id="x:1", inputs={"text": "fire"}, target="red"),),
    example_options={},
    primary_metric="accuracy",
    suggested_threshold=0.75,
    metrics={
        "accuracy": MetricInfo(titles={"en": "Accuracy", "zh-TW": "準確率"}),
        "error_rate": MetricInfo(titles={"en": "Error rate", "zh-TW": "錯誤率"}, higher_is_better=False),
        "length": MetricInfo(titles={"en": "Answer length"}, unit="number"),
    },
)


def plugin_info() -> TaskTypeInfo:
    return INFO


def build_prompt(record: Record, options: Any) -> Prompt:
    completion = None if record.target is None else f"[{record.target}]"
    choices = tuple(f"[{label}]" for label in options.labels) if options.closed else None
    return Prompt(messages=(), completion=completion, choices=choices)


def parse_output(text: str, record: Record, options: Any) -> Answer:
    assert record.target is None
    if text.startswith("[") and text.endswith("]"):
        return Answer(value=text[1:-1])
    return Answer(error="no brackets")


def target_classes(record: Record, options: Any) -> Sequence[str]:
    return (record.target,)


def compute_metrics(rows: Sequence[Scored], options: Any) -> Metrics:
    if options.metrics is not None:
        return Metrics(primary="accuracy", values=options.metrics)
    labels = options.labels
    cells = Counter((r.record.target, r.answer.value if r.answer.parsed else UNPARSED) for r in rows)
    golds = Counter(row.record.target for row in rows)
    accuracy = sum(cells[label, label] for label in labels) / len(rows) if rows else 0.0
    columns = (*labels, UNPARSED)
    return Metrics(
        primary="accuracy",
        values={"accuracy": accuracy, "error_rate": 1 - accuracy, "length": 2.5, "extra": 0.125},
        per_class={
            label: {
                "f1": 0.5,
                "recall": cells[label, label] / golds[label] if golds[label] else 0.0,
                "support": golds[label],
            }
            for label in labels
        },
        confusion=Confusion(
            rows=labels,
            columns=columns,
            counts=tuple(tuple(cells[gold, column] for column in columns) for gold in labels),
        ),
    )


def baselines(train: Sequence[Record], test: Sequence[Record], options: Any) -> Sequence[Baseline]:
    assert all(record.target is None for record in test)
    [(label, _count)] = Counter(record.target for record in train).most_common(1)
    return [Baseline(name="majority", answers=(Answer(value=label),) * (len(test) - options.short_baseline))]


def diagnose(rows: Sequence[Scored], metrics: Metrics, context: Any, options: Any) -> list[Finding]:
    seen = Finding(
        code="seen",
        severity="info",
        message="what the plugin was shown",
        evidence=context.model_dump(mode="json"),
        actions=(Action(title="look", expected_effect="insight", effort="high", patch={"options.a": ["x"]}),),
    )
    return [seen, *options.findings]


def _toy() -> TaskType:
    module = ModuleType("toy")
    hooks = (plugin_info, build_prompt, parse_output, target_classes, compute_metrics, baselines, diagnose)
    for hook in hooks:
        setattr(module, hook.__name__, tasktune.hookimpl(hook))
    return TaskType("toy", "tasktune-toy 1.0", module)


@pytest.fixture
def make_task() -> Callable[..., Task]:
    """Make a task of the toy type: keys of task.yaml, and the toy's own options."""

    def make(options: dict[str, Any] | None = None, **keys: Any) -> Task:
        return Task(
            spec=TaskSpec.model_validate({"task_name": "colours", "task_type": "toy", "language": "en", **keys}),
            plugin=_toy(),
            options=ToyOptions(**(options or {})),
            file=Path("task.yaml"),
            folder=Path(),
            source=Node({}, Place("task.yaml")),
        )

    return make


@pytest.fixture
def rows() -> list[tuple[Record, str]]:
    """Ten rows: six right, two wrong in the same way, one wrong otherwise, one unreadable."""
    golds = ["red"] * 4 + ["green"] * 3 + ["blue"] * 3
    outputs = ["[red]"] * 4 + ["[green]", "[blue]", "[blue]"] + ["[blue]", "[mauve]", "a | b\n`c`"]
    return [
        (Record(id=f"test.jsonl:{n}", inputs={"text": f"thing {n}"}, target=gold), output)
        for n, (gold, output) in enumerate(zip(golds, outputs, strict=True), start=1)
    ]


@pytest.fixture
def train() -> list[Record]:
    labels = ["red"] * 3 + ["green"] * 2 + ["blue"]
    return [Record(id=f"train.jsonl:{n}", inputs={"text": "x"}, target=label) for n, label in enumerate(labels, 1)]


@pytest.fixture
def today() -> datetime.date:
    return datetime.date(2026, 11, 20)
