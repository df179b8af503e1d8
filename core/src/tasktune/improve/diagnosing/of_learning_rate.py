"""Rules on the learning rate, by what it did to the loss."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import fmean

from tasktune.improve.diagnosing.actions import set_learning_rate
from tasktune.improve.diagnosing.evidence import Evidence, TrainingLog
from tasktune.improve.diagnosing.rule import Limit, Rule, found
from tasktune.locale import translate as _
from tasktune.types import Action, Finding, Severity

BLOWN_UP = Limit("times the first loss", 2.0, "twice the loss of the untouched model is no batch's chance")
NOT_RECOVERED = Limit(
    "share of the first loss at the end", 0.9, "what ends near where it began, after such a leap, has learnt nothing"
)
HIGHEST_LORA = Limit(
    "highest usual rate of an adapter", 2e-3, "four times what models/tiny/README.md advises for so small a model"
)
HIGHEST_FULL = Limit(
    "highest usual rate of full fine-tuning",
    5e-4,
    "five times what models/tiny/README.md advises for so small a model",
)
LOWEST_LORA = Limit("lowest usual rate of an adapter", 1e-5, "the least of requirements/checklist.md, phase 3")
LOWEST_FULL = Limit(
    "lowest usual rate of full fine-tuning",
    1e-6,
    "a tenth of an adapter's (Schulman et al. 2025, LoRA Without Regret: adapters take ten times the rate)",
)
NOT_FALLEN = Limit("share of the first loss at the end", 0.9, "a tenth is within what batches differ by")
HARDLY_FALLEN = Limit("share of the first loss at the end", 0.5, "a task that is learnt halves its loss several times")
FEW_STEPS = Limit("optimizer steps", 30, "warm-up and decay of the rate leave half of so few steps at its height")
FEWEST_LOGGED = 5
"""Logged steps under which a curve says nothing."""
_USUAL = {"full": 1e-5}
"""Rates that these ways of tuning begin with; adapters with the default of task.yaml."""


def usual_range(evidence: Evidence) -> tuple[float, float]:
    """The lowest and the highest usual rate of this way of tuning."""
    if evidence.spec.tuning == "full":
        return LOWEST_FULL.value, HIGHEST_FULL.value
    return LOWEST_LORA.value, HIGHEST_LORA.value


def _usual(evidence: Evidence) -> float:
    default = type(evidence.spec).model_fields["learning_rate"].default
    return _USUAL.get(evidence.spec.tuning, float(default))


def blew_up(log: TrainingLog) -> bool:
    """Whether the loss leapt far over where it began and stayed near there."""
    if log.first is None or log.last is None or len(log.loss) < FEWEST_LOGGED:
        return False
    highest = max(loss for _step, loss in log.loss if math.isfinite(loss))
    return highest > BLOWN_UP.value * log.first and log.last > NOT_RECOVERED.value * log.first


def _start(log: TrainingLog) -> float | None:
    """The mean of the first logged losses: what the model knew before."""
    values = [loss for _step, loss in log.loss[:3] if math.isfinite(loss)]
    return fmean(values) if values else None


def fall_of(log: TrainingLog) -> tuple[float, float] | None:
    """The loss at the beginning and in the end; None where the curve is too short."""
    start = _start(log)
    return None if start is None or log.last is None or len(log.loss) < FEWEST_LOGGED else (start, log.last)


def loss_not_a_number(evidence: Evidence) -> Iterator[Finding]:
    """Training stopped, or went on, with a loss that is no number."""
    log = evidence.training
    if log is None:
        return
    bad = [step for step, loss in (*log.loss, *log.eval_loss) if not math.isfinite(loss)]
    if log.broken is None and not bad:
        return
    rate = evidence.spec.learning_rate
    message = log.broken or _("the loss is not a number from step {step} on", step=bad[0])
    actions = [set_learning_rate(evidence, min(rate / 10, usual_range(evidence)[1]))]
    if evidence.spec.precision != "fp32":
        actions.append(
            Action(
                code="train-in-fp32",
                title=_("compute in fp32, which holds larger numbers"),
                expected_effect=_("a loss that stays a number"),
                effort="low",
                patch={"training.precision": "fp32"},
            )
        )
    yield found(
        "loss-not-a-number", "error", message, *actions, evidence={"learning_rate": rate, "step": next(iter(bad), None)}
    )


def learning_rate_too_high(evidence: Evidence) -> Iterator[Finding]:
    """The loss leapt up and did not come back; or the rate is beyond what is usual, and the target is missed."""
    log, rate = evidence.training, evidence.spec.learning_rate
    if log is None:
        return
    highest = usual_range(evidence)[1]
    jumped = next((hint for hint in log.hints if hint.code == "gradient-jump"), None)
    blown = blew_up(log)
    if not blown and not (evidence.missed and (rate > highest or jumped is not None)):
        return
    values = [loss for _step, loss in log.loss if math.isfinite(loss)]
    figures: dict[str, float] = {"learning_rate": rate, "usual_highest": highest}
    if blown:
        figures |= {"first": values[0], "peak": max(values), "last": log.last or values[-1]}
        message = _(
            "the learning rate {rate:g} is too high: the loss rose from {first:.3g} to {peak:.3g}, and ended at "
            "{last:.3g}",
            rate=rate,
            first=figures["first"],
            peak=figures["peak"],
            last=figures["last"],
        )
    elif rate > highest:
        message = _("the learning rate {rate:g} is beyond what is usual, {highest:g}", rate=rate, highest=highest)
    else:
        assert jumped is not None
        figures |= dict(jumped.figures)
        message = _(
            "the learning rate {rate:g} may be too high: at step {step} the gradients were {times:.0f} times as large "
            "as before",
            rate=rate,
            step=jumped.step,
            times=jumped.figures["times"],
        )
    lower = min(rate / 10, highest) if blown else min(rate / 3, highest)
    severity: Severity = "error" if blown else "warning"
    yield found("learning-rate-too-high", severity, message, set_learning_rate(evidence, lower), evidence=figures)


def learning_rate_too_low(evidence: Evidence) -> Iterator[Finding]:
    """The loss has hardly fallen, with a rate under what is usual; or not at all."""
    log, rate = evidence.training, evidence.spec.learning_rate
    if log is None or not evidence.missed or blew_up(log) or log.steps < FEW_STEPS.value:
        return
    fall = fall_of(log)
    if fall is None:
        return
    lowest, highest = usual_range(evidence)
    start, end = fall
    under = rate < lowest and end > HARDLY_FALLEN.value * start
    if rate > highest or not (under or end > NOT_FALLEN.value * start):
        return
    message = _(
        "the learning rate {rate:g} is too low: the loss went from {start:.3g} to {end:.3g} only, in {steps} steps",
        rate=rate,
        start=start,
        end=end,
        steps=log.steps,
    )
    higher = max(_usual(evidence), 5 * rate)
    evidence_of = {"learning_rate": rate, "usual_lowest": lowest, "first": start, "last": end, "steps": log.steps}
    yield found(
        "learning-rate-too-low",
        "error",
        message,
        set_learning_rate(evidence, min(higher, highest)),
        evidence=evidence_of,
    )


RULES = (
    Rule("loss-not-a-number", "the loss stopped being a number", (), loss_not_a_number),
    Rule(
        "learning-rate-too-high",
        "the loss leapt up and stayed there, or the rate is beyond what is usual and the target is missed",
        (BLOWN_UP, NOT_RECOVERED, HIGHEST_LORA, HIGHEST_FULL),
        learning_rate_too_high,
    ),
    Rule(
        "learning-rate-too-low",
        "the loss has hardly fallen",
        (LOWEST_LORA, LOWEST_FULL, NOT_FALLEN, HARDLY_FALLEN, FEW_STEPS),
        learning_rate_too_low,
    ),
)
