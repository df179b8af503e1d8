"""Score a version's predictions and write its report."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.noise import prepared_noise
from tasktune.data.records import SPLITS, Split
from tasktune.data.rows import count_rows, read_split, rows_path
from tasktune.evaluation.noise_section import read_noise, write_noise
from tasktune.evaluation.outputs import write_beside, write_outputs
from tasktune.evaluation.predictions import CONSTRAINED, FILE_NAME, Prediction, read_predictions
from tasktune.evaluation.report import RunFacts
from tasktune.evaluation.score import DecodingScores, Evaluation, metrics_of, score
from tasktune.improve.diagnosing.version import traces_of
from tasktune.inference.engines import Agreement, EngineUse
from tasktune.pipeline.baselines import answers
from tasktune.pipeline.effect import write_effect
from tasktune.pipeline.trust import trust_of
from tasktune.training.record import read_record
from tasktune.types import Answer, Scored
from tasktune.workspace.files import read_json
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task

# Simple methods learn no more from a million rows, and would hold all of them in memory.
MAX_BASELINE_ROWS = 50_000


def judge(task: Task, version: Version, split: Split) -> Evaluation:
    """Score the predictions of a split by the task's criteria; for test, write metrics, results and report."""
    own = version.evaluation_of(split)
    if split == "test":
        # Before the scores, whose findings go by it.
        _look_for_noise(task, version)
    evaluation = _scored(task, version, split, own, keep=version.evaluation if split == "test" else None)
    beside = {}
    if task.spec.evaluation.decoding == "both":
        constrained = _scored(task, version, split, own / CONSTRAINED, keep=None, decoding=CONSTRAINED)
        beside = {"free": DecodingScores.of(evaluation), CONSTRAINED: DecodingScores.of(constrained)}
    evaluation = evaluation.model_copy(update={"engine": EngineUse(), "by_decoding": beside})
    if split == "test":
        evaluation = evaluation.model_copy(update={"trust": trust_of(task, version)})
        write_outputs(evaluation, task, version, _facts(version), training=read_record(version.training))
        write_effect(task, version, evaluation.headline)
    return evaluation


def judge_beside(task: Task, version: Version, split: Split, folder: Path, use: EngineUse) -> Evaluation:
    """Score the predictions that another engine left in ``folder``, and write metrics, results and report there.

    The version's own evaluation of the split, if there is one, stands beside the baselines, and answers are compared.
    """
    evaluation = _scored(task, version, split, folder, keep=folder)
    own = version.evaluation_of(split) / FILE_NAME
    if own.exists():
        rows = [Scored(record=each.record, output=each.output, answer=each.answer) for each in read_predictions(own)]
        labelled = [row for row in rows if row.record.target is not None]
        beside = {f"{version.name} ({EngineUse().title})": metrics_of(task, labelled)}
        evaluation = evaluation.model_copy(update={"baselines": {**beside, **evaluation.baselines}})
        use = use.model_copy(update={"agreement": _agreement(rows, read_predictions(folder / FILE_NAME))})
    evaluation = evaluation.model_copy(update={"engine": use})
    write_beside(evaluation, task, version, folder, _facts(version))
    return evaluation


def _scored(
    task: Task, version: Version, split: Split, folder: Path, *, keep: Path | None, decoding: str | None = None
) -> Evaluation:
    """Score the predictions in a folder, beside what the version's training rows teach simple methods.

    ``decoding`` is how they were generated, by default as the version's rules say.
    """
    step = -(-count_rows(rows_path(version.prepared, "train")) // MAX_BASELINE_ROWS)
    return score(
        task,
        ((each.record, each.output) for each in read_predictions(folder / FILE_NAME)),
        train=list(itertools.islice(read_split(version.prepared, "train"), 0, None, step)),
        split=split,
        decoding=decoding or read_json(version.decoding)["mode"],
        measured=answers(task, version) if split == "test" and decoding is None else {},
        loss_curve=read_record(version.training).loss_curve,
        keep=keep,
        traces=traces_of(task, version),
    )


def _facts(version: Version) -> RunFacts:
    training = read_record(version.training)
    return RunFacts(
        version=version.name,
        date=datetime.date.today(),
        rows={name: count_rows(rows_path(version.prepared, name)) for name in SPLITS},
        trained_in=training.trained_in,
        backend=": ".join(filter(None, (training.backend, training.backend_reason))),
    )


def _agreement(own: Iterable[Scored], others: Iterable[Prediction]) -> Agreement:
    answers = {row.record.id: row.answer for row in own}
    both = [(answers[each.id], each.answer) for each in others if each.id in answers]
    return Agreement(rows=len(both), same=sum(_alike(one, other) for one, other in both))


def _alike(one: Answer, other: Answer) -> bool:
    return one.parsed == other.parsed and bool(one.value == other.value)


def _look_for_noise(task: Task, version: Version) -> None:
    """Keep the version's rows whose label is probably wrong, once: its rows never change."""
    if read_noise(version.evaluation) is None:
        found = prepared_noise(task, version.prepared)
        if found is not None:
            write_noise(version.evaluation, found)
