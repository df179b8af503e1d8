"""What went wrong with a NER model, with evidence. Unreadable answers are core's finding."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence

from tasktune.improve.outliers import far_below
from tasktune.types import Action, Finding, Metrics, RunContext, Scored
from tasktune_ner import translate as _
from tasktune_ner.errors import Mistake, mistakes
from tasktune_ner.metrics import predictions
from tasktune_ner.options import NerOptions

MAX_RECORDS = 20
# requirements/iterate-mode.md, step 3: what its matrix expects of more rows of a class.
MORE_OF_A_TYPE = (0.05, 0.10)
MAX_TYPES = 5
FEWEST = 3
"""Mistakes of a kind under which they may be chance."""
LARGE_SHARE = 0.25
"""A kind of mistake that makes up this share of all is worth a finding."""
HALLUCINATED_WARNING = 0.02


def diagnose(rows: Sequence[Scored], metrics: Metrics, context: RunContext, options: NerOptions) -> list[Finding]:
    """Findings on entities not in the text, boundaries, confused types, missed and surplus entities, weak types."""
    rows = [row for row in rows if row.record.target is not None]
    found = mistakes(rows)
    return [
        *_hallucinated(rows, found),
        *_boundaries(found),
        *_confused_types(found, options),
        *_one_sided(found),
        *_weak_types(metrics, found, context),
    ]


def _hallucinated(rows: Sequence[Scored], found: Sequence[Mistake]) -> list[Finding]:
    invented = [each for each in found if each.kind == "hallucinated"]
    if not invented:
        return []
    share = len(invented) / sum(len(predictions(row)) for row in rows)
    common = Counter(each.predicted["text"][:50] for each in invented if each.predicted).most_common(5)
    return [
        Finding(
            code="hallucinated-entities",
            reference="docs/diagnose.md#hallucinated-entities",
            severity="warning" if share >= HALLUCINATED_WARNING else "info",
            message=_(
                "{count} predicted entities ({share:.1%}) are not in their texts; for example: {text}",
                count=len(invented),
                share=share,
                text=common[0][0],
            ),
            record_ids=_ids(invented),
            evidence={"share": share, "texts": dict(common)},
            actions=(
                Action(
                    title=_("let the model write only what stands in the text"),
                    expected_effect=_("no entities that are not in the text"),
                    effort="low",
                    code="constrain-answers",
                    gain=(0.0, share),
                    confidence="medium",
                    patch={"evaluation.decoding": "constrained"},
                ),
                Action(
                    title=_("add training rows with entities that occur nowhere else, so that copying is learned"),
                    expected_effect=_("fewer entities that are not in the text"),
                    effort="medium",
                ),
            ),
        )
    ]


def _boundaries(found: Sequence[Mistake]) -> list[Finding]:
    wrong = [each for each in found if each.kind == "boundary"]
    if len(wrong) < max(FEWEST, LARGE_SHARE * len(found)):
        return []
    longer = sum(_length(each.predicted) > _length(each.gold) for each in wrong)
    pairs = [[each.gold["text"][:50], each.predicted["text"][:50]] for each in wrong if each.gold and each.predicted]
    return [
        Finding(
            code="boundary-errors",
            reference="docs/diagnose.md#boundary-errors",
            severity="warning",
            message=_(
                "{count} of {all} mistakes are boundaries: the type is right, the entity too long ({longer}) or too "
                "short or shifted ({other}); for example {predicted} for {gold}",
                count=len(wrong),
                all=len(found),
                longer=longer,
                other=len(wrong) - longer,
                gold=pairs[0][0],
                predicted=pairs[0][1],
            ),
            record_ids=_ids(wrong),
            evidence={"count": len(wrong), "mistakes": len(found), "too_long": longer, "pairs": pairs[:5]},
            actions=(
                Action(
                    title=_(
                        "write down where entities begin and end (titles, units, brackets) and check these rows by it"
                    ),
                    expected_effect=_("consistent boundaries, in the data and then in the answers"),
                    effort="medium",
                ),
            ),
        )
    ]


def _confused_types(found: Sequence[Mistake], options: NerOptions) -> list[Finding]:
    pairs = Counter(
        (each.gold["label"], each.predicted["label"])
        for each in found
        if each.kind == "type" and each.gold and each.predicted
    )
    if not pairs:
        return []
    # Equal counts in the order of names, so that the rows' order does not matter.
    (gold, predicted), count = min(pairs.items(), key=lambda item: (-item[1], item[0]))
    if count < FEWEST:
        return []
    examples = [
        each
        for each in found
        if each.kind == "type"
        and each.gold
        and each.predicted
        and (each.gold["label"], each.predicted["label"]) == (gold, predicted)
    ]
    outside = predicted not in options.labels
    action = (
        Action(
            title=_("train longer, or on more rows: {label} is not one of the types", label=predicted),
            expected_effect=_("only types of the task"),
            effort="low",
        )
        if outside
        else Action(
            title=_(
                "say what tells {gold} from {predicted} in label_descriptions, and check these rows",
                gold=gold,
                predicted=predicted,
            ),
            expected_effect=_("fewer confusions of {gold} and {predicted}", gold=gold, predicted=predicted),
            effort="medium",
        )
    )
    return [
        Finding(
            code="confused-types",
            reference="docs/diagnose.md#confused-types",
            severity="info",
            message=_(
                "{gold} is most often taken for {predicted}: {count} of {all} wrong types",
                gold=gold,
                predicted=predicted,
                count=count,
                all=sum(pairs.values()),
            ),
            record_ids=_ids(examples),
            evidence={"gold": gold, "predicted": predicted, "count": count, "reverse": pairs[(predicted, gold)]},
            actions=(action,),
        )
    ]


def _one_sided(found: Sequence[Mistake]) -> list[Finding]:
    """Entities that are mostly missed, or mostly found where there are none."""
    missed = [each for each in found if each.kind == "missed"]
    spurious = [each for each in found if each.kind == "spurious"]
    if len(missed) >= max(FEWEST, LARGE_SHARE * len(found)) and len(missed) > 2 * len(spurious):
        action = Action(
            title=_("label what was missed in the training rows, and add rows with such entities"),
            expected_effect=_("a higher recall"),
            effort="medium",
        )
        message = _("{count} of {all} mistakes are entities that were not found", count=len(missed), all=len(found))
        return [_side("missed-entities", message, missed, found, action)]
    if len(spurious) >= max(FEWEST, LARGE_SHARE * len(found)) and len(spurious) > 2 * len(missed):
        action = Action(
            title=_("check whether these are entities that the labels forgot; add rows without entities"),
            expected_effect=_("a higher precision"),
            effort="medium",
        )
        message = _("{count} of {all} mistakes are entities where there are none", count=len(spurious), all=len(found))
        return [_side("spurious-entities", message, spurious, found, action)]
    return []


def _side(code: str, message: str, some: Sequence[Mistake], found: Sequence[Mistake], action: Action) -> Finding:
    labels = Counter(str((each.gold or each.predicted or {})["label"]) for each in some)
    return Finding(
        code=code,
        reference=f"docs/diagnose.md#{code}",
        severity="warning",
        message=message,
        record_ids=_ids(some),
        evidence={"count": len(some), "mistakes": len(found), "labels": dict(labels.most_common(5))},
        actions=(action,),
    )


def _weak_types(metrics: Metrics, found: Sequence[Mistake], context: RunContext) -> list[Finding]:
    weak = far_below(metrics.per_class, "f1")
    return [_weak_type(label, metrics.per_class[label], found, context) for label in weak[:MAX_TYPES]]


def _weak_type(label: str, scores: Mapping[str, float], found: Sequence[Mistake], context: RunContext) -> Finding:
    lost = [each for each in found if each.gold and each.gold["label"] == label]
    counted = {"train_entities": context.class_counts[label]} if label in context.class_counts else {}
    return Finding(
        code="weak-type",
        reference="docs/diagnose.md#weak-type",
        severity="warning",
        message=_(
            "the type {label} is far below the others: F1 {f1:.1%} (precision {precision:.1%}, recall {recall:.1%}, "
            "{support:.0f} gold entities)",
            label=label,
            f1=scores["f1"],
            precision=scores["precision"],
            recall=scores["recall"],
            support=scores["support"],
        ),
        record_ids=_ids(lost),
        evidence={**scores, "label": label, "mistakes": dict(Counter(each.kind for each in lost)), **counted},
        actions=(
            Action(
                title=_("add and check training rows with {label}, above all ones like these rows", label=label),
                expected_effect=_("a higher F1 of {label}", label=label),
                effort="medium",
                code="label-weak-type",
                gain=MORE_OF_A_TYPE,
                command=f"tune data generate . --class {shlex.quote(label)}",
            ),
        ),
    )


def _ids(found: Sequence[Mistake]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.record_id for each in found))[:MAX_RECORDS]


def _length(each: Mapping[str, int] | None) -> int:
    return 0 if each is None else each["end"] - each["start"]
