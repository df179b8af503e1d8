"""The hooks of the task type ``generation``, each handed on to the module that does the work."""

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
    RunContext,
    Scored,
    TaskTypeInfo,
)
from tasktune_generation import baselines as baselines_
from tasktune_generation import diagnose as diagnose_
from tasktune_generation import errors, metrics, parse, prompt, setup, wording
from tasktune_generation import sums as sums_
from tasktune_generation.options import GenerationOptions

_EXAMPLES = (
    ("這個月底前要把報告交過來喔", "請於本月底前提交報告。"),
    ("你們上次寄來的公文我們收到了", "貴單位來函敬悉。"),
    ("麻煩派個人來開會", "請派員與會。"),
)


@hookimpl
def plugin_info() -> TaskTypeInfo:
    return TaskTypeInfo(
        contract=CONTRACT,
        summary="Free text or JSON that meets a schema: writing, summaries, rewriting, translation",
        options=GenerationOptions,
        target_field=prompt.FIELD,
        examples=tuple(
            Record(id=f"example:{number}", inputs={"text": text}, target=output)
            for number, (text, output) in enumerate(_EXAMPLES, start=1)
        ),
        example_options={"kind": "rewrite", "instruction": "你是公文改寫助手。把口語改寫成公文用語，保留原意。"},
        kinds=get_args(wording.Kind),
        primary_metric=metrics.PRIMARY,
        suggested_threshold=0.95,
        metrics=metrics.INFO,
        mistakes=errors.TITLES,
        title=setup.TITLE,
        questions=setup.QUESTIONS,
    )


@hookimpl
def read_record(row: Mapping[str, Any], record_id: str, options: GenerationOptions) -> Record:
    return prompt.read_record(row, record_id, options)


@hookimpl
def propose(rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal:
    return setup.propose(rows, classes)


@hookimpl
def build_prompt(record: Record, options: GenerationOptions) -> Prompt:
    return prompt.build_prompt(record, options)


@hookimpl
def parse_output(text: str, record: Record, options: GenerationOptions) -> Answer:
    return parse.parse_output(text, options)


@hookimpl
def compute_metrics(rows: Sequence[Scored], options: GenerationOptions) -> Metrics:
    return metrics.compute_metrics(rows, options)


@hookimpl
def row_statistics(row: Scored, options: GenerationOptions) -> Mapping[str, float]:
    return sums_.row_statistics(row, options)


@hookimpl
def metrics_of_sums(sums: Sums, options: GenerationOptions) -> SampledMetrics:
    return sums_.metrics_of_sums(sums, options)


@hookimpl
def mistakes(row: Scored, options: GenerationOptions) -> Sequence[Mistake]:
    return errors.mistakes(row, options)


@hookimpl
def baselines(train: Sequence[Record], test: Sequence[Record], options: GenerationOptions) -> Sequence[Baseline]:
    return baselines_.baselines(train, test, options)


@hookimpl
def diagnose(
    rows: Sequence[Scored], metrics: Metrics, context: RunContext, options: GenerationOptions
) -> list[Finding]:
    return diagnose_.diagnose(rows, metrics, options)
