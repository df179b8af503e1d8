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
        table.add_column(Text(plain(name)), justify="right", style="dim")
    for metric in metric_order(evaluation, wording):
        verdict = verdicts.get(metric)
        spread = spread_of(evaluation, metric, wording)
        if verdict is None:
            judged = [wording.value(metric, evaluation.metrics.values[metric]) + spread, NOTHING, NOTHING]
        else:
            judged = [wording.judged(verdict) + spread, wording.target(verdict), "✅" if verdict.met else "❌"]
        others = [
            wording.value(metric, theirs.values[metric]) if metric in theirs.values else NOTHING
            for theirs in evaluation.baselines.values()
        ]
        title = Text(plain(wording.title(metric)), style="bold" if verdict else "")
        table.add_row(title, *judged, *others)
    return table
