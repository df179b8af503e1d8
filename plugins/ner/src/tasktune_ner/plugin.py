"""The hooks of the task type ``ner``, each handed on to the module that does the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasktune.hookspecs import CONTRACT, hookimpl
from tasktune.sums import SampledMetrics, Sums
from tasktune.types import (
    Answer,
    Baseline,
    ClassSpan,
    Finding,
    Metrics,
    Mistake,
    Part,
    Prompt,
    Proposal,
    Record,
    Remark,
    RunContext,
    Scored,
    TaskTypeInfo,
)
from tasktune_ner import baselines as baselines_
from tasktune_ner import diagnose as diagnose_
from tasktune_ner import errors, grammar, parse, prompt, rows, setup
from tasktune_ner import metrics as metrics_
from tasktune_ner import parts as parts_
from tasktune_ner import remarks as remarks_
from tasktune_ner.entities import ENTITIES, TEXT, entity
from tasktune_ner.options import NerOptions

_EXAMPLES: tuple[tuple[str, list[tuple[str, str, int]]], ...] = (
    ("台積電董事長魏哲家昨日在新竹宣布擴廠", [("台積電", "ORG", 0), ("魏哲家", "PER", 6), ("新竹", "LOC", 12)]),
    (
        "高雄的高雄銀行與台北的台北富邦銀行合作",
        [("高雄銀行", "ORG", 3), ("台北", "LOC", 8), ("台北富邦銀行", "ORG", 11)],
    ),
    ("陳雅婷說，陳雅婷的😀招牌甜點由 Ada Lin 設計", [("陳雅婷", "PER", 5), ("Ada Lin", "PER", 16)]),
    ("午後山區有雷陣雨，請攜帶雨具", []),
)


@hookimpl
def plugin_info() -> TaskTypeInfo:
    return TaskTypeInfo(
        contract=CONTRACT,
        summary="Named entities: their text, type and place",
        options=NerOptions,
        target_field=ENTITIES,
        examples=tuple(
            Record(
                id=f"example:{number}",
                inputs={TEXT: text},
                target=[entity(mention, label, start, start + len(mention)) for mention, label, start in found],
            )
            for number, (text, found) in enumerate(_EXAMPLES, start=1)
        ),
        example_options={"labels": ["PER", "ORG", "LOC"]},
        primary_metric=metrics_.PRIMARY,
        suggested_threshold=0.70,
        metrics=metrics_.INFO,
        mistakes=errors.TITLES,
        parts=parts_.TITLES,
        title=setup.TITLE,
        questions=setup.QUESTIONS,
    )


@hookimpl
def read_record(row: Mapping[str, Any], record_id: str, options: NerOptions) -> Record:
    return rows.read_record(row, record_id, options)


@hookimpl
def propose(rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal:
    return setup.propose(rows, classes)


@hookimpl
def target_classes(record: Record) -> Sequence[str]:
    return [each["label"] for each in record.target or ()]


@hookimpl
def remarks(record: Record) -> Sequence[Remark]:
    return remarks_.remarks(record)


@hookimpl
def build_prompt(record: Record, options: NerOptions) -> Prompt:
    return prompt.build_prompt(record, options)


@hookimpl
def class_spans(record: Record) -> Sequence[ClassSpan]:
    return prompt.class_spans(record.inputs[TEXT], record.target)


@hookimpl
def answer_grammar(record: Record, options: NerOptions) -> str:
    return grammar.answer_grammar(record, options)


@hookimpl
def parse_output(text: str, record: Record) -> Answer:
    return parse.parse_output(text, record)


@hookimpl
def unknown_classes(row: Scored, options: NerOptions) -> Sequence[str]:
    return [each["label"] for each in row.answer.value if each["label"] not in options.labels]


@hookimpl
def compute_metrics(rows: Sequence[Scored], options: NerOptions) -> Metrics:
    return metrics_.compute_metrics(rows, options)


@hookimpl
def row_statistics(row: Scored, options: NerOptions) -> Mapping[str, float]:
    return metrics_.row_statistics(row, options)


@hookimpl
def metrics_of_sums(sums: Sums, options: NerOptions) -> SampledMetrics:
    return metrics_.metrics_of_sums(sums, options)


@hookimpl
def mistakes(row: Scored) -> Sequence[Mistake]:
    return errors.mistakes_by_type(row)


@hookimpl
def parts(rows: Sequence[Scored], train: Sequence[Record]) -> Sequence[Part]:
    return parts_.parts(rows, train)


@hookimpl
def baselines(train: Sequence[Record], test: Sequence[Record], options: NerOptions) -> Sequence[Baseline]:
    return baselines_.baselines(train, test, options)


@hookimpl
def diagnose(rows: Sequence[Scored], metrics: Metrics, context: RunContext, options: NerOptions) -> list[Finding]:
    return diagnose_.diagnose(rows, metrics, context, options)
