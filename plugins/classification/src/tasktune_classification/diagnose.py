"""What went wrong with a classifier, with evidence. Unreadable answers are core's finding."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence

from tasktune.improve.outliers import far_below
from tasktune.types import Action, Finding, Metrics, RunContext, Scored
from tasktune_classification import translate as _
from tasktune_classification.options import ClassificationOptions

MAX_RECORDS = 20
# requirements/iterate-mode.md, step 3: what its matrix expects of more rows of a class, and of weights.
MORE_OF_A_CLASS = (0.05, 0.10)
BALANCING = (0.03, 0.08)
MAX_CLASSES = 5
FEWEST_CONFUSIONS = 3


def diagnose(
    rows: Sequence[Scored], metrics: Metrics, context: RunContext, options: ClassificationOptions
) -> list[Finding]:
    """Findings on weak classes, labels outside the set and the most frequent confusion."""
    rows = [row for row in rows if row.record.target is not None]
    return [*_weak_classes(rows, metrics, context), *_out_of_set(rows, options), *_top_confusion(rows, options)]


def _weak_classes(rows: Sequence[Scored], metrics: Metrics, context: RunContext) -> list[Finding]:
    weak = far_below(metrics.per_class, "f1")
    return [_weak_class(label, metrics.per_class[label], rows, context) for label in weak[:MAX_CLASSES]]


def _weak_class(label: str, scores: Mapping[str, float], rows: Sequence[Scored], context: RunContext) -> Finding:
    missed = [row for row in rows if row.record.target == label and row.answer.value != label]
    taken_for = Counter(str(row.answer.value) for row in missed if row.answer.parsed).most_common(3)
    return Finding(
        code="weak-class",
        reference="docs/diagnose.md#weak-class",
        severity="warning",
        message=_(
            "the class {label} is far below the others: F1 {f1:.1%} (precision {precision:.1%}, recall {recall:.1%}, "
            "{support:.0f} test rows)",
            label=label,
            f1=scores["f1"],
            precision=scores["precision"],
            recall=scores["recall"],
            support=scores["support"],
        ),
        record_ids=tuple(row.record.id for row in missed[:MAX_RECORDS]),
        evidence={**scores, "label": label, "taken_for": dict(taken_for), **_train_share(label, context)},
        actions=_class_actions(label, scores, context),
    )


def _train_share(label: str, context: RunContext) -> dict[str, int]:
    return {"train_rows": context.class_counts[label]} if label in context.class_counts else {}


def _class_actions(label: str, scores: Mapping[str, float], context: RunContext) -> tuple[Action, ...]:
    more_rows = Action(
        title=_("add and check training rows of {label}, above all ones like the missed rows", label=label),
        expected_effect=_("a higher F1 of {label}", label=label),
        effort="medium",
        code="label-weak-class",
        gain=MORE_OF_A_CLASS,
        command=f"tune data generate . --class {shlex.quote(label)}",
    )
    counts = context.class_counts
    rare = label in counts and 0 < counts[label] < sum(counts.values()) / len(counts)
    given = context.training.get("class_weights") or {}
    if not rare or scores["recall"] >= scores["precision"] or given == "balanced":
        return (more_rows,)
    # Inverse frequency, but gently: a weight above 3 makes the loss noisy.
    weight = round(min(3.0, sum(counts.values()) / len(counts) / counts[label]), 2)
    weights = {**given, label: weight}
    reweigh = Action(
        title=_("weigh the rare class {label} with {weight} in the loss", label=label, weight=weight),
        expected_effect=_("a higher recall of {label}, at some cost of its precision", label=label),
        effort="low",
        code="weigh-rare-class",
        gain=BALANCING,
        confidence="medium",
        patch={"training.class_weights": weights},
    )
    return (reweigh, more_rows)


def _out_of_set(rows: Sequence[Scored], options: ClassificationOptions) -> list[Finding]:
    outside = [row for row in rows if row.answer.parsed and row.answer.value not in options.completions]
    if not outside:
        return []
    share = len(outside) / len(rows)
    common = Counter(str(row.answer.value)[:100] for row in outside).most_common(5)
    return [
        Finding(
            code="out-of-set-labels",
            reference="docs/diagnose.md#out-of-set-labels",
            severity="warning" if share >= 0.02 else "info",
            message=_(
                "{count} of {rows} answers ({share:.1%}) are not in the label set; most often: {label}",
                count=len(outside),
                rows=len(rows),
                share=share,
                label=common[0][0],
            ),
            record_ids=tuple(row.record.id for row in outside[:MAX_RECORDS]),
            evidence={"share": share, "labels": dict(common)},
            actions=(
                Action(
                    title=_("let the model choose among the labels only"),
                    expected_effect=_("no labels outside the set"),
                    effort="low",
                    code="constrain-answers",
                    gain=(0.0, share),
                    confidence="medium",
                    patch={"evaluation.decoding": "constrained"},
                ),
            ),
        )
    ]


def _top_confusion(rows: Sequence[Scored], options: ClassificationOptions) -> list[Finding]:
    wrong = [row for row in rows if row.answer.value in options.completions and row.answer.value != row.record.target]
    pairs = Counter((row.record.target, row.answer.value) for row in wrong)
    if not pairs:
        return []
    # Equal counts in label order, so that the rows' order does not matter.
    (gold, answered), count = min(pairs.items(), key=lambda item: (-item[1], item[0]))
    if count < FEWEST_CONFUSIONS:
        return []
    examples = [row for row in wrong if (row.record.target, row.answer.value) == (gold, answered)]
    return [
        Finding(
            code="top-confusion",
            reference="docs/diagnose.md#top-confusion",
            severity="info",
            message=_(
                "{gold} is most often taken for {answered}: {count} of {wrong} wrong labels",
                gold=gold,
                answered=answered,
                count=count,
                wrong=len(wrong),
            ),
            record_ids=tuple(row.record.id for row in examples[:MAX_RECORDS]),
            evidence={"gold": gold, "answered": answered, "count": count, "reverse": pairs[(answered, gold)]},
            actions=(
                Action(
                    title=_(
                        "check these rows' labels; then add pairs of rows that differ in {gold} and {answered}",
                        gold=gold,
                        answered=answered,
                    ),
                    expected_effect=_("fewer confusions of {gold} and {answered}", gold=gold, answered=answered),
                    effort="medium",
                ),
            ),
        )
    ]
