"""The task type ``open`` for a test: it needs no options, since the client's examples give none."""

from __future__ import annotations

from collections.abc import Sequence

from tasktune.hookspecs import CONTRACT, hookimpl
from tasktune.types import Answer, Message, MetricInfo, Metrics, Prompt, Record, Scored, TaskOptions, TaskTypeInfo


class OpenOptions(TaskOptions):
    """Options that the examples of the docs use."""

    kind: str = "general"
    labels: tuple[str, ...] = ()


@hookimpl
def plugin_info() -> TaskTypeInfo:
    return TaskTypeInfo(
        contract=CONTRACT,
        summary="repeats the text",
        options=OpenOptions,
        target_field="label",
        examples=(Record(id="open:1", inputs={"text": "a"}, target="a"),),
        example_options={},
        primary_metric="macro_f1",
        suggested_threshold=0.8,
        metrics={"macro_f1": MetricInfo(titles={"en": "Macro-F1"})},
    )


@hookimpl
def build_prompt(record: Record) -> Prompt:
    return Prompt(messages=(Message(role="user", content=record.inputs["text"]),), completion=record.target)


@hookimpl
def parse_output(text: str) -> Answer:
    return Answer(value=text)


@hookimpl
def compute_metrics(rows: Sequence[Scored]) -> Metrics:
    right = sum(row.answer.value == row.record.target for row in rows)
    return Metrics(primary="macro_f1", values={"macro_f1": right / max(len(rows), 1)})
