"""What a sweep has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb
from statistics import fmean
from typing import Any, Literal

from tasktune.types import Value

SURE = 0.05


class Trial(Value):
    """One setting: its ``params`` by canonical key, and the metric that it reached on the validation rows.

    A pruned trial was ended on the way, since it did worse than half of the others there; ``why`` is why one failed.
    """

    number: int
    state: Literal["complete", "pruned", "failed"]
    params: Mapping[str, Any]
    value: float | None = None
    seconds: float = 0.0
    why: str | None = None


class Repeat(Value):
    """The task's own setting and the best one, trained with the same seed, which chose neither of them."""

    seed: int
    own: float
    best: float


class Sweep(Value):
    """All trials, in their order, and the best of them beside the task's own setting.

    ``importance`` is the share that each key has in what makes a trial good; empty where too few are complete.
    ``changes`` are what the best setting changes in task.yaml. ``p`` is the chance that seeds alone would set the best
    apart as far: all its repetitions above all of the task's own.
    """

    task_name: str
    metric: str
    trials: tuple[Trial, ...]
    minutes: float
    best: int | None = None
    changes: Mapping[str, Any] = {}
    repeats: tuple[Repeat, ...] = ()
    importance: Mapping[str, float] = {}

    @property
    def own_mean(self) -> float:
        """What the task's own setting reaches, over its repetitions."""
        return fmean(each.own for each in self.repeats)

    @property
    def best_mean(self) -> float:
        """What the best setting reaches, over its repetitions."""
        return fmean(each.best for each in self.repeats)

    @property
    def verdict(self) -> Literal["nothing", "own", "better", "perhaps", "not better"]:
        """``nothing`` was complete; the task's ``own`` setting is the best; the best one is ``better`` beyond the luck
        of seeds, or ``perhaps`` it is; or its repetitions do ``not`` bear it out."""
        if self.best is None:
            return "nothing"
        if not self.changes:
            return "own"
        if self.best_mean <= self.own_mean:
            return "not better"
        return "better" if apart(self.repeats) else "perhaps"


def apart(repeats: Sequence[Repeat]) -> bool:
    """Whether chance would rarely set the best so far apart: all k of its values above all k of the others.

    Of k + k values that are all alike, one in (2k choose k) orders does that: one in 20 of three each (the exact
    permutation test; E. J. G. Pitman 1937).
    """
    separate = min(each.best for each in repeats) > max(each.own for each in repeats)
    return separate and 1 / comb(2 * len(repeats), len(repeats)) <= SURE
