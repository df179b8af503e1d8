"""What a check finds beside broken rows: how grave, how many, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tasktune.types import Severity, Value

IDS_KEPT = 5
"""Row ids that a finding keeps as evidence; the rest are counted."""
_ORDER: Sequence[Severity] = ("error", "warning", "info")


class DataFinding(Value):
    """One kind of thing found in the data, or missing on this machine.

    ``count`` is how many rows, texts or classes it is about (``message`` says which), ``ids`` names the first few rows,
    ``fix`` says what to do. ``fixable`` is true when ``tune check --fix`` does it. ``code`` is stable, for scripts.
    """

    code: str
    severity: Severity
    message: str
    fix: str
    count: int = 1
    ids: tuple[str, ...] = ()
    fixable: bool = False


def by_severity(findings: Iterable[DataFinding]) -> tuple[DataFinding, ...]:
    """The gravest first, else in their order."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))
