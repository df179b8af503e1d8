"""One run of a task: check, prepare, train, evaluate, report; each stage once per version, resumed where it stopped."""

from __future__ import annotations

import datetime
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasktune import base_models
from tasktune.data.check import report_on
from tasktune.data.records import SPLITS, Split
from tasktune.data.rows import read_split, rows_path, write_rows
from tasktune.data.scan import Scan, scan
from tasktune.definition.snapshot import dump_task, fingerprint
from tasktune.definition.unsupported import notices, refuse_unsupported
from tasktune.errors import InputError
from tasktune.evaluation.outputs import read_evaluation, write_outputs
from tasktune.evaluation.predictions import FILE_NAME, read_predictions
from tasktune.evaluation.report import RunFacts
from tasktune.evaluation.score import Evaluation, score
from tasktune.locale import translate as _
from tasktune.training.launch import run_worker
from tasktune.workspace.events import Event, EventLog
from tasktune.workspace.files import read_json, sha256_of, write_json_atomically, write_text_atomically
from tasktune.workspace.provenance import provenance
from tasktune.workspace.versions import (
    State,
    Version,
    get_version,
    locked,
    new_version,
    next_name,
    versions,
)

if TYPE_CHECKING:
    from tasktune.definition import Task

Stage = Literal["prepare", "train", "evaluate"]
STAGES: tuple[Stage, ...] = ("prepare", "train", "evaluate")
OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class RunResult:
    """How a run ended: unchanged when there was nothing to do. ``evaluation`` is None before that stage."""

    version: str
    version_dir: Path
    status: Literal["finished", "unchanged"]
    evaluation: Evaluation | None

    @property
    def criteria_met(self) -> bool:
        return self.evaluation is not None and self.evaluation.met


def run(
    task: Task,
    *,
    stages: tuple[Stage, ...] = STAGES,
    version: str | None = None,
    on_event: OnEvent = lambda event: None,
) -> RunResult:
    """Bring a version of the task through ``stages``.

    The newest version that starts from the same definition, data, plugins and base is gone on with; if it is
    finished there is nothing to do. Otherwise a new version begins, called ``version`` or by the task's strategy.

    :raises InputError: the definition or the data have problems; nothing has been written.
    :raises RunError: a stage failed; the same call goes on where it stopped.
    :raises KeyboardInterrupt: interrupted; likewise.
    """
    refuse_unsupported(task)
    hashes = _data_hashes(task)
    start = _start_fingerprint(task, hashes)
    same = _unfinished_or_same(task, version, start)
    if same is not None and _done(same, stages):
        return RunResult(same.name, same.folder, "unchanged", _evaluation(same))
    for text in notices(task):
        on_event(Event(kind="message", stage="check", data={"level": "info", "text": text}))
    # Before the lock, which is a file: input with problems leaves nothing behind.
    found = _check(task, on_event) if same is None else None
    with locked(task.folder):
        # Looked for again: another run may have begun or ended while this one had no lock.
        current = _unfinished_or_same(task, version, start)
        if current is None:
            current = _begin(task, version, start, hashes, found or _check(task, on_event), on_event)
        try:
            _go_through(task, current, stages, on_event)
        except InputError:
            # The user will change the input, and with it the version: an untrained one would only be in the way.
            if not current.training.exists() and not any(current.checkpoints.glob("*")):
                shutil.rmtree(current.folder)
            raise
    return RunResult(current.name, current.folder, "finished", _evaluation(current))


def evaluate(task: Task, version: Version, split: Split, on_event: OnEvent = lambda event: None) -> Evaluation:
    """Generate and score a trained version's answers to one of its splits; the test split's report is renewed.

    :raises InputError: the version is not trained, or the split is empty.
    """
    state = version.state()
    if state is None or "train" not in state.stages_done:
        raise InputError(_("version {name} is not trained yet", name=version.name), hint=_("run tune train first"))
    if not rows_path(version.prepared, split).stat().st_size:
        raise InputError(_("the {split} split of version {name} has no rows", split=split, name=version.name))
    with locked(task.folder):
        run_worker("evaluate", version, task, on_event, split=split)
        return _report(task, version, split)


def _go_through(task: Task, version: Version, stages: tuple[Stage, ...], on_event: OnEvent) -> None:
    state = version.state()
    assert state is not None
    for stage in stages:
        if stage in state.stages_done:
            on_event(Event(kind="stage", stage=stage, data={"status": "skipped"}))
            continue
        # A worker's last file says that it was done, even if this process was killed before it could note it.
        if stage == "train" and not version.training.exists():
            run_worker("train", version, task, on_event)
        elif stage == "evaluate":
            if not (version.evaluation / FILE_NAME).exists():
                run_worker("evaluate", version, task, on_event)
            _report(task, version, "test")
        version.finish_stage(stage)
    state = version.state()
    assert state is not None
    if set(STAGES) <= set(state.stages_done):
        version.set_state(state.model_copy(update={"finished": True}))


