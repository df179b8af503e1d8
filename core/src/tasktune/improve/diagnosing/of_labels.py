"""Rules on the labels: rows that contradict each other, and labels that are probably wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tasktune.improve.diagnosing.actions import by_hand
from tasktune.improve.diagnosing.evidence import Evidence
from tasktune.improve.diagnosing.rule import Limit, Rule, found, points
from tasktune.locale import translate as _
from tasktune.types import Finding, Severity

CONTRADICTING_WARNING = Limit("share of training rows", 0.01, "more cannot be a slip or two")
CONTRADICTING_ERROR = Limit("share of training rows", 0.1, "every tenth row teaches what another one denies")
NOISE = Limit(
    "share of rows",
    0.033,
    "ten common data sets have 3.3 % wrong labels on the mean (Northcutt et al. 2021, Pervasive Label Errors)",
)


def contradicting_rows(evidence: Evidence) -> Iterator[Finding]:
    """Training rows that ask the same and have another answer."""
    if evidence.rows is None or not evidence.rows.contradicting:
        return
    rows, total = evidence.rows.contradicting, evidence.rows.rows["train"]
    share = len(rows) / total
    severity: Severity = "info"
    # Of free texts several may be right.
    if evidence.rows.classes["train"] and share >= CONTRADICTING_WARNING.value:
        severity = "error" if share >= CONTRADICTING_ERROR.value and evidence.missed else "warning"
    pairs = list(zip(rows, evidence.rows.contradicted, strict=True))
    message = _(
        "{count} training rows ({share:.1%}) ask what another row asks and have another answer; for example {one} and "
        "{other}",
        count=len(rows),
        share=share,
        one=pairs[0][0],
        other=pairs[0][1],
    )
    action = by_hand(
        "settle-contradictions",
        _("decide which answer is right, and correct or take out the other rows"),
        points(0.02, 0.10),
        "tune check .",
        gain=(0.02, 0.10) if severity != "info" else None,
        confidence="medium",
        effort="low",
    )
    ids = [name for pair in pairs for name in pair]
    yield found(
        "contradicting-rows", severity, message, action, record_ids=ids, evidence={"rows": len(rows), "share": share}
    )


def label_noise(evidence: Evidence) -> Iterator[Finding]:
    """More labels are probably wrong than usual, by the search for them that was made."""
    noise = evidence.traces.noise
    if noise is None or not noise.rows:
        return
    share = len(noise.suspects) / noise.rows
    if share < NOISE.value:
        return
    [((given, probable), count)] = Counter((given, probable) for _id, given, probable in noise.suspects).most_common(1)
    message = _(
        "the labels of {count} of {rows} rows ({share:.1%}) are probably wrong; most often {given} where {probable} is "
        "more probable ({most})",
        count=len(noise.suspects),
        rows=noise.rows,
        share=share,
        given=given,
        probable=probable,
        most=count,
    )
    action = by_hand(
        "check-labels",
        _("look at these rows and correct their labels, those of test too"),
        points(0.0, share),
        "tune data noise .",
        gain=(0.0, share),
        confidence="medium",
    )
    yield found(
        "label-noise",
        "warning" if evidence.missed else "info",
        message,
        action,
        record_ids=[name for name, _given, _probable in noise.suspects],
        evidence={"rows": len(noise.suspects), "share": share},
    )


RULES = (
    Rule(
        "contradicting-rows",
        "rows that ask the same and have different answers",
        (CONTRADICTING_WARNING, CONTRADICTING_ERROR),
        contradicting_rows,
    ),
    Rule("label-noise", "more labels are probably wrong than usual", (NOISE,), label_noise),
)
