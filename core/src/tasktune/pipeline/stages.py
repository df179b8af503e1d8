"""One run of a task: check, prepare, train, evaluate, report; each stage once per version, resumed where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasktune.data.check import check_what_training_asks, report_on
from tasktune.data.records import Split
from tasktune.data.rows import rows_path, write_pairs, write_rows
from tasktune.data.scan import Scan, scan
from tasktune.definition.snapshot import dump_task
from tasktune.definition.unsupported import notices, refuse_unsupported
from tasktune.errors import InputError
from tasktune.evaluation.outputs import read_evaluation
from tasktune.evaluation.predictions import FILE_NAME
from tasktune.evaluation.score import Evaluation
from tasktune.locale import translate as _
from tasktune.pipeline.baselines import measure, missing, refuse_unknown
from tasktune.pipeline.iteration import parent_of, write_iteration
from tasktune.pipeline.judge import judge
from tasktune.pipeline.start import Start, data_hashes, start_of, version_from
from tasktune.pipeline.trust import needs_validation
from tasktune.training.launch import run_worker
from tasktune.workspace.environment import code_of
from tasktune.workspace.events import Event, Events
from tasktune.workspace.files import write_text_atomically
from tasktune.workspace.provenance import now, provenance, read_provenance, write_provenance
from tasktune.workspace.versions import State, Version, locked, new_version, next_name

if TYPE_CHECKING:
    from tasktune.definition import Task

Stage = Literal["prepare", "train", "evaluate"]
STAGES: tuple[Stage, ...] = ("prepare", "train", "evaluate")
OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class RunResult:
    """How a run ended: unchanged when there was nothing to do. ``evaluation`` is None before that stage.

    ``beside`` is the folder of an evaluation by another engine than the version's own.
    """

    version: str
    version_dir: Path
    status: Literal["finished", "unchanged"]
    evaluation: Evaluation | None
    beside: Path | None = None

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

    The newest version that starts from the same definition, data, task type and base is gone on with; if it is
    finished there is nothing to do, except to judge it anew when the success criteria have changed. Otherwise a new
    version begins, called ``version`` or by the task's strategy.

    :raises InputError: the definition or the data have problems; nothing has been written.
    :raises RunError: a stage failed; the same call goes on where it stopped.
    :raises KeyboardInterrupt: interrupted; likewise.
    """
    refuse_unsupported(task)
    refuse_unknown(task, task.spec.evaluation.baselines, partial(task.problem, ("evaluation", "baselines")))
    hashes = data_hashes(task)
    start = start_of(task, hashes)
    same = version_from(task, version, start)
    if same is not None and _done(same, stages):
        return RunResult(same.name, same.folder, "unchanged", _evaluation(task, same, on_event))
    for text in notices(task):
        Events(on_event).message("check", text)
    # Before the lock, which is a file: input with problems leaves nothing behind.
    found = check(task, on_event) if same is None else None
    with locked(task.folder):
        # Looked for again: another run may have begun or ended while this one had no lock.
        current = version_from(task, version, start)
        resumed = current is not None
        if current is None:
            current = _begin(task, version, start, hashes, found or check(task, on_event), on_event)
        try:
            go_through(task, current, stages, on_event, resumed)
        except InputError:
            # The user will change the input, and with it the version: an untrained one would only be in the way.
            if not current.training.exists() and not any(current.checkpoints.glob("*")):
                shutil.rmtree(current.folder)
            raise
    return RunResult(current.name, current.folder, "finished", _evaluation(task, current, on_event))


def evaluate(task: Task, version: Version, split: Split, on_event: OnEvent = lambda event: None) -> Evaluation:
    """Generate and score a trained version's answers to one of its splits; the test split's report is renewed.

    :raises InputError: the version is not trained, or the split is empty.
    """
    refuse_unready(version, split)
    with locked(task.folder):
        if split == "test" and needs_validation(task, version):
            run_worker("evaluate", version, task, on_event, split="valid")
        run_worker("evaluate", version, task, on_event, split=split)
        return judge(task, version, split)


def set_beside(
    task: Task, version: Version, names: Iterable[str], on_event: OnEvent = lambda event: None
) -> Evaluation:
    """Have baselines answer an evaluated version's test rows, and renew its report with them.

    :raises InputError: the version is not evaluated, or a baseline cannot be had.
    """
    if not version.has_done("evaluate"):
        raise InputError(
            _("version {name} is not evaluated yet", name=version.name),
            hint=_("go on with tune run {folder}", folder=task.folder),
        )
    with locked(task.folder):
        measure(task, version, names, on_event)
        return judge(task, version, "test")


