"""Make a version again from what it was made of, and compare."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasktune.data.scan import Scan
from tasktune.definition.load import load_task
from tasktune.definition.unsupported import limits
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.pipeline.changes import changes
from tasktune.pipeline.comparison import Reproduction, compare
from tasktune.pipeline.reproduction_report import write_reproduction
from tasktune.pipeline.stages import STAGES, begin, check, go_through
from tasktune.training.launch import WorkerStage, worker_environment
from tasktune.workspace.environment import Difference, Environment, differences, environment, facts
from tasktune.workspace.events import Event, Events
from tasktune.workspace.files import read_json
from tasktune.workspace.provenance import Provenance, read_provenance
from tasktune.workspace.versions import State, Version, locked, reproduction_of, versions

if TYPE_CHECKING:
    from tasktune.definition import Task


@dataclass(frozen=True)
class Reproduced:
    """How making a version again ended: ``unchanged`` when that had been done already, in this environment."""

    folder: Path
    status: Literal["finished", "unchanged"]
    reproduction: Reproduction


def as_it_was(version: Version) -> Task:
    """The task that a version was made of. A base model on the Hub is pinned to the commit that was used.

    :raises InputError: the version is not finished, its provenance cannot be read, or its task type is not here.
    """
    state = version.state()
    folder = version.folder.parent.parent
    if state is None or not state.finished:
        raise InputError(
            _("version {name} is not finished, so there is nothing to compare with", name=version.name),
            hint=_("go on with tune run {folder}", folder=folder),
        )
    commit = read_provenance(version).base.commit
    # In quotes: a commit of digits alone would be read as a number.
    pinned = [] if commit is None else [f'training.revision="{commit}"']
    return load_task(version.definition, folder=folder, overrides=pinned)


def reproduce(task: Task, version: Version, on_event: Callable[[Event], None] = lambda event: None) -> Reproduced:
    """Make a version of the task (:func:`as_it_was`) again and compare; what was begun before is gone on with.

    The reproduction is a version in a place of its own (:func:`reproduction_of`), which runs never take anything from,
    and which takes nothing from any version.

    :raises InputError: what the version was made of is not what is there now: all of it is named, nothing is written.
    :raises RunError: a stage failed; the same call goes on where it stopped.
    :raises KeyboardInterrupt: interrupted; likewise.
    """
    recorded = read_provenance(version)
    problems = [*limits(task), *changes(task, version, recorded)]
    if problems:
        message = _("version {name} cannot be made again from what is here", name=version.name)
        raise InputError(message, problems=problems)
    stages: tuple[WorkerStage, ...] = ("train", "evaluate")
    here = [environment(task, worker_environment(stage, task)) for stage in stages]
    environments = _environments(version, recorded)
    _warn(version, recorded, differences(environments, here), on_event)
    again = reproduction_of(version)
    state = version.state()
    assert state is not None
    key = _key(state, here)
    found = None if _begun(again, key) else check(task, on_event)
    with locked(task.folder):
        resumed = _begun(again, key)
        if not resumed:
            _begin(task, version, again, key, recorded, found or check(task, on_event), on_event)
        done = _finished(again)
        if not done:
            go_through(task, again, STAGES, on_event, resumed)
        compared = compare(version, again, differences(environments, read_provenance(again).environments))
        write_reproduction(task, again, compared)
    return Reproduced(again.folder, "unchanged" if done else "finished", compared)


def _begin(
    task: Task,
    version: Version,
    again: Version,
    key: str,
    recorded: Provenance,
    found: Scan,
    on_event: Callable[[Event], None],
) -> None:
    if again.state() is not None and not _finished(again):
        text = _(
            "what was begun in another environment is left, and {version} made from its beginning",
            version=version.name,
        )
        Events(on_event).message("prepare", text)
    # No hash of what it is trained from: nobody's model is taken over.
    state = State(fingerprint=key, training=None, stages_done=("prepare",))
    begin(task, again, state, recorded.data, found, on_event)


def _finished(again: Version) -> bool:
    state = again.state()
    return state is not None and state.finished


def _begun(again: Version, key: str) -> bool:
    state = again.state()
    return state is not None and state.fingerprint == key


def _key(of: State, here: Sequence[Environment]) -> str:
    """What tells one reproduction from another: the version's own start and the environment. A second one in another
    environment is another one, and half of it in each would be neither."""
    values = {"of": of.fingerprint, "in": [facts(each) for each in here]}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _environments(version: Version, recorded: Provenance) -> list[Environment]:
    """Where a version's numbers were computed; for a model that was taken over, where that was trained too."""
    trained_in = read_json(version.training).get("trained_in")
    others = [each for each in versions(version.folder.parent.parent) if each.name == trained_in]
    return [*(found for each in others for found in read_provenance(each).environments), *recorded.environments]


def _warn(
    version: Version, recorded: Provenance, different: tuple[Difference, ...], on_event: Callable[[Event], None]
) -> None:
    log = Events(on_event)
    base = recorded.base
    if base.commit is None and base.files is None:
        text = _("which commit of {base} {version} was made of is not known", base=base.name, version=version.name)
        log.message("check", text, "warning")
    if not different:
        return
    text = _("this is not the environment in which {version} was made, so results may differ", version=version.name)
    log.message("check", text, "warning")
    for each in different:
        log.message("check", _("{name}: {then} then, {now} now", name=_(each.name), then=each.then, now=each.now))
