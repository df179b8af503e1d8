"""Score a model's outputs and set the scores beside those of simple methods."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from tasktune.definition.fields import BASE_BASELINES
from tasktune.definition.task import StatedBaseline
from tasktune.errors import InputError, PluginError
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.error_analysis import ErrorAnalysis, PartScore, analyse
from tasktune.evaluation.intervals import Interval, Intervals, intervals
from tasktune.evaluation.predictions import is_correct, parse_outputs
from tasktune.evaluation.resampling import samples_of
from tasktune.evaluation.statistics import statistics_of, write_statistics
from tasktune.evaluation.trust import Trust
from tasktune.improve.diagnose import diagnose
from tasktune.improve.diagnosing.evidence import Answers, Evidence, Traces
from tasktune.inference.engines import EngineUse
from tasktune.locale import translate as _
from tasktune.types import Finding, Metrics, Record, RunContext, Scored, Value

if TYPE_CHECKING:
    from tasktune.definition import Task


class Counts(Value):
    """Rows of an evaluation: scored ones, those passed over for want of a target, and what became of the scored.

    ``correct`` answers equal their target exactly; ``train`` rows taught the model and the baselines (0: unknown).
    ``out_of_set`` answers could be parsed and name a class that the task does not know (None: its type cannot tell).
    """

    scored: int
    unlabelled: int
    unparsed: int
    correct: int
    train: int
    out_of_set: int | None = None


class DecodingScores(Value):
    """What the same model scores on the same rows under one way of decoding."""

    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval] = {}
    counts: Counts

    @classmethod
    def of(cls, evaluation: Evaluation) -> DecodingScores:
        """The scores in an evaluation."""
        within = evaluation.intervals
        return cls(
            metrics=evaluation.metrics.values,
            intervals={} if within is None else within.values,
            counts=evaluation.counts,
        )


class Evaluation(Value):
    """All numbers of one evaluation.

    ``criteria[0]`` is the verdict on the headline metric; ``rivals`` are the scores on it that the model has to outdo,
    by name. ``by_decoding`` has the scores of free and of constrained answers, where both were asked for.
    ``baseline_intervals`` are those of the baselines that were measured on request, by their names and metrics.
    Evaluations of earlier versions of tasktune have no ``engine``, no ``intervals``, no ``errors`` and no ``rivals``;
    where the model's probabilities are not known there is no ``trust``.
    """

    task_name: str
    task_type: str
    split: str
    decoding: str
    engine: EngineUse | None = None
    counts: Counts
    metrics: Metrics
    intervals: Intervals | None = None
    by_decoding: Mapping[str, DecodingScores] = {}
    baselines: Mapping[str, Metrics] = {}
    baseline_intervals: Mapping[str, Mapping[str, Interval]] = {}
    rivals: Mapping[str, float] = {}
    stated_baseline: StatedBaseline | None = None
    criteria: Annotated[tuple[Verdict, ...], Field(min_length=1)]
    findings: tuple[Finding, ...] = ()
    errors: ErrorAnalysis | None = None
    trust: Trust | None = None

    @property
    def headline(self) -> Verdict:
        """The verdict on the headline metric."""
        return self.criteria[0]

    @property
    def met(self) -> bool:
        """Whether every criterion is met."""
        return all(verdict.met for verdict in self.criteria)


def score(
    task: Task,
    rows: Iterable[tuple[Record, str]],
    *,
    train: Sequence[Record] = (),
    split: str = "test",
    decoding: str = "free",
    loss_curve: Sequence[tuple[int, float]] = (),
    keep: Path | None = None,
    measured: Mapping[str, Sequence[Scored]] = {},
    traces: Traces | None = None,
) -> Evaluation:
    """Score records with the model's raw outputs.

    Records without a target are counted and passed over. ``train`` are the records that the model learned from: the
    baselines learn from the same, and there are none without it. ``loss_curve`` holds (step, training loss).
    ``keep`` is the folder of the rows' predictions, in which their statistics are kept for comparisons. ``measured``
    are other models' answers to the labelled rows, in their order, by the models' names. ``traces`` are what the
    version's training and rows left behind, for the findings.
    Findings are worded in the process's language: call ``use_language`` with the report's before.

    :raises InputError: no record has a target.
    :raises PluginError: the task type broke its contract.
    """
    labelled, unlabelled = [], 0
    for row in parse_outputs(task, rows):
        if row.record.target is None:
            unlabelled += 1
        else:
            labelled.append(row)
    if not labelled:
        raise InputError(
            _(
                "no row of the {split} split has a target to score against ({count} rows)",
                split=split,
                count=unlabelled,
            ),
            hint=_("add {field} to the rows", field=task.plugin.info.target_field),
        )
    metrics = metrics_of(task, labelled)
    statistics = statistics_of(task, labelled)
    samples = samples_of(task, [labelled], [statistics])
    within = intervals(samples, metrics, seed=task.spec.training.seed)
    if keep is not None and statistics is not None:
        write_statistics(task, keep, statistics)
    verdict = Verdict.on(task.primary_metric, metrics.values[task.primary_metric], task.threshold)
    correct = sum(bool(is_correct(row)) for row in labelled)
    answered = {**(_baselines(task, train, labelled) if train else {}), **measured}
    baselines = {name: metrics_of(task, theirs) for name, theirs in answered.items()}
    context = RunContext(
        task_name=task.name,
        language=task.spec.language,
        threshold=verdict.threshold,
        train_rows=len(train),
        class_counts=Counter(name for record in train for name in task.plugin.target_classes(record, task.options)),
        training=task.spec.training.model_dump(mode="json"),
        loss_curve=tuple(loss_curve),
    )
    rivals = {
        name: theirs.values[verdict.metric]
        for name, theirs in baselines.items()
        # An earlier version is no yardstick: the new one may well be no better.
        if (name not in measured or name in BASE_BASELINES) and _is_yardstick(answered[name], correct)
    }
    if task.baseline is not None and task.baseline.score is not None:
        rivals[task.baseline.name] = task.baseline.score
    answers = Answers(
        rows=labelled,
        metrics=metrics,
        verdict=verdict,
        rivals=rivals,
        decoding=decoding,
        within=within,
        split=split,
    )
    return Evaluation(
        task_name=task.name,
        task_type=task.spec.task_type,
        split=split,
        decoding=decoding,
        counts=Counts(
            scored=len(labelled),
            unlabelled=unlabelled,
            unparsed=sum(not row.answer.parsed for row in labelled),
            correct=correct,
            train=len(train),
            out_of_set=_out_of_set(task, labelled),
        ),
        metrics=metrics,
        intervals=within,
        baselines=baselines,
        baseline_intervals={name: _within(task, rows, baselines[name]) for name, rows in measured.items()},
        rivals=rivals,
        stated_baseline=task.baseline,
        criteria=(verdict,),
        findings=diagnose(Evidence(task, context, answers, traces or Traces())),
        errors=analyse(task, labelled, verdict.value, samples, part_scores(task, labelled, train)),
    )


def part_scores(task: Task, rows: Sequence[Scored], train: Sequence[Record]) -> Iterator[PartScore]:
    """The metrics of the parts of labelled rows that the task type tells apart by what the training rows show."""
    for part in task.plugin.parts(rows, train, task.options) if train else ():
        if part.size:
            yield PartScore(name=part.name, size=part.size, metrics=metrics_of(task, part.rows).values)


def results(evaluation: Evaluation, version: str | None = None) -> dict[str, Any]:
    """The headline numbers, for ``results.json`` and ``--json``: what comparing versions needs, as plain data."""
    headline = evaluation.headline
    return {
        "task_name": evaluation.task_name,
        "task_type": evaluation.task_type,
        "version": version,
        "split": evaluation.split,
        "decoding": evaluation.decoding,
        "engine": None if evaluation.engine is None else evaluation.engine.model_dump(),
        "primary_metric": headline.metric,
        "value": headline.value,
        "threshold": headline.threshold,
        "met": evaluation.met,
        "metrics": dict(evaluation.metrics.values),
        "per_class": {name: dict(values) for name, values in evaluation.metrics.per_class.items()},
        "by_decoding": {mode: scores.model_dump() for mode, scores in evaluation.by_decoding.items()},
        "intervals": None if evaluation.intervals is None else evaluation.intervals.model_dump(),
        "baselines": {name: dict(metrics.values) for name, metrics in evaluation.baselines.items()},
        "baseline_intervals": {
            name: {metric: each.model_dump() for metric, each in within.items()}
            for name, within in evaluation.baseline_intervals.items()
        },
        "stated_baseline": dataclasses.asdict(evaluation.stated_baseline) if evaluation.stated_baseline else None,
        "counts": evaluation.counts.model_dump(),
        "trust": None if evaluation.trust is None else evaluation.trust.model_dump(mode="json", exclude={"mistakes"}),
        "errors": None if evaluation.errors is None else evaluation.errors.model_dump(mode="json"),
        "findings": [{"code": f.code, "severity": f.severity, "message": f.message} for f in evaluation.findings],
    }


def _within(task: Task, rows: Sequence[Scored], metrics: Metrics) -> Mapping[str, Interval]:
    samples = samples_of(task, [rows], [statistics_of(task, rows)])
    return intervals(samples, metrics, seed=task.spec.training.seed).values


def _out_of_set(task: Task, rows: Sequence[Scored]) -> int | None:
    if not task.plugin.knows_its_classes:
        return None
    return sum(row.answer.parsed and bool(task.plugin.unknown_classes(row, task.options)) for row in rows)


def _is_yardstick(answered: Sequence[Scored], correct: int) -> bool:
    """Whether a baseline can shame a model that answers ``correct`` rows rightly.

    A copy of the input can be in perfect form without one right answer.
    """
    theirs = sum(bool(is_correct(row)) for row in answered)
    return theirs > 0 and 2 * theirs >= correct


def _baselines(task: Task, train: Sequence[Record], rows: Sequence[Scored]) -> dict[str, list[Scored]]:
    """The baselines' answers to the rows, by their names."""
    answered = {}
    for baseline in task.plugin.baselines(train, [row.record for row in rows], task.options):
        if len(baseline.answers) != len(rows):
            raise _broken(
                task,
                _(
                    "its baseline {name} has {answers} answers to {rows} records",
                    name=baseline.name,
                    answers=len(baseline.answers),
                    rows=len(rows),
                ),
            )
        # A baseline writes no text, only answers.
        answered[baseline.name] = [
            Scored(record=row.record, output="", answer=answer)
            for row, answer in zip(rows, baseline.answers, strict=True)
        ]
    return answered


def metrics_of(task: Task, rows: Sequence[Scored]) -> Metrics:
    """The task type's scores, known to be complete and to survive JSON, which has no NaN and no infinity."""
    metrics: Metrics = task.plugin.compute_metrics(rows, task.options)
    missing = [name for name in dict.fromkeys((metrics.primary, task.primary_metric)) if name not in metrics.values]
    if missing:
        raise _broken(task, _("compute_metrics() does not report {metrics}", metrics=", ".join(missing)))
    numbers = dict(metrics.values)
    for name, values in metrics.per_class.items():
        numbers.update({f"{name}.{key}": value for key, value in values.items()})
    wrong = [name for name, value in numbers.items() if not math.isfinite(value)]
    if wrong:
        raise _broken(task, _("compute_metrics() gives no finite number for {metrics}", metrics=", ".join(wrong)))
    return metrics


def _broken(task: Task, why: str) -> PluginError:
    plugin = task.plugin
    return PluginError(
        _(
            "the {kind} {name!r} ({origin}): {why}",
            kind=_("task type"),
            name=plugin.name,
            origin=plugin.origin,
            why=why,
        ),
        hint=_("update {origin} or tasktune", origin=plugin.origin),
    )
