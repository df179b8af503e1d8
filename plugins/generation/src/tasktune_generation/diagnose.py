"""What went wrong with generated answers, with evidence. Unreadable answers in general are core's finding."""

from __future__ import annotations

from collections.abc import Sequence

from tasktune.answers import clean
from tasktune.improve.outliers import far_below
from tasktune.types import Action, Finding, Metrics, Scored
from tasktune_generation import translate as _
from tasktune_generation.errors import LENGTH_RATIO
from tasktune_generation.options import GenerationOptions
from tasktune_generation.schema import as_text, same

MAX_RECORDS = 20
MAX_FIELDS = 5
COPIED_SHARE = 0.10
FEWEST_ROWS = 5


def diagnose(rows: Sequence[Scored], metrics: Metrics, options: GenerationOptions) -> list[Finding]:
    """Findings on empty and copied answers, on their length, and on weak fields of JSON answers."""
    rows = [row for row in rows if row.record.target is not None]
    found = [*_empty(rows), *_weak_fields(rows, metrics)]
    return found if options.answer_schema is not None else [*found, *_copied(rows, options), *_length(rows, metrics)]


def _empty(rows: Sequence[Scored]) -> list[Finding]:
    empty = [row for row in rows if not row.answer.parsed and not clean(row.output)]
    if not empty:
        return []
    share = len(empty) / len(rows)
    thinking = sum("<think>" in row.output for row in empty)
    if thinking * 2 > len(empty):
        action = Action(
            title=_("let the model answer longer: evaluation.max_new_tokens ends it while it still thinks"),
            expected_effect=_("answers after the thinking"),
            effort="low",
        )
    else:
        action = Action(
            title=_("check that training rows end with their output, and train longer"),
            expected_effect=_("fewer empty answers"),
            effort="medium",
        )
    return [
        Finding(
            code="empty-answers",
            reference="docs/diagnose.md#empty-answers",
            severity="error" if share >= 0.2 else "warning",
            message=_(
                "{count} of {rows} answers ({share:.1%}) are empty", count=len(empty), rows=len(rows), share=share
            ),
            record_ids=tuple(row.record.id for row in empty[:MAX_RECORDS]),
            evidence={"share": share, "unfinished_thinking": thinking},
            actions=(action,),
        )
    ]


def _copied(rows: Sequence[Scored], options: GenerationOptions) -> list[Finding]:
    def source(row: Scored) -> str:
        return clean(str(row.record.inputs.get(options.main_field, "")))

    should_differ = [row for row in rows if source(row) != row.record.target]
    copied = [row for row in should_differ if row.answer.parsed and row.answer.value == source(row)]
    if not copied or len(copied) / len(should_differ) < COPIED_SHARE:
        return []
    share = len(copied) / len(should_differ)
    return [
        Finding(
            code="copied-inputs",
            reference="docs/diagnose.md#copied-inputs",
            severity="warning",
            message=_(
                "{count} of {rows} answers ({share:.1%}) only repeat the input where the gold answer differs",
                count=len(copied),
                rows=len(should_differ),
                share=share,
            ),
            record_ids=tuple(row.record.id for row in copied[:MAX_RECORDS]),
            evidence={"share": share},
            actions=(
                Action(
                    title=_("look for training rows whose output is their input, and train longer"),
                    expected_effect=_("the model changes what should change"),
                    effort="low",
                ),
            ),
        )
    ]


def _length(rows: Sequence[Scored], metrics: Metrics) -> list[Finding]:
    ratio = metrics.values["length_ratio"]
    parsed = [row for row in rows if row.answer.parsed]
    low, high = LENGTH_RATIO
    if len(parsed) < FEWEST_ROWS or low <= ratio <= high:
        return []

    def distance(row: Scored) -> int:
        too_long = len(as_text(row.answer.value)) - len(as_text(row.record.target))
        return too_long if ratio > high else -too_long

    worst = sorted(parsed, key=lambda row: (-distance(row), row.record.id))[:MAX_RECORDS]
    if ratio > high:
        message = _("answers are {ratio:.2f} times as long as the gold ones", ratio=ratio)
        title = _("look at the longest answers: repetition calls for more training, explanations for a clearer prompt")
    else:
        message = _("answers are only {ratio:.2f} times as long as the gold ones", ratio=ratio)
        title = _("look at the shortest answers: does evaluation.max_new_tokens cut them, or is content left out?")
    return [
        Finding(
            code="answer-length",
            reference="docs/diagnose.md#answer-length",
            severity="warning",
            message=message,
            record_ids=tuple(row.record.id for row in worst if distance(row) > 0),
            evidence={"length_ratio": ratio},
            actions=(Action(title=title, expected_effect=_("answers of the right length"), effort="medium"),),
        )
    ]


def _weak_fields(rows: Sequence[Scored], metrics: Metrics) -> list[Finding]:
    weak = far_below(metrics.per_class, "field_accuracy", low=0.0)
    return [_weak_field(name, metrics.per_class[name]["field_accuracy"], rows) for name in weak[:MAX_FIELDS]]


def _weak_field(name: str, accuracy: float, rows: Sequence[Scored]) -> Finding:
    parsed = [row for row in rows if row.answer.parsed and (name in row.record.target or name in row.answer.value)]
    wrong = [
        row
        for row in parsed
        if name not in row.record.target
        or name not in row.answer.value
        or not same(row.record.target[name], row.answer.value[name])
    ]
    return Finding(
        code="weak-field",
        reference="docs/diagnose.md#weak-field",
        severity="warning",
        message=_("the field {field} is far below the others: right in {accuracy:.1%}", field=name, accuracy=accuracy),
        record_ids=tuple(row.record.id for row in wrong[:MAX_RECORDS]),
        evidence={"field": name, "field_accuracy": accuracy},
        actions=(
            Action(
                title=_("check how {field} is annotated, and say in the prompt how to fill it in", field=name),
                expected_effect=_("a higher accuracy of {field}", field=name),
                effort="medium",
            ),
        ),
    )
