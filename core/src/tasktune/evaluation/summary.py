"""An evaluation on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktune.evaluation.markdown import plain
from tasktune.evaluation.report_tables import interval_note, metric_order, spread_of
from tasktune.evaluation.score import Evaluation
from tasktune.evaluation.wording import NOTHING, Wording
from tasktune.locale import current_language

if TYPE_CHECKING:
    from rich.table import Table

    from tasktune.definition import Task


def summary_table(evaluation: Evaluation, task: Task, language: str | None = None) -> Table:
    """All metrics with target and status, the baselines beside them, as a table for rich.

    ``language`` is by default the one that messages are in. Names from plugins are shown as they are: square
    brackets in them are no markup. The same numbers as plain data: :func:`tasktune.evaluation.score.results`.
    """
    from rich.table import Table
    from rich.text import Text

    wording = Wording(language or current_language(), task.plugin.info.metrics)
    verdicts = {verdict.metric: verdict for verdict in evaluation.criteria}
    table = Table(
        title=Text(wording.say("{task}: scores on {split}", task=evaluation.task_name, split=evaluation.split)),
        caption=Text(interval_note(evaluation, wording)) if evaluation.intervals else None,
        caption_justify="left",
    )
    table.add_column(wording.say("Metric"))
    for name in ("Score", "Target", "Status"):
        table.add_column(wording.say(name), justify="right")
    for name in evaluation.baselines:
        table.add_column(Text(plain(wording.baseline(name))), justify="right", style="dim")
    for metric in metric_order(evaluation, wording):
        verdict = verdicts.get(metric)
        spread = spread_of(evaluation, metric, wording)
        if verdict is None:
            judged = [wording.value(metric, evaluation.metrics.values[metric]) + spread, NOTHING, NOTHING]
        else:
            judged = [wording.judged(verdict) + spread, wording.target(verdict), "✅" if verdict.met else "❌"]
        others = [
            _baseline(evaluation, name, metric, wording, spread=verdict is not None) for name in evaluation.baselines
        ]
        title = Text(plain(wording.title(metric)), style="bold" if verdict else "")
        table.add_row(title, *judged, *others)
    return table


def _baseline(evaluation: Evaluation, name: str, metric: str, wording: Wording, *, spread: bool) -> str:
    """A baseline's value; with its confidence interval where that decides."""
    values = evaluation.baselines[name].values
    if metric not in values:
        return NOTHING
    within = evaluation.baseline_intervals.get(name, {}).get(metric) if spread else None
    return wording.value(metric, values[metric]) + wording.interval(metric, within)
