"""What stands beside a version's score: that of its baselines, and its own by other engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.intervals import Interval
from tasktune.evaluation.outputs import read_evaluation_in
from tasktune.evaluation.score import Evaluation
from tasktune.inference.engines import Agreement
from tasktune.types import Value
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task


class EngineRow(Value):
    """One evaluation on the test rows: ``engine`` in words, ``verdict`` by today's criteria.

    ``agreement`` is with the version's own answers, ``folder`` lies in the version's.
    """

    engine: str
    verdict: Verdict
    interval: Interval | None
    agreement: Agreement | None
    folder: str


class BaselineRow(Value):
    """A baseline's score on the metric that decides. ``stated``: it is what task.yaml says there is today."""

    name: str
    value: float
    interval: Interval | None = None
    stated: bool = False


def baseline_rows(task: Task, evaluation: Evaluation) -> Iterator[BaselineRow]:
    """The baselines beside an evaluation, the stated one last."""
    metric = task.primary_metric
    for name, metrics in evaluation.baselines.items():
        if metric in metrics.values:
            within = evaluation.baseline_intervals.get(name, {})
            yield BaselineRow(name=name, value=metrics.values[metric], interval=within.get(metric))
    if task.baseline is not None and task.baseline.score is not None:
        yield BaselineRow(name=task.baseline.name, value=task.baseline.score, stated=True)


def engine_rows(task: Task, version: Version) -> Iterator[EngineRow]:
    """The version's evaluations by other engines, by their folders' names; those that did not come to an end are none.

    :raises InputError: one of them is damaged.
    """
    metric = task.primary_metric
    for results in sorted(version.engines.glob(f"*/{version.results.name}")):
        evaluation = read_evaluation_in(results.parent)
        use = evaluation.engine
        if use is None or evaluation.split != "test" or metric not in evaluation.metrics.values:
            continue
        within = evaluation.intervals
        yield EngineRow(
            engine=use.title,
            verdict=Verdict.on(metric, evaluation.metrics.values[metric], task.threshold),
            interval=None if within is None else within.values.get(metric),
            agreement=use.agreement,
            folder=f"{version.engines.name}/{results.parent.name}",
        )
