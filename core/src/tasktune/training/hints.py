"""What a training's log says that its user had better know, judged as it comes.

Every judgement is a ratio of figures of the run itself, so none depends on how large a task's losses are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import sqrt
from statistics import fmean, median, variance
from typing import Any, Literal

from tasktune.locale import translate
from tasktune.types import Value

Code = Literal["overfitting", "memorising", "eval-not-finite", "plateau", "gradient-jump", "gradient-cut"]
Entry = Mapping[str, Any]

RISES = 3
"""Evaluations in a row whose loss has risen before that is told; smaller rises than RISEN in all are noise."""
RISEN = 1.01
LEARNED_BY_HEART = 0.05
"""A training loss below this share of the validation loss, which has risen, is that of rows known by heart."""
LONG_BEFORE_THE_END = 0.8
WINDOW = 40
"""Logged steps that gradients are compared over, and the fewest that show a plateau; a log has about 200 over a run."""
PLATEAU = 1 / 3
"""Share of the run that a loss must stand still for. Shorter rests are common, as until the second epoch begins."""
STILL, ERRORS = 0.95, 2.0
"""A loss stands still when one that is less than so much of it can be ruled out, by so many standard errors."""
LEARNING = 0.5
"""A plateau counts only while the learning rate is at least this share of its highest: later, it is meant to come."""
LEARNED = 0.05
"""A loss below this share of the first one has nowhere to fall."""
JUMP = 10.0
"""How many times its usual size a gradient must have, JUMPS logged steps in a row."""
JUMPS = 3
CUT = 10.0
"""How many times max_grad_norm the gradients of a window must have on the median to be told."""


class Hint(Value):
    """Something to know of a training: what (``code``), the step at which it showed, and its figures."""

    code: Code
    step: int
    figures: Mapping[str, float] = {}
    losses: tuple[float, ...] = ()

    @property
    def cause(self) -> str:
        """What hints of one kind have in common; a cause is told once."""
        return "overfitting" if self.code == "memorising" else self.code

    def words(self, language: str | None = None) -> str:
        """The hint with what to do about it, in ``language`` (default: the process's)."""
        if self.code == "overfitting":
            return translate(
                "evaluation loss has risen for {count} evaluations: {losses}; the model begins to learn the training "
                "rows by heart. Keep the best weights (training.monitor.keep: best), train for fewer epochs, or raise "
                "training.lora.dropout",
                language=language,
                count=len(self.losses) - 1,
                losses=" → ".join(f"{loss:.3g}" for loss in self.losses),
            )
        if self.code == "memorising":
            return translate(
                "the training rows are known by heart at {share:.0%} of the run: training loss {loss:.2g}, evaluation "
                "loss {evaluation:.3g} and rising. Keep the best weights (training.monitor.keep: best), train for "
                "fewer epochs, or add rows",
                language=language,
                **self.figures,
            )
        if self.code == "eval-not-finite":
            return translate(
                "evaluation loss is not a number, though the training loss is. Look for odd validation rows, or set "
                "training.precision: fp32",
                language=language,
            )
        if self.code == "plateau":
            return translate(
                "training loss has not fallen for {steps:.0f} steps (about {loss:.3g}). Raise training.learning_rate "
                "if the answers are not good yet; if they are, fewer epochs will do",
                language=language,
                **self.figures,
            )
        if self.code == "gradient-jump":
            return translate(
                "the gradient norm is {times:.0f} times its usual {usual:.3g}. Lower training.learning_rate or raise "
                "training.warmup_ratio if the loss rises, too",
                language=language,
                **self.figures,
            )
        return translate(
            "all gradients are cut to training.max_grad_norm: {limit:g}, on the median from {norm:.3g}, so that every "
            "step is of one length. Raise max_grad_norm, or lower training.learning_rate if the loss does not fall",
            language=language,
            **self.figures,
        )


class Judge:
    """Hears a run's log entry by entry and says each thing once.

    ``steps`` is the number of optimizer steps of the whole run; ``max_grad_norm`` 0 means that nothing is cut.
    """

    def __init__(self, steps: int, max_grad_norm: float) -> None:
        self._run_steps = steps
        self._limit = max_grad_norm
        self._losses: list[float] = []
        self._steps: list[int] = []
        self._norms: list[float] = []
        self._evaluations: list[float] = []
        self._highest_rate = 0.0
        self._told: set[str] = set()

    def hear(self, entry: Entry) -> tuple[Hint, ...]:
        """What an entry of the log brings that has not been told."""
        step = int(entry["step"])
        found: list[Hint | None] = []
        if "loss" in entry:
            self._steps.append(step)
            self._losses.append(float(entry["loss"]))
            rate = float(entry.get("learning_rate", 0.0))
            self._highest_rate = max(self._highest_rate, rate)
            found.append(self._plateau(step, rate))
            if "grad_norm" in entry:
                self._norms.append(float(entry["grad_norm"]))
                found += [self._gradient_jump(step), self._gradient_cut(step)]
        if "eval_loss" in entry:
            self._evaluations.append(float(entry["eval_loss"]))
            found += [self._not_finite(step), self._memorising(step), self._overfitting(step)]
        new = []
        for hint in found:
            if hint is not None and hint.cause not in self._told:
                self._told.add(hint.cause)
                new.append(hint)
        return tuple(new)

    def _not_finite(self, step: int) -> Hint | None:
        return None if abs(self._evaluations[-1]) < float("inf") else Hint(code="eval-not-finite", step=step)

    def _overfitting(self, step: int) -> Hint | None:
        last = self._evaluations[-RISES - 1 :]
        if len(last) <= RISES or not _rise(last) or last[-1] < RISEN * last[0]:
            return None
        return Hint(code="overfitting", step=step, losses=tuple(last))

    def _memorising(self, step: int) -> Hint | None:
        last = self._evaluations[-2:]
        if len(last) < 2 or not _rise(last) or not self._losses:
            return None
        loss, share = fmean(self._losses[-5:]), step / self._run_steps
        if loss >= LEARNED_BY_HEART * last[-1] or share >= LONG_BEFORE_THE_END:
            return None
        return Hint(code="memorising", step=step, figures={"loss": loss, "evaluation": last[-1], "share": share})

    def _plateau(self, step: int, rate: float) -> Hint | None:
        # DPO's loss may stay where it is while the margin grows, but then it falls, too, if slowly.
        begin = bisect_right(self._steps, step - PLATEAU * self._run_steps)
        last = self._losses[begin:]
        if begin == 0 or len(last) < WINDOW or rate < LEARNING * self._highest_rate:
            return None
        first, second = last[: len(last) // 2], last[-(len(last) // 2) :]
        before, after = fmean(first), fmean(second)
        error = sqrt((STILL**2 * variance(first) + variance(second)) / len(first))
        if after - STILL * before < ERRORS * error or after < LEARNED * self._losses[0]:
            return None
        return Hint(code="plateau", step=step, figures={"steps": step - self._steps[begin - 1], "loss": after})

    def _gradient_jump(self, step: int) -> Hint | None:
        last, before = self._norms[-JUMPS:], self._norms[-JUMPS - WINDOW : -JUMPS]
        if len(before) < WINDOW // 4:
            return None
        usual = median(before)
        if not 0 < JUMP * usual < min(last):
            return None
        return Hint(code="gradient-jump", step=step, figures={"times": min(last) / usual, "usual": usual})

    def _gradient_cut(self, step: int) -> Hint | None:
        last = self._norms[-WINDOW:]
        if len(last) < WINDOW or not 0 < self._limit < min(last) or median(last) < CUT * self._limit:
            return None
        return Hint(code="gradient-cut", step=step, figures={"limit": self._limit, "norm": median(last)})


def hints(history: Iterable[Entry], steps: int, max_grad_norm: float) -> tuple[Hint, ...]:
    """All that a run's log says, in the order in which it showed; arguments as those of :class:`Judge`."""
    judge = Judge(steps, max_grad_norm)
    return tuple(hint for entry in history for hint in judge.hear(entry))


def _rise(numbers: Sequence[float]) -> bool:
    return all(before < after for before, after in pairwise(numbers))