def _check(task: Task, on_event: OnEvent) -> Scan:
    """Read and check all data.

    :raises InputError: with every problem.
    """
    log = EventEmitter(on_event)
    log.stage("check", "started")
    found = scan(task)
    report = report_on(found, task)
    report.raise_for_problems()
    for text in report.notices:
        on_event(Event(kind="message", stage="check", data={"level": "warning", "text": text}))
    log.stage("check", "finished", rows=dict(report.rows))
    return found


def _begin(task: Task, name: str | None, start: str, hashes: dict[str, str], found: Scan, on_event: OnEvent) -> Version:
    """Write a new version's rows; its state is written last, so half a start counts for nothing."""
    log = EventEmitter(on_event)
    version = new_version(
        task.folder, name or task.spec.version or next_name(task.folder, task.spec.versioning.strategy)
    )
    log.stage("prepare", "started")
    shutil.rmtree(version.folder)
    version.prepared.mkdir(parents=True)
    try:
        write_rows(task, found, version.prepared)
    except InputError:
        shutil.rmtree(version.folder)
        raise
    write_text_atomically(version.definition, dump_task(task))
    training = task.spec.training
    base = {"name": training.base_model, "revision": training.revision}
    write_json_atomically(version.provenance, provenance(hashes, base, task.plugin.origin))
    version.set_state(State(fingerprint=start, stages_done=("prepare",)))
    log.stage("prepare", "finished", rows=dict(found.rows))
    return version


class EventEmitter(EventLog):
    """An event log that goes straight to the listener: the parent's own stages need no file."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event

    def emit(self, event: Event) -> None:
        """Hand the event on."""
        self._on_event(event)


def _report(task: Task, version: Version, split: Split) -> Evaluation:
    """Score the predictions of a split; for test, write metrics, results and report."""
    training = read_json(version.training)
    curve = [(entry["step"], entry["loss"]) for entry in training["history"] if "loss" in entry]
    predictions = read_predictions(version.evaluation_of(split) / FILE_NAME)
    evaluation = score(
        task,
        ((prediction.record, prediction.output) for prediction in predictions),
        train=list(read_split(version.prepared, "train")),
        split=split,
        decoding=read_json(version.decoding)["mode"],
        loss_curve=curve,
    )
    rows = {name: _count(rows_path(version.prepared, name)) for name in SPLITS}
    facts = RunFacts(version=version.name, date=datetime.date.today(), rows=rows)
    if split == "test":
        write_outputs(evaluation, task, version, facts, loss_curve=curve)
    return evaluation


def _evaluation(version: Version) -> Evaluation | None:
    state = version.state()
    return read_evaluation(version) if state is not None and "evaluate" in state.stages_done else None


def _unfinished_or_same(task: Task, name: str | None, start: str) -> Version | None:
    """The version to go on with: the named one, or the newest that starts from the same things."""
    wanted = name or task.spec.version
    for version in reversed(versions(task.folder)):
        state = version.state()
        if state is not None and state.fingerprint == start and wanted in (None, version.name):
            return version
    if wanted is not None and any(version.name == wanted for version in versions(task.folder)):
        get_version(task.folder, wanted)
        raise InputError(
            _("version {name} exists and started from something else", name=wanted),
            hint=_("choose another name with --version, or leave it out"),
        )
    return None


def _done(version: Version, stages: tuple[Stage, ...]) -> bool:
    state = version.state()
    return state is not None and set(stages) <= set(state.stages_done)


def _data_hashes(task: Task) -> dict[str, str]:
    """SHA-256 of every data file.

    :raises InputError: files are missing; all are named.
    """
    problems, hashes = [], {}
    for split in SPLITS:
        for path in task.data_files(split):
            if path.is_file():
                hashes[str(path.relative_to(task.folder) if path.is_relative_to(task.folder) else path)] = sha256_of(
                    path
                )
            else:
                problems.append(task.problem(("data", split), _("{path} is not there", path=path)))
    if problems:
        raise InputError(_("data files are missing"), problems=problems)
    return hashes


def _start_fingerprint(task: Task, hashes: dict[str, str]) -> str:
    """What a run starts from, as one hash."""
    training = task.spec.training
    try:
        base = base_models.fingerprint(training.base_model, training.revision, task.folder)
    except InputError as error:
        problem = task.problem(("training", "base_model"), error.message, error.hint)
        raise InputError("", problems=[problem]) from error
    parts = [fingerprint(task), base, *(f"{name}={hash_}" for name, hash_ in sorted(hashes.items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _line in file)
