"""Rules on how training went: its length, the adapter, what the validation rows say."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tasktune.improve.diagnosing.actions import LARGER_BASE, by_hand, higher_rank, train_longer
from tasktune.improve.diagnosing.evidence import Evidence
from tasktune.improve.diagnosing.of_learning_rate import (
    FEW_STEPS,
    HARDLY_FALLEN,
    NOT_FALLEN,
    blew_up,
    fall_of,
    usual_range,
)
from tasktune.improve.diagnosing.rule import Limit, Rule, found, points
from tasktune.locale import translate as _
from tasktune.types import Action, Finding, Severity

FEW_EPOCHS = Limit("epochs", 3, "requirements/checklist.md, phase 3, advises 5 to 10; the built-in model takes 2 or 3")
LEARNT = Limit("share of the first loss at the end", 0.05, "such a loss has nowhere to fall")
SMALL_RANK = Limit("rank", 16, "requirements/coach.md, method selection: r = 16 to 32 even for little data")
FULL_RANK = Limit("rank", 32, "requirements/iterate-mode.md, step 2")
RISEN = Limit(
    "times the least evaluation loss",
    1.1,
    "the loss of a few hundred rows is known to some percent only",
)


def undertrained(evidence: Evidence) -> Iterator[Finding]:
    """Few passes over the rows, or few steps, and the target is missed."""
    log, epochs = evidence.training, evidence.epochs
    if log is None or epochs is None or not evidence.missed or not log.ended or blew_up(log) or _overfits(evidence):
        return
    if epochs >= FEW_EPOCHS.value and log.steps >= FEW_STEPS.value:
        return
    fall = fall_of(log)
    if fall is not None and fall[1] < LEARNT.value * fall[0]:
        return
    message = _(
        "trained for {epochs:.2g} epochs, {steps} steps in all; {few:.0f} epochs and {least:.0f} steps are the least",
        epochs=epochs,
        steps=log.steps,
        few=FEW_EPOCHS.value,
        least=FEW_STEPS.value,
    )
    figures = {"epochs": epochs, "steps": log.steps, "last": log.last}
    yield found("undertrained", "warning", message, train_longer(evidence.context), evidence=figures)


def underfitting(evidence: Evidence) -> Iterator[Finding]:
    """Long trained at a usual rate, and the loss is still high."""
    log, epochs = evidence.training, evidence.epochs
    if log is None or epochs is None or not evidence.missed or epochs < FEW_EPOCHS.value or blew_up(log):
        return
    fall = fall_of(log)
    lowest, highest = usual_range(evidence)
    if fall is None or not HARDLY_FALLEN.value * fall[0] < fall[1] <= NOT_FALLEN.value * fall[0]:
        return
    if not lowest <= evidence.spec.learning_rate <= highest:
        return
    message = _(
        "the model underfits: after {epochs:.2g} epochs the training loss is {end:.3g} still, from {start:.3g}",
        epochs=epochs,
        start=fall[0],
        end=fall[1],
    )
    actions = [train_longer(evidence.context)]
    if evidence.spec.tuning != "full":
        actions.append(higher_rank(evidence, int(FULL_RANK.value)))
    actions.append(larger_base())
    yield found("underfitting", "warning", message, *actions, evidence={"first": fall[0], "last": fall[1]})


def low_rank(evidence: Evidence) -> Iterator[Finding]:
    """An adapter of a small rank, and the target is missed."""
    rank = evidence.spec.lora.r
    if not evidence.missed or evidence.spec.tuning == "full" or rank >= FULL_RANK.value:
        return
    severity: Severity = "warning" if rank < SMALL_RANK.value else "info"
    message = _(
        "the adapter has a rank of {rank} only; with {full:.0f} it could hold more", rank=rank, full=FULL_RANK.value
    )
    action = higher_rank(evidence, int(FULL_RANK.value))
    yield found("low-rank", severity, message, action, evidence={"rank": rank, "alpha": evidence.spec.lora.alpha})


def overfitting(evidence: Evidence) -> Iterator[Finding]:
    """The validation loss rose while the training loss fell, and the weights are those of the end."""
    if not _overfits(evidence):
        return
    log = evidence.training
    assert log is not None
    values = [(loss, step) for step, loss in log.eval_loss if math.isfinite(loss)]
    least, step = min(values)
    last = values[-1][0]
    share = step / max(log.steps, 1)
    message = _(
        "the model learns the training rows by heart: the evaluation loss was {least:.3g} at step {step} of {steps}, "
        "and {last:.3g} in the end",
        least=least,
        step=step,
        steps=log.steps,
        last=last,
    )
    actions = [
        Action(
            code="keep-best-weights",
            title=_("keep the weights of the best evaluation"),
            expected_effect=_("the score of step {step}", step=step),
            gain=(0.0, 0.05),
            confidence="high",
            effort="low",
            patch={"training.monitor.keep": "best"},
        )
    ]
    spec = evidence.spec
    if spec.max_steps is None and share < 1:
        epochs = max(1, round(share * spec.epochs))
        actions.append(
            Action(
                code="train-shorter",
                title=_("train for {epochs} epochs only", epochs=epochs),
                expected_effect=_("less learnt by heart"),
                confidence="medium",
                effort="low",
                patch={"training.epochs": epochs},
            )
        )
    if spec.tuning != "full" and spec.lora.dropout == 0:
        actions.append(
            Action(
                code="add-dropout",
                title=_("drop a tenth of the adapter's inputs in training"),
                expected_effect=_("less learnt by heart"),
                effort="low",
                patch={"training.lora.dropout": 0.1},
            )
        )
    figures = {"least": least, "step": step, "last": last, "training": log.last}
    yield found("overfitting", "warning", message, *actions, evidence=figures)


def no_validation_rows(evidence: Evidence) -> Iterator[Finding]:
    """Without validation rows nobody sees overfitting."""
    if evidence.rows is None or evidence.rows.rows["valid"] or not evidence.rows.rows["train"]:
        return
    action = by_hand(
        "split-off-validation",
        _("split validation rows off the training rows"),
        _("overfitting is seen, and the best weights can be kept"),
        "tune data split . --force",
        effort="low",
    )
    yield found("no-validation-rows", "info", _("there are no validation rows: overfitting would not be seen"), action)


def stopped(evidence: Evidence) -> Iterator[Finding]:
    """Training has not come to its end, and not for want of numbers."""
    log = evidence.training
    if log is None or log.ended or log.broken is not None or log.planned is None:
        return
    message = _("training stopped at step {step} of {steps}", step=log.steps, steps=log.planned)
    action = by_hand("go-on", _("go on with the training"), _("a model to judge"), "tune run .", effort="low")
    yield found("training-stopped", "info", message, action, evidence={"step": log.steps, "steps": log.planned})


def _overfits(evidence: Evidence) -> bool:
    log = evidence.training
    if log is None or log.keeps_best or not log.eval_loss:
        return False
    values = [loss for _step, loss in log.eval_loss if math.isfinite(loss)]
    if len(values) < 2 or values[-1] <= RISEN.value * min(values):
        return False
    # A rise from next to nothing is next to nothing, too.
    if log.first is None or values[-1] - min(values) < LEARNT.value * log.first:
        return False
    # A loss that leapt up is no sign of overfitting, and a rise in both is not either.
    return not blew_up(log) and log.last is not None and log.last < values[-1]


def larger_base() -> Action:
    """Work for a person: choose the next larger base model."""
    return by_hand(
        "larger-base",
        _("take the next larger base model"),
        points(*LARGER_BASE),
        "tune plan .",
        gain=LARGER_BASE,
        confidence="medium",
        effort="high",
    )


RULES = (
    Rule("undertrained", "few passes over the rows, or few steps", (FEW_EPOCHS, FEW_STEPS, LEARNT), undertrained),
    Rule(
        "underfitting", "long trained, and the training loss is still high", (HARDLY_FALLEN, FEW_EPOCHS), underfitting
    ),
    Rule("low-rank", "an adapter with room for little", (SMALL_RANK, FULL_RANK), low_rank),
    Rule("overfitting", "the evaluation loss rose, and the weights of the end were kept", (RISEN, LEARNT), overfitting),
    Rule("no-validation-rows", "nothing would show overfitting", (), no_validation_rows),
    Rule("training-stopped", "training has not come to its end", (), stopped),
)
