"""A good task type for the suite's own tests: which of the marks stand in the text. Tests break it on purpose."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations

from tasktune import hookimpl
from tasktune.errors import Problem, RecordError
from tasktune.sums import SampledMetrics, share
from tasktune.types import (
    Answer,
    Baseline,
    ClassSpan,
    Finding,
    Message,
    MetricInfo,
    Metrics,
    Mistake,
    Part,
    Prompt,
    Proposal,
    Question,
    Record,
    Remark,
    RunContext,
    Scored,
    TaskOptions,
    TaskTypeInfo,
)


class Options(TaskOptions):
    marks: tuple[str, ...] = ("a", "b")


EXAMPLES = (
    Record(id="examples:1", inputs={"text": "cab"}, target=["a", "b"]),
    Record(id="examples:2", inputs={"text": "bed"}, target=["b"]),
    Record(id="examples:3", inputs={"text": "sky"}, target=[]),
)


@hookimpl
def plugin_info() -> TaskTypeInfo:
    return TaskTypeInfo(
        contract=1,
        summary="Which marks stand in the text",
        options=Options,
        target_field="found",
        examples=EXAMPLES,
        example_options={"marks": ["a", "b"]},
        primary_metric="accuracy",
        suggested_threshold=0.9,
        metrics={"accuracy": MetricInfo(titles={"en": "Accuracy", "zh-TW": "準確率"})},
        mistakes={"missed": {"en": "missed", "zh-TW": "漏掉"}, "surplus": {"en": "surplus", "zh-TW": "多餘"}},
        parts={"some": {"en": "texts with marks", "zh-TW": "有記號的文字"}},
        questions=(
            Question(
                id="marks",
                path="options.marks",
                ask={"en": "Which marks?", "zh-TW": "哪些記號？"},
                why={"en": "They are looked for.", "zh-TW": "要找的就是它們。"},
                kind="list",
            ),
        ),
    )


@hookimpl
def propose(rows, classes):
    fits = bool(rows) and all(isinstance(row.get("found"), list) for row in rows)
    return Proposal(fit=0.9 if fits else 0.1, reason="lists of marks", answers={"marks": sorted(classes)})


@hookimpl
def read_record(row, record_id, options):
    row = dict(row)
    found = row.pop("found", None)
    if found is not None and (not isinstance(found, list) or any(mark not in options.marks for mark in found)):
        raise RecordError(Problem("must be a list of marks", path="found"))
    return Record(id=record_id, inputs=row, target=found)


@hookimpl
def target_classes(record, options):
    return list(record.target)


@hookimpl
def remarks(record, options):
    return [Remark(code="none", message="No mark is found.", fix="Look again.")] if not record.target else []


@hookimpl
def build_prompt(record: Record, options: Options) -> Prompt:
    text = record.inputs.get("text")
    if not isinstance(text, str):
        raise RecordError(Problem("must be text", path="text"))
    every = [list(some) for size in range(len(options.marks) + 1) for some in combinations(options.marks, size)]
    return Prompt(
        messages=(Message(role="user", content=f"{'/'.join(options.marks)} in {text}?"),),
        completion=None if record.target is None else json.dumps(record.target),
        answer_schema={"type": "array", "items": {"enum": list(options.marks)}},
        choices=tuple(json.dumps(some) for some in every),
    )


@hookimpl
def class_spans(completion, record, options):
    found = [(mark, completion.index(json.dumps(mark))) for mark in record.target]
    return [ClassSpan(name=mark, start=start, end=start + len(json.dumps(mark))) for mark, start in found]


@hookimpl
def answer_grammar(record, options):
    mark = " | ".join(json.dumps(json.dumps(mark)) for mark in options.marks)
    return f'start: "[" (mark (", " mark)*)? "]"\nmark: {mark}\n'


@hookimpl
def parse_output(text: str, record: Record, options: Options) -> Answer:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Answer(error="not JSON")
    if not isinstance(value, list) or any(mark not in options.marks for mark in value):
        return Answer(error="not a list of marks")
    return Answer(value=value)


@hookimpl
def compute_metrics(rows: Sequence[Scored], options: Options) -> Metrics:
    right = sum(row.answer.parsed and row.answer.value == row.record.target for row in rows)
    return Metrics(primary="accuracy", values={"accuracy": right / len(rows) if rows else 0.0})


@hookimpl
def row_statistics(row: Scored, options: Options):
    return {"rows": 1, "right": row.answer.parsed and row.answer.value == row.record.target}


@hookimpl
def metrics_of_sums(sums, options):
    return SampledMetrics(values={"accuracy": share(sums["right"], sums["rows"])})


@hookimpl
def unknown_classes(row, options):
    return [mark for mark in row.answer.value if mark not in options.marks]


@hookimpl
def mistakes(row, options):
    target, value = row.record.target, row.answer.value
    missed = [Mistake(kind="missed", gold=mark) for mark in target if mark not in value]
    return missed + [Mistake(kind="surplus", predicted=mark) for mark in value if mark not in target]


@hookimpl
def parts(rows, train, options):
    some = tuple(row for row in rows if row.record.target)
    return [Part(name="some", size=len(some), rows=some)]


@hookimpl
def baselines(train, test, options):
    return [Baseline(name="first", answers=tuple(Answer(value=train[0].target) for _ in test))]


@hookimpl
def diagnose(rows: Sequence[Scored], metrics: Metrics, context: RunContext, options: Options) -> list[Finding]:
    unparsed = tuple(row.record.id for row in rows if not row.answer.parsed)
    if not unparsed:
        return []
    return [Finding(code="unparsed", severity="warning", message="could not be read", record_ids=unparsed)]
