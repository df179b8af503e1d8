"""The actions that several rules propose: each with what may be expected of it, and the change to task.yaml."""

from __future__ import annotations

from typing import Any, Literal

from tasktune.improve.diagnosing.evidence import Evidence
from tasktune.improve.diagnosing.rule import points
from tasktune.locale import translate as _
from tasktune.types import Action, RunContext

Gain = tuple[float, float]

# requirements/iterate-mode.md, step 3: the expected effects of its matrix.
MORE_OF_A_CLASS: Gain = (0.05, 0.10)
MORE_ROWS: Gain = (0.05, 0.15)
BALANCING: Gain = (0.03, 0.08)
HIGHER_RANK: Gain = (0.02, 0.05)
LARGER_BASE: Gain = (0.03, 0.05)

_MAX_EPOCHS = 20
"""More passes over the same rows only teach these rows by heart."""


def train_longer(context: RunContext, effect: str | None = None) -> Action:
    """Twice as many epochs, or steps where these are set; epochs have no say then."""
    key = "max_steps" if context.training.get("max_steps") else "epochs"
    length = context.training.get(key)
    patch = {}
    if isinstance(length, int | float):
        longer = 2 * length if key == "max_steps" else max(length, min(2 * length, _MAX_EPOCHS))
        patch = {f"training.{key}": _whole(longer)} if longer != length else {}
    return Action(
        code="train-longer",
        title=_("train longer"),
        expected_effect=effect or points(*MORE_ROWS),
        gain=MORE_ROWS if effect is None else None,
        confidence="medium" if effect is None else "low",
        effort="low",
        patch=patch,
    )


def set_learning_rate(evidence: Evidence, rate: float) -> Action:
    """Train with another learning rate."""
    rate = float(f"{rate:.2g}")
    return Action(
        code="set-learning-rate",
        title=_("train with a learning rate of {rate:g}", rate=rate),
        **_gap(evidence),
        effort="low",
        confidence="high",
        patch={"training.learning_rate": rate},
    )


def higher_rank(evidence: Evidence, least: int) -> Action:
    """Twice the rank of the adapter, and at least ``least``; alpha keeps its ratio to it."""
    lora = evidence.spec.lora
    rank = max(2 * lora.r, least)
    patch: dict[str, Any] = {"training.lora.r": rank}
    if lora.alpha != 2 * lora.r:
        # Not the default, which follows the rank.
        patch["training.lora.alpha"] = max(1, round(lora.alpha * rank / lora.r))
    elif "alpha" in lora.model_fields_set:
        patch["training.lora.alpha"] = 2 * rank
    return Action(
        code="raise-lora-rank",
        title=_("raise the rank of the adapter to {rank}", rank=rank),
        expected_effect=points(*HIGHER_RANK),
        gain=HIGHER_RANK,
        confidence="medium",
        effort="low",
        patch=patch,
    )


def balanced_sampling() -> Action:
    """Show as many rows of each class as of any other."""
    return Action(
        code="balance-sampling",
        title=_("show every class as often as any other in training"),
        expected_effect=points(*BALANCING),
        gain=BALANCING,
        confidence="medium",
        effort="low",
        patch={"training.sampling": "balanced"},
    )


def more_rows(title: str, gain: Gain = MORE_ROWS, command: str = "tune data import rows.csv --task .") -> Action:
    """Work for a person: label more rows."""
    return Action(
        code="label-more-rows",
        title=title,
        expected_effect=points(*gain),
        gain=gain,
        confidence="medium",
        effort="medium",
        command=command,
    )


def by_hand(
    code: str,
    title: str,
    effect: str,
    command: str | None = None,
    *,
    gain: Gain | None = None,
    confidence: Literal["low", "medium", "high"] = "low",
    effort: Literal["low", "medium", "high"] = "medium",
) -> Action:
    """Work for a person, begun with ``command`` in the task's folder."""
    return Action(
        code=code, title=title, expected_effect=effect, effort=effort, command=command, gain=gain, confidence=confidence
    )


def closing_the_gap(evidence: Evidence) -> Gain | None:
    """The gain of mending what keeps a task from being learnt at all: up to the whole gap, if it is known."""
    return (0.0, evidence.gap) if evidence.gap > 0 else None


def _gap(evidence: Evidence) -> dict[str, Any]:
    gain = closing_the_gap(evidence)
    return {"gain": gain, "expected_effect": _("the task is learnt at all") if gain is None else points(*gain)}


def _whole(number: float) -> float:
    """10.0 as 10, the way one writes it."""
    return int(number) if number == int(number) else number
