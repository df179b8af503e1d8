"""What a rule is: a name, what it looks for, the limits it goes by with where they come from, and a small function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasktune.improve.diagnosing.evidence import Evidence
from tasktune.improve.diagnosing.rows import MAX_IDS
from tasktune.locale import translate as _
from tasktune.types import Action, Finding, Severity

PAGE = "docs/diagnose.md"


@dataclass(frozen=True)
class Limit:
    """A number that a rule goes by: what it is (``name``), how large, and why that large (``source``, an English key
    of the messages)."""

    name: str
    value: float
    source: str


@dataclass(frozen=True)
class Rule:
    """One cause or symptom: its stable ``code``, what it is ``about`` (an English key of the messages), its limits.

    ``look`` gives its findings, none where the evidence that it needs is not there.
    """

    code: str
    about: str
    limits: tuple[Limit, ...]
    look: Callable[[Evidence], Iterable[Finding]]

    @property
    def reference(self) -> str:
        """Where the documentation explains it."""
        return f"{PAGE}#{self.code}"


def found(
    code: str,
    severity: Severity,
    message: str,
    *actions: Action,
    record_ids: Iterable[str] = (),
    evidence: Mapping[str, Any] | None = None,
) -> Finding:
    """A finding of core's rule ``code``, with its reference."""
    return Finding(
        code=code,
        severity=severity,
        message=message,
        record_ids=tuple(record_ids)[:MAX_IDS],
        evidence=dict(evidence or {}),
        reference=f"{PAGE}#{code}",
        actions=actions,
    )


def points(low: float, high: float) -> str:
    """An expected gain in words; ``low`` and ``high`` are shares of the headline metric."""
    if round(100 * low) <= 0:
        return _("up to +{high:.0f} percentage points", high=100 * high)
    return _("+{low:.0f} to +{high:.0f} percentage points", low=100 * low, high=100 * high)
