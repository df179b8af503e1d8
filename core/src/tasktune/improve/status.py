"""How one task stands: what it is, how good it is, on which data, in which versions, and what is next.

The summary of requirements/iterate-mode.md, step 1.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from tasktune.data.records import missing_files
from tasktune.data.stats import Stats, prepared_stats, stats
from tasktune.errors import InputError
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.outputs import read_evaluation
from tasktune.evaluation.score import Evaluation
from tasktune.improve.beside import BaselineRow, EngineRow, baseline_rows, engine_rows
from tasktune.improve.next_step import next_steps
from tasktune.improve.outliers import FAR_BELOW, FEWEST, LOW
from tasktune.locale import spoken
from tasktune.locale import translate as _
from tasktune.pipeline.start import data_hashes
from tasktune.types import Value
from tasktune.workspace.decisions import Decision, adopted_name, current_says, read_decisions
from tasktune.workspace.provenance import read_provenance
from tasktune.workspace.pruning import begun
from tasktune.workspace.sizes import size_of
from tasktune.workspace.standing import known_verdict
from tasktune.workspace.tasks import counted
from tasktune.workspace.versions import Version, is_locked, versions

if TYPE_CHECKING:
    from tasktune.definition import Task

VersionState = Literal["running", "failed", "stopped", "trained", "finished", "pruned"]
_ADAPTERS = {"lora": "LoRA", "dora": "DoRA", "qlora": "QLoRA"}


class VersionRow(Value):
    """One version: ``verdict`` is by today's criteria, ``when`` it was begun (UTC), ``size`` in bytes."""

    version: str
    state: VersionState
    adopted: bool
    verdict: Verdict | None
    when: datetime.datetime | None
    size: int


class ClassRow(Value):
    """One class of the version that counts: ``low`` under ``Scores.low_below``, ``few`` with under five test rows."""

    name: str
    f1: float
    support: int
    remark: Literal["low", "few"] | None = None


class Scores(Value):
    """The scores of the version that counts: the adopted one, else the newest that is evaluated (``why``).

    ``gap`` is the score's distance from the target, negative below it. ``changed`` names the data files that are not
    what they were when it was made.
    """

    version: str
    why: Literal["adopted", "newest"]
    verdict: Verdict | None
    gap: float | None
    metrics: Mapping[str, float]
    classes: tuple[ClassRow, ...]
    low_below: float
    changed: tuple[str, ...]


class Rows(Value):
    """Rows of each split, and of train how many show each class; of ``version``, or of the data now (None)."""

    version: str | None
    splits: Mapping[str, int]
    classes: Mapping[str, int]
    without_class: int


class Status(Value):
    """All of it. ``baselines`` and ``engines`` are of the version that counts. ``next`` says in words what to do;
    ``remarks``, what is not as it should be."""

    task: str
    folder: str
    task_type: str
    title: str
    kind: str | None
    description: str | None
    base_model: str
    method: str
    scores: Scores | None
    baselines: tuple[BaselineRow, ...]
    engines: tuple[EngineRow, ...]
    rows: Rows | None
    versions: tuple[VersionRow, ...]
    decisions: tuple[Decision, ...]
    next: tuple[str, ...]
    remarks: tuple[str, ...]


def status(task: Task) -> Status:
    """Look at the files of a task; nothing is computed but counts, and nothing is written.

    :raises InputError: the decisions, the provenance of the version that counts or one of its evaluations by other
        engines are damaged.
    """
    made = versions(task.folder)
    adopted = adopted_name(task.folder)
    judged = counted(made, adopted)
    evaluation = None if judged is None else _evaluation(judged)
    scores = None if judged is None or evaluation is None else _scores(task, judged, evaluation, adopted)
    rows, problems = _rows(task, judged)
    table = tuple(_version_rows(task, made, adopted))
    return Status(
        task=task.name,
        folder=str(task.folder),
        task_type=task.spec.task_type,
        title=spoken(task.plugin.info.title) if task.plugin.info.title else task.spec.task_type,
        kind=str(kind) if (kind := task.spec.options.get("kind")) else None,
        description=task.spec.description,
        base_model=task.spec.training.base_model,
        method=_method(task),
        scores=scores,
        baselines=() if scores is None or evaluation is None else tuple(baseline_rows(task, evaluation)),
        engines=() if scores is None or judged is None else tuple(engine_rows(task, judged)),
        rows=rows,
        versions=table,
        decisions=tuple(read_decisions(task.folder)),
        next=tuple(next_steps(task, made, adopted, evaluation, changed=bool(scores and scores.changed))),
        remarks=(*problems, *_remarks(task, made, adopted)),
    )


