"""The order of findings and actions: the gravest first, and of equally grave ones what promises most for its effort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tasktune.types import Action, Finding, Severity

RANK: Mapping[Severity, int] = {"error": 0, "warning": 1, "info": 2}
EFFORT: Mapping[str, float] = {"low": 1.0, "medium": 3.0, "high": 10.0}
"""A line of task.yaml is tried within a run; rows are looked at for days; another base or new data take weeks."""
CONFIDENCE: Mapping[str, float] = {"low": 0.25, "medium": 0.5, "high": 0.9}
"""How often such a promise is kept, roughly."""
UNKNOWN_GAIN = 0.01
"""What is counted for an action of which nobody knows what it brings: a percentage point."""


def worth(action: Action) -> float:
    """The expected gain over the effort: the middle of the gain, times the confidence in it."""
    gain = UNKNOWN_GAIN if action.gain is None else max(UNKNOWN_GAIN, sum(action.gain) / 2)
    return gain * CONFIDENCE[action.confidence] / EFFORT[action.effort]


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity, then by what the best of a finding's actions is worth; ties in the order in which they came."""
    return tuple(sorted(findings, key=lambda each: (RANK[each.severity], -max(map(worth, each.actions), default=0.0))))
