"""What can be wrong with a run of any task type, joined with what the task type itself finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.intervals import Intervals
from tasktune.evaluation.sample_size import small_test_set
from tasktune.evaluation.wording import Wording
from tasktune.grammar import is_constrainable
from tasktune.locale import current_language
from tasktune.locale import translate as _
from tasktune.types import Action, Finding, Metrics, RunContext, Scored, Severity

if TYPE_CHECKING:
    from tasktune.definition import Task

FEW_ROWS = 500
"""Fewer training rows than this explain a missed target (requirements/iterate-mode.md, step 2)."""
UNPARSED_WARNING = 0.02
UNPARSED_ERROR = 0.20
MAX_EXAMPLES = 20
_RANK: Mapping[Severity, int] = {"error": 0, "warning": 1, "info": 2}


def diagnose(
    task: Task,
    rows: Sequence[Scored],
    metrics: Metrics,
    verdict: Verdict,
    rivals: Mapping[str, float],
    context: RunContext,
    decoding: str,
    within: Intervals | None = None,
    split: str = "test",
) -> tuple[Finding, ...]:
    """All findings of an evaluation, the gravest first.

    ``rivals`` are other methods' scores on the headline metric, by name; ``decoding`` is how answers were generated.
    ``within`` are the confidence intervals of the metrics, and ``split`` is what was scored.
    """
    wording = Wording(current_language(), task.plugin.info.metrics)
    first = rows[0].record
    can_constrain = is_constrainable(task, first, task.plugin.build_prompt(first, task.options))
    found = [
        *unparsed_answers(rows, context, can_constrain=can_constrain and decoding == "free"),
        *below_baseline(verdict, rivals, context, wording),
        *few_training_rows(verdict, context),
        *small_test_set(verdict, within, split, wording),
        *task.plugin.diagnose(rows, metrics, context, task.options),
    ]
    return tuple(sorted(found, key=lambda finding: _RANK[finding.severity]))


def unparsed_answers(rows: Sequence[Scored], context: RunContext, *, can_constrain: bool) -> list[Finding]:
    """Answers that cannot be read count as wrong, whatever the model meant."""
    unparsed = [row for row in rows if not row.answer.parsed]
    if not unparsed:
        return []
    share = len(unparsed) / len(rows)
    severity: Severity = "error" if share >= UNPARSED_ERROR else "warning" if share >= UNPARSED_WARNING else "info"
    if can_constrain:
        action = Action(
            title=_("let the model write answers of the right form only"),
            expected_effect=_("no unreadable answers"),
            effort="low",
            patch={"evaluation.decoding": "constrained"},
        )
    else:
        action = _train_longer(context, _("answers keep to the format"))
    reasons = Counter(row.answer.error for row in unparsed).most_common(3)
    return [
        Finding(
            code="unparsed-answers",
            severity=severity,
            message=_(
                "{count} of {rows} answers ({share:.1%}) cannot be read; most often: {reason}",
                count=len(unparsed),
                rows=len(rows),
                share=share,
                reason=reasons[0][0],
            ),
            record_ids=tuple(row.record.id for row in unparsed[:MAX_EXAMPLES]),
            evidence={"share": share, "reasons": {str(reason): count for reason, count in reasons}},
            actions=(action,),
        )
    ]


def below_baseline(
    verdict: Verdict, rivals: Mapping[str, float], context: RunContext, wording: Wording
) -> list[Finding]:
    """A model that a simple method outdoes has not learned the task; neither has a failed one that only equals it."""
    better = {
        name: value
        for name, value in rivals.items()
        if value > verdict.value or (value == verdict.value and not verdict.met)
    }
    if not better:
        return []
    metric = verdict.metric
    shown = wording.list(f"{name} {wording.value(metric, value)}" for name, value in better.items())
    return [
        Finding(
            code="below-baseline",
            severity="warning" if verdict.met else "error",
            message=_(
                "the model is no better than simple methods: {metric} {value} against {baselines}",
                metric=wording.title(metric),
                value=wording.value(metric, verdict.value),
                baselines=shown,
            ),
            evidence={"metric": metric, "value": verdict.value, "baselines": better},
            actions=(_train_longer(context, _("the model learns what the simple methods see")),),
        )
    ]


def few_training_rows(verdict: Verdict, context: RunContext) -> list[Finding]:
    """Too few rows, when the target is missed. Unknown (0) is not few."""
    if verdict.met or not 0 < context.train_rows < FEW_ROWS:
        return []
    return [
        Finding(
            code="few-training-rows",
            severity="warning",
            message=_(
                "only {rows} training rows; {enough} or more are advised", rows=context.train_rows, enough=FEW_ROWS
            ),
            evidence={"train_rows": context.train_rows},
            actions=(
                Action(
                    title=_("label more rows, the weakest classes first"),
                    # requirements/iterate-mode.md, step 3
                    expected_effect=_("+5 to +15 percentage points"),
                    effort="medium",
                ),
            ),
        )
    ]


def _train_longer(context: RunContext, expected_effect: str) -> Action:
    # With max_steps set, epochs have no say.
    key = "max_steps" if context.training.get("max_steps") else "epochs"
    length = context.training.get(key)
    patch = {f"training.{key}": _whole(2 * length)} if isinstance(length, int | float) else {}
    return Action(title=_("train longer"), expected_effect=expected_effect, effort="low", patch=patch)


def _whole(number: float) -> float:
    """10.0 as 10, the way one writes it."""
    return int(number) if number == int(number) else number
