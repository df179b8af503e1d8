"""Rules on how many rows there are, and of which classes."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping
from statistics import median

from tasktune.data.checking.classes import FEW_ROWS as HARDLY_ANY
from tasktune.data.checking.classes import MAX_IMBALANCE
from tasktune.improve.diagnosing.actions import MORE_OF_A_CLASS, balanced_sampling, by_hand, more_rows
from tasktune.improve.diagnosing.evidence import Evidence
from tasktune.improve.diagnosing.rule import Limit, Rule, found
from tasktune.improve.outliers import FAR_BELOW, LOW
from tasktune.locale import translate as _
from tasktune.types import Finding, Severity

FEW_ROWS = Limit("training rows", 500, "requirements/iterate-mode.md, step 2")
VERY_FEW_ROWS = Limit("training rows", HARDLY_ANY, "requirements/coach.md: under 100 rows, few-shot prompting first")
IMBALANCE = Limit(
    "times the rows of the rarest class", MAX_IMBALANCE, "requirements/checklist.md, phase 2: at most 3:1"
)
STARVED = Limit("training rows of a class", 10, "as tune init advises: fewer can be neither learnt nor measured")
STARVED_SHARE = Limit(
    "share of the mean class", 0.2, "one row in five of what a class has on the mean; beyond the 3:1 of imbalance"
)
MAX_CLASSES = 5


def few_training_rows(evidence: Evidence) -> Iterator[Finding]:
    """Too few rows, when the target is missed. Unknown (0) is not few."""
    rows = evidence.context.train_rows
    if not evidence.missed or not 0 < rows < FEW_ROWS.value:
        return
    severity: Severity = "error" if rows < VERY_FEW_ROWS.value else "warning"
    message = _("only {rows} training rows; {enough} or more are advised", rows=rows, enough=int(FEW_ROWS.value))
    action = more_rows(
        _("label more rows, the weakest classes first"), command=f"tune data generate . --count {int(FEW_ROWS.value)}"
    )
    yield found("few-training-rows", severity, message, action, evidence={"train_rows": rows})


def class_imbalance(evidence: Evidence) -> Iterator[Finding]:
    """Classes of very different size, and the target is missed or rare classes do worse."""
    counts = {name: count for name, count in evidence.context.class_counts.items() if count}
    if len(counts) < 2 or evidence.answers is None:
        return
    many, few = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    ratio = counts[many] / counts[few]
    if ratio <= IMBALANCE.value or not (evidence.missed or _weak(evidence, few)):
        return
    message = _(
        "classes are imbalanced, {ratio:.1f} to 1: {many} has {most} training rows, {few} {least}",
        ratio=ratio,
        many=many,
        few=few,
        most=counts[many],
        least=counts[few],
    )
    actions = [more_rows(_("label more rows of {label}", label=few), MORE_OF_A_CLASS, _generate(few))]
    if evidence.spec.sampling == "natural" and evidence.spec.class_weights is None:
        actions.insert(0, balanced_sampling())
    yield found("class-imbalance", "warning", message, *actions, evidence={"ratio": ratio, "classes": dict(counts)})


def starved_class(evidence: Evidence) -> Iterator[Finding]:
    """A class with hardly any training rows that the model does not find."""
    counts = {name: count for name, count in evidence.context.class_counts.items() if count}
    if len(counts) < 2 or evidence.answers is None:
        return
    mean = sum(counts.values()) / len(counts)
    starved = [
        name
        for name, count in counts.items()
        if count < min(mean, max(STARVED.value, STARVED_SHARE.value * mean)) and _weak(evidence, name)
    ]
    for name in sorted(starved, key=lambda name: (counts[name], name))[:MAX_CLASSES]:
        f1 = _f1(evidence)[name]
        message = _(
            "the class {label} has {rows} training rows only, and is hardly found: F1 {f1:.1%}",
            label=name,
            rows=counts[name],
            f1=f1,
        )
        ids = [row.record.id for row in evidence.answers.rows if name in _classes_of(evidence, row.record)]
        action = more_rows(
            _("label more rows of {label}, some {count} in all", label=name, count=math.ceil(mean)),
            MORE_OF_A_CLASS,
            _generate(name, math.ceil(mean)),
        )
        actions = [action]
        if evidence.spec.sampling == "natural" and evidence.spec.class_weights is None:
            actions.append(balanced_sampling())
        yield found(
            "starved-class",
            "error" if f1 == 0 and evidence.missed else "warning",
            message,
            *actions,
            record_ids=ids,
            evidence={"label": name, "rows": counts[name], "mean": mean, "f1": f1},
        )


def unseen_classes(evidence: Evidence) -> Iterator[Finding]:
    """Classes that test asks for and no training row shows."""
    if evidence.rows is None or not evidence.rows.classes["train"]:
        return
    train, test = evidence.rows.classes["train"], evidence.rows.classes["test"]
    unseen = sorted(set(test) - set(train))
    if not unseen:
        return
    rows = sum(test[name] for name in unseen)
    message = _(
        "test has classes that no training row shows: {classes} ({rows} of {all} rows)",
        classes=evidence.wording.list(unseen[:MAX_CLASSES]) + (" …" if len(unseen) > MAX_CLASSES else ""),
        rows=rows,
        all=evidence.rows.rows["test"],
    )
    action = by_hand(
        "label-unseen-classes",
        _("label training rows of these classes, or split anew so that train has all of them"),
        _("the classes can be learnt at all"),
        "tune data split . --force",
        gain=(0.0, rows / max(1, evidence.rows.rows["test"])),
        confidence="high",
    )
    yield found("unseen-classes", "error", message, action, evidence={"classes": {name: test[name] for name in unseen}})


def _f1(evidence: Evidence) -> Mapping[str, float]:
    assert evidence.answers is not None
    return {name: values["f1"] for name, values in evidence.answers.metrics.per_class.items() if "f1" in values}


def _weak(evidence: Evidence, name: str) -> bool:
    """Whether a class does far worse than the others, or badly."""
    scores = _f1(evidence)
    return name in scores and (scores[name] < LOW or scores[name] < median(scores.values()) - FAR_BELOW)


def _classes_of(evidence: Evidence, record: object) -> tuple[str, ...]:
    return tuple(evidence.task.plugin.target_classes(record, evidence.task.options))  # type: ignore[arg-type]


def _generate(name: str, count: int = 200) -> str:
    # 200 rows more: requirements/iterate-mode.md, step 3.
    return f"tune data generate . --class {shlex.quote(name)} --count {count}"


RULES = (
    Rule(
        "few-training-rows",
        "fewer rows than a fine-tuning usually needs, and the target is missed",
        (FEW_ROWS, VERY_FEW_ROWS),
        few_training_rows,
    ),
    Rule("class-imbalance", "classes of very different size, and rare ones do worse", (IMBALANCE,), class_imbalance),
    Rule(
        "starved-class",
        "a class with hardly any training rows is hardly found",
        (STARVED, STARVED_SHARE),
        starved_class,
    ),
    Rule("unseen-classes", "test asks for classes that no training row shows", (), unseen_classes),
)