def low_below(threshold: float) -> float:
    """The F1 under which a class is called low: 15 percentage points under the target, but at least the 60 % of
    requirements/iterate-mode.md, step 2, or the target where that is lower still."""
    return max(threshold - FAR_BELOW, min(LOW, threshold))


def _evaluation(version: Version) -> Evaluation | None:
    try:
        return read_evaluation(version)
    except InputError:
        # It is among the remarks.
        return None


def _scores(task: Task, version: Version, evaluation: Evaluation, adopted: str | None) -> Scores:
    verdict = known_verdict(task, version)
    limit = low_below(task.threshold)
    return Scores(
        version=version.name,
        why="adopted" if version.name == adopted else "newest",
        verdict=verdict,
        gap=None if verdict is None else verdict.value - verdict.threshold,
        metrics=evaluation.metrics.values,
        classes=tuple(_classes(evaluation, limit)),
        low_below=limit,
        changed=_changed(task, version),
    )


def _classes(evaluation: Evaluation, limit: float) -> Iterator[ClassRow]:
    for name, values in evaluation.metrics.per_class.items():
        if "f1" not in values:
            continue
        support = int(values.get("support", 0))
        remark: Literal["low", "few"] | None = "low" if values["f1"] < limit else None
        yield ClassRow(name=name, f1=values["f1"], support=support, remark="few" if support < FEWEST else remark)


def _changed(task: Task, version: Version) -> tuple[str, ...]:
    if missing_files(task) or not version.provenance.exists():
        return ()
    then = read_provenance(version).data
    now = data_hashes(task)
    return tuple(path for path in sorted(then.keys() | now.keys()) if then.get(path) != now.get(path))


def _rows(task: Task, version: Version | None) -> tuple[Rows | None, tuple[str, ...]]:
    """The rows that the version was made with, else those that a run would use now; and why there are none."""
    limit = task.spec.training.max_length
    try:
        found = stats(task) if version is None else prepared_stats(version.prepared, limit)
    except InputError as error:
        count = len(error.problems)
        return None, (_("the data cannot be used yet ({count} problems); tune check lists them", count=count),)
    except FileNotFoundError as error:
        return None, (_("{file} does not exist", file=error.filename),)
    return _counted(found, version), ()


def _counted(found: Stats, version: Version | None) -> Rows:
    train = found.splits.get("train")
    return Rows(
        version=None if version is None else version.name,
        splits={name: split.rows for name, split in found.splits.items()},
        classes={} if train is None else train.classes,
        without_class=0 if train is None else train.without_class,
    )


def _version_rows(task: Task, made: list[Version], adopted: str | None) -> Iterator[VersionRow]:
    at_work = is_locked(task.folder)
    open_ones = [each for each in made if not each.has_done("evaluate")]
    # The task is locked as a whole; at work is whoever wrote last.
    running = max(open_ones, key=_last_word).name if at_work and open_ones else None
    for version in made:
        started = begun(version)
        yield VersionRow(
            version=version.name,
            state="running" if version.name == running else _state(version),
            adopted=version.name == adopted,
            verdict=known_verdict(task, version),
            when=datetime.datetime.fromisoformat(started) if started else None,
            size=size_of(version.folder),
        )


def _last_word(version: Version) -> float:
    return max(path.stat().st_mtime for path in (version.events, version.folder / "state.json") if path.exists())


def _state(version: Version) -> VersionState:
    if version.pruned.exists():
        return "pruned"
    if version.has_done("evaluate"):
        return "finished"
    if version.failure.exists():
        return "failed"
    return "trained" if version.has_done("train") else "stopped"


def _remarks(task: Task, made: list[Version], adopted: str | None) -> Iterator[str]:
    if adopted is not None and adopted not in [each.name for each in made]:
        yield _("the adopted version {name} is not there", name=adopted)
    said = current_says(task.folder)
    if said != adopted:
        yield _(
            "versions/current says {said}, and the decisions say {adopted}; the decisions hold",
            said=said or _("none"),
            adopted=adopted or _("none"),
        )
    for version in made:
        try:
            if version.has_done("evaluate"):
                read_evaluation(version)
        except InputError as error:
            yield error.message


def _method(task: Task) -> str:
    training = task.spec.training
    adapter = _ADAPTERS.get(training.tuning)
    tuning = f"{adapter} r={training.lora.r}" if adapter else _("full fine-tuning")
    return f"{training.method.upper()} + {tuning}"
