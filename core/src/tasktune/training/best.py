"""Which evaluation of a run is the best so far, and how long ago that was: all of it read from the run's log.

The log is in every checkpoint, so a resumed run knows what it knew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Watched:
    """The figure of an evaluation that decides: its name in the log, such as ``eval_loss``, and which way is better."""

    name: str
    higher_is_better: bool = False

    def better(self, value: float, than: float) -> bool:
        """Whether one value is better than another."""
        return value > than if self.higher_is_better else value < than


@dataclass(frozen=True)
class Standing:
    """The ``step`` and ``value`` of the best evaluation, and how many there have been ``since``."""

    step: int
    value: float
    since: int


def standing(history: Iterable[Mapping[str, Any]], watched: Watched) -> Standing | None:
    """How the evaluations in a log stand; None without any.

    Of equally good ones, the first is the best. One that is no finite number is never the best.
    """
    best: Standing | None = None
    for entry in history:
        if watched.name in entry:
            value = float(entry[watched.name])
            if math.isfinite(value) and (best is None or watched.better(value, best.value)):
                best = Standing(int(entry["step"]), value, 0)
            elif best is not None:
                best = Standing(best.step, best.value, best.since + 1)
    return best