def refuse_unready(version: Version, split: Split) -> None:
    """:raises InputError: the version is not trained, or the split is empty."""
    state = version.state()
    if state is None or "train" not in state.stages_done:
        raise InputError(_("version {name} is not trained yet", name=version.name), hint=_("run tune train first"))
    if not rows_path(version.prepared, split).stat().st_size:
        raise InputError(_("the {split} split of version {name} has no rows", split=split, name=version.name))


def go_through(task: Task, version: Version, stages: tuple[Stage, ...], on_event: OnEvent, resumed: bool) -> None:
    """Take a version that was begun through the stages that are not done yet."""
    state = version.state()
    assert state is not None
    for stage in stages:
        if stage in state.stages_done:
            if resumed:
                Events(on_event).stage(stage, "skipped")
            continue
        # A worker's last file says that it was done, even if this process was killed before it could note it.
        if stage == "train" and not version.training.exists():
            run_worker("train", version, task, on_event)
        elif stage == "evaluate":
            if needs_validation(task, version):
                run_worker("evaluate", version, task, on_event, split="valid")
            if not (version.evaluation / FILE_NAME).exists():
                run_worker("evaluate", version, task, on_event)
            measure(task, version, task.spec.evaluation.baselines, on_event)
            judge(task, version, "test")
        version.finish_stage(stage)
    state = version.state()
    assert state is not None
    if set(STAGES) <= set(state.stages_done):
        write_provenance(version, read_provenance(version).model_copy(update={"finished": now()}))
        version.set_state(state.model_copy(update={"finished": True}))


def check(task: Task, on_event: OnEvent) -> Scan:
    """Read and check all data.

    :raises InputError: with every problem.
    """
    log = Events(on_event)
    log.stage("check", "started")
    found = scan(task)
    check_what_training_asks(task, found)
    report = report_on(found, task)
    report.raise_for_problems()
    for text in report.notices:
        log.message("check", text, "warning")
    log.stage("check", "finished", rows=dict(report.rows))
    return found


def _begin(
    task: Task, name: str | None, start: Start, hashes: Mapping[str, str], found: Scan, on_event: OnEvent
) -> Version:
    """Begin a new version of the task."""
    following = next_name(task.folder, task.spec.versioning.strategy, training=start.training)
    version = new_version(task.folder, name or task.spec.version or following)
    parent = parent_of(task, version)
    state = State(fingerprint=start.whole, training=start.training, stages_done=("prepare",))
    begin(task, version, state, hashes, found, on_event)
    write_iteration(version, parent)
    return version


def begin(
    task: Task, version: Version, state: State, hashes: Mapping[str, str], found: Scan, on_event: OnEvent
) -> None:
    """Write a version's rows in place of what there was; its ``state`` comes last, so half a start counts for nothing.

    :raises InputError: the data changed since they were checked; nothing is left.
    """
    log = Events(on_event)
    log.stage("prepare", "started")
    if version.folder.exists():
        shutil.rmtree(version.folder)
    version.prepared.mkdir(parents=True)
    try:
        write_rows(task, found, version.prepared)
        if task.spec.training.learns_preference:
            write_pairs(task, version.prepared)
    except InputError:
        shutil.rmtree(version.folder)
        raise
    write_text_atomically(version.definition, dump_task(task))
    write_provenance(version, provenance(task, hashes, code_of(task)))
    version.set_state(state)
    log.stage("prepare", "finished", rows=dict(found.rows))


def _evaluation(task: Task, version: Version, on_event: OnEvent) -> Evaluation | None:
    """The version's evaluation by the task's criteria and beside the baselines of today; None before that stage."""
    if not _done(version, ("evaluate",)):
        return None
    evaluation = read_evaluation(version)
    headline = evaluation.headline
    lacks = missing(task, version)
    if (headline.metric, headline.threshold) == (task.primary_metric, task.threshold) and not lacks:
        return evaluation
    with locked(task.folder):
        write_text_atomically(version.definition, dump_task(task))
        measure(task, version, lacks, on_event)
        return judge(task, version, "test")


def _done(version: Version, stages: tuple[Stage, ...]) -> bool:
    state = version.state()
    return state is not None and set(stages) <= set(state.stages_done)
