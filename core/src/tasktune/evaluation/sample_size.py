"""Whether there are enough test rows to tell a score from its target, and how many would be."""

from __future__ import annotations

from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.intervals import Interval, Intervals
from tasktune.evaluation.wording import Wording
from tasktune.locale import translate as _
from tasktune.types import Action, Finding


def rows_to_tell(value: float, other: float, interval: Interval, rows: int) -> int | None:
    """How many rows would leave ``other`` outside of the interval, if the score stays; None: no number would.

    A standard error falls with the square root of the number of rows (W. G. Cochran, Sampling Techniques, 1977, chapter
    4 on the choice of a sample's size), and so does the half of the interval on the side of ``other``.
    """
    gap = abs(value - other)
    if gap == 0:
        return None
    half = value - interval.low if other < value else interval.high - value
    return max(rows, round(rows * (half / gap) ** 2))


def about(rows: int) -> str:
    """An estimated number of rows, no finer than it is known: two digits, the rest zeros."""
    return f"{int(float(f'{rows:.1e}')):,}"


def small_test_set(verdict: Verdict, intervals: Intervals | None, split: str, wording: Wording) -> list[Finding]:
    """A warning where the target lies within the interval of the score: luck alone can decide the verdict."""
    interval = intervals.values.get(verdict.metric) if intervals is not None else None
    if intervals is None or interval is None or not interval.holds(verdict.threshold):
        return []
    needed = rows_to_tell(verdict.value, verdict.threshold, interval, intervals.rows)
    told = {
        "rows": f"{intervals.rows:,}",
        "split": split,
        "metric": wording.title(verdict.metric),
        "score": wording.judged(verdict) + wording.interval(verdict.metric, interval),
        "target": wording.target(verdict),
    }
    if needed is None:
        message = _(
            "{rows} rows of {split} cannot tell whether the target {target} is met: "
            "{metric} is {score}, the target itself",
            **told,
        )
        title = _("add rows to {split}", split=split)
    else:
        message = _(
            "{rows} rows of {split} cannot tell whether the target {target} is met: {metric} is {score}; "
            "about {needed} rows could, if the score stays",
            needed=about(needed),
            **told,
        )
        title = _("add rows to {split}, up to about {needed}", split=split, needed=about(needed))
    return [
        Finding(
            code="test-set-too-small",
            severity="warning",
            message=message,
            evidence={"rows": intervals.rows, "needed": needed, "low": interval.low, "high": interval.high},
            reference="docs/diagnose.md#test-set-too-small",
            actions=(
                Action(
                    code="add-test-rows",
                    title=title,
                    expected_effect=_("a verdict that does not hang on chance"),
                    effort="medium",
                    command="tune data import rows.csv --task .",
                ),
            ),
        )
    ]
