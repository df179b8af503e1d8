"""The hooks of the task type ``classification``, each handed on to the module that does the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from tasktune.hookspecs import CONTRACT, hookimpl
from tasktune.sums import SampledMetrics, Sums
from tasktune.types import (
    Answer,
    Baseline,
    Finding,
    Metrics,
    Mistake,
    Prompt,
    Proposal,
    Record,
    Remark,
    RunContext,
    Scored,
    TaskTypeInfo,
)
from tasktune_classification import baselines as baselines_
from tasktune_classification import diagnose as diagnose_
from tasktune_classification import metrics, parse, prompt, setup, wording
from tasktune_classification.labels import FIELD
from tasktune_classification.options import ClassificationOptions

_EXAMPLES = (
    ("台積電營收創新高，聯電則不如預期", "台積電", "半導體景氣", "正面"),
    ("台積電營收創新高，聯電則不如預期", "聯電", "半導體景氣", "負面"),
    ("鴻海將於下週三召開股東會", "鴻海", "股東會", "中立"),
    ("長榮調降運價，市場看淡下半年獲利", "長榮", "航運景氣", "負面"),
    ("國泰金獲利成長兩成，股利優於去年", "國泰金", "金融股", "正面"),
    ("央行宣布利率維持不變", "央行", "升息", "中立"),
)


@hookimpl
def plugin_info() -> TaskTypeInfo:
    return TaskTypeInfo(
        contract=CONTRACT,
        summary="One label per row: sentiment, entity sentiment, stance, intent, topic",
        options=ClassificationOptions,
        target_field=FIELD,
        examples=tuple(
            Record(id=f"example:{number}", inputs={"text": text, "entity": entity, "topic": topic}, target=label)
            for number, (text, entity, topic, label) in enumerate(_EXAMPLES, start=1)
        ),
        example_options={"kind": "entity-sentiment", "labels": ["正面", "負面", "中立"]},
        kinds=get_args(wording.Kind),
        primary_metric=metrics.PRIMARY,
        suggested_threshold=0.80,
        metrics=metrics.INFO,
        mistakes={"confused": {"en": "confused", "zh-TW": "混淆"}},
        title=setup.TITLE,
        questions=setup.QUESTIONS,
    )


@hookimpl
def read_record(row: Mapping[str, Any], record_id: str, options: ClassificationOptions) -> Record:
    return prompt.read_record(row, record_id, options)


@hookimpl
def propose(rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal:
    return setup.propose(rows, classes)


@hookimpl
def target_classes(record: Record, options: ClassificationOptions) -> Sequence[str]:
    return () if record.target is None else (record.target,)


@hookimpl
def remarks(record: Record, options: ClassificationOptions) -> Sequence[Remark]:
    return prompt.remarks(record, options)


@hookimpl
def build_prompt(record: Record, options: ClassificationOptions) -> Prompt:
    return prompt.build_prompt(record, options)


@hookimpl
def parse_output(text: str, record: Record, options: ClassificationOptions) -> Answer:
    return parse.parse_output(text, options)


@hookimpl
def unknown_classes(row: Scored, options: ClassificationOptions) -> Sequence[str]:
    return () if row.answer.value in options.completions else (row.answer.value,)


@hookimpl
def compute_metrics(rows: Sequence[Scored], options: ClassificationOptions) -> Metrics:
    return metrics.compute_metrics(rows, options)


@hookimpl
def row_statistics(row: Scored, options: ClassificationOptions) -> Mapping[str, float]:
    return metrics.row_statistics(row, options)


@hookimpl
def metrics_of_sums(sums: Sums, options: ClassificationOptions) -> SampledMetrics:
    return metrics.metrics_of_sums(sums, options)


@hookimpl
def mistakes(row: Scored) -> Sequence[Mistake]:
    right = row.answer.value == row.record.target
    return () if right else (Mistake(kind="confused", gold=row.record.target, predicted=row.answer.value),)


@hookimpl
def baselines(train: Sequence[Record], test: Sequence[Record], options: ClassificationOptions) -> Sequence[Baseline]:
    return baselines_.baselines(train, test, options)


@hookimpl
def diagnose(
    rows: Sequence[Scored], metrics: Metrics, context: RunContext, options: ClassificationOptions
) -> list[Finding]:
    return diagnose_.diagnose(rows, metrics, context, options)
