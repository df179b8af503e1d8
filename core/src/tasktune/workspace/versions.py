"""The versions of a task: where their files lie, how they are named, and what state each is in."""

from __future__ import annotations

import datetime
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import read_json, write_json_atomically
from tasktune.workspace.names import Strategy as Strategy
from tasktune.workspace.names import following, is_name, order


class State(Value):
    """``state.json``: which run this is, which stages are done, and whether all of them are.

    ``fingerprint`` is equal for two runs if and only if the same definition, data, plugins and base go in;
    ``training`` if the same of them go into the trained model.
    """

    fingerprint: str
    training: str | None = None
    stages_done: tuple[str, ...] = ()
    finished: bool = False


@dataclass(frozen=True)
class Version:
    """One iteration of a task, in a folder of its own; immutable once its state says finished."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def definition(self) -> Path:
        return self.folder / "task.yaml"

    @property
    def provenance(self) -> Path:
        return self.folder / "provenance.json"

    @property
    def prepared(self) -> Path:
        return self.folder / "prepared"

    @property
    def adapter(self) -> Path:
        return self.folder / "adapter"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def decoding(self) -> Path:
        return self.folder / "decoding.json"

    @property
    def evaluation(self) -> Path:
        return self.folder / "evaluation"

    def evaluation_of(self, split: str) -> Path:
        """Where a split's evaluation lies: ``evaluation`` for test, on which the version is judged."""
        return self.evaluation if split == "test" else self.folder / f"evaluation-{split}"

    @property
    def engines(self) -> Path:
        """Where evaluations of the version by other engines than its own lie, each in a folder of its own."""
        return self.folder / "engines"

    @property
    def results(self) -> Path:
        return self.folder / "results.json"

    @property
    def events(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def failure(self) -> Path:
        return self.folder / "failure.json"

    @property
    def at_once(self) -> Path:
        return self.folder / "at_once.json"

    @property
    def training(self) -> Path:
        return self.folder / "training.json"

    @property
    def notes(self) -> Path:
        return self.folder / "notes.md"

    @property
    def changes(self) -> Path:
        return self.folder / "changes.md"

    @property
    def pruned(self) -> Path:
        """Where this is, the weights are gone or about to go, whatever of them is left."""
        return self.folder / "pruned.json"

    @property
    def deployments(self) -> Path:
        """Where it is told to which places the version was deployed; such a version is never pruned."""
        return self.folder / "deployments.jsonl"

    def has_done(self, stage: str) -> bool:
        """Whether a stage is recorded as done."""
        state = self.state()
        return state is not None and stage in state.stages_done

    def state(self) -> State | None:
        """The recorded state; None when the version has not been started properly."""
        path = self.folder / "state.json"
        return State.model_validate(read_json(path)) if path.exists() else None

    def set_state(self, state: State) -> None:
        """Record the state."""
        write_json_atomically(self.folder / "state.json", state.model_dump())

    def finish_stage(self, stage: str) -> None:
        """Record that a stage is done."""
        state = self.state()
        assert state is not None, "a stage can only end in a version that was started"
        if stage not in state.stages_done:
            self.set_state(state.model_copy(update={"stages_done": (*state.stages_done, stage)}))


def versions(task_folder: Path) -> list[Version]:
    """The versions of a task, oldest first."""
    root = task_folder / "versions"
    names = root.iterdir() if root.is_dir() else ()
    folders = [p for p in names if is_name(p.name) and (p / "state.json").exists()]
    return [Version(p) for p in sorted(folders, key=lambda p: (order(p.name), p.name))]


def get_version(task_folder: Path, name: str) -> Version:
    """The version called ``name``.

    :raises InputError: there is none; the message lists those that exist.
    """
    _check_name(name)
    for version in versions(task_folder):
        if version.name == name:
            return version
    from tasktune.definition.suggest import did_you_mean

    known = [version.name for version in versions(task_folder)]
    shown = ", ".join(known) or _("none")
    raise InputError(
        _("{folder} has no version {name}; versions: {known}", folder=task_folder, name=name, known=shown),
        hint=did_you_mean(name, known) or _("train one with tune run"),
    )


def next_name(
    task_folder: Path, strategy: Strategy, today: datetime.date | None = None, *, training: str | None = None
) -> str:
    """The name of the next version: v3 (semantic), 2026-11-20 (date) or v3-20261120 (hybrid).

    A small change has a small number, v2.1 or v2.1-20261120: the model is that of the newest version, and is only asked
    in another way. ``training`` tells, the hash of what the model is trained from.
    """
    made = versions(task_folder)
    small_step_from = made[-1].name if made and training is not None and _has_model(made[-1], training) else None
    taken = {version.name for version in made}
    return following(taken, strategy, today or datetime.date.today(), small_step_from=small_step_from)


def _has_model(version: Version, training: str) -> bool:
    """Whether the version has the model that is trained from this."""
    state = version.state()
    alike = state is not None and state.training == training
    return alike and version.training.exists() and not version.pruned.exists()


def new_version(task_folder: Path, name: str) -> Version:
    """A version with an empty folder, not yet started."""
    _check_name(name)
    folder = task_folder / "versions" / name
    folder.mkdir(parents=True, exist_ok=True)
    return Version(folder)


def reproduction_of(version: Version) -> Version:
    """Where a version is made again: in no place of a version's own, so that it is not taken for one."""
    return Version(version.folder.parent / "reproductions" / version.name)


def is_locked(task_folder: Path) -> bool:
    """Whether a run is at work on the task now."""
    path = task_folder / "versions" / ".lock"
    if not path.is_file():
        return False
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def locked(task_folder: Path) -> Iterator[None]:
    """Hold the task for one run; the kernel lets go of it when the process ends, however it ends.

    :raises InputError: another run holds it.
    """
    path = task_folder / "versions" / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise InputError(
                _("another run is at work on {folder} (process {pid})", folder=task_folder, pid=file.read().strip()),
                hint=_("wait for it to end, or stop it with Ctrl-C there"),
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _check_name(name: str) -> None:
    if not is_name(name):
        raise InputError(
            _("{name!r} cannot be a version's name", name=name),
            hint=_("use letters, digits, dots, dashes and underscores, such as v2"),
        )
