"""The versions of a task: where their files lie, how they are named, and what state each is in."""

from __future__ import annotations

import datetime
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import read_json, write_json_atomically

Strategy = Literal["semantic", "date", "hybrid"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# versions/current says which version is adopted; versions/reproductions holds versions that were made again.
_RESERVED = ("current", "reproductions")


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
    def rows_at_once(self) -> Path:
        return self.folder / "rows_at_once.json"

    @property
    def training(self) -> Path:
        return self.folder / "training.json"

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
    folders = [p for p in root.iterdir() if (p / "state.json").exists()] if root.is_dir() else []
    return [Version(p) for p in sorted(folders, key=lambda p: (_order(p.name), p.name))]


def get_version(task_folder: Path, name: str) -> Version:
    """The version called ``name``.

    :raises InputError: there is none; the message lists those that exist.
    """
    _check_name(name)
    for version in versions(task_folder):
        if version.name == name:
            return version
    known = ", ".join(version.name for version in versions(task_folder)) or _("none")
    raise InputError(
        _("{folder} has no version {name}; versions: {known}", folder=task_folder, name=name, known=known),
        hint=_("train one with tune run"),
    )


def next_name(task_folder: Path, strategy: Strategy, today: datetime.date | None = None) -> str:
    """The name of the next version: v3 (semantic), 2026-11-20 (date) or v3-20261120 (hybrid)."""
    taken = {version.name for version in versions(task_folder)}
    day = today or datetime.date.today()
    if strategy == "date":
        name, count = day.isoformat(), 1
        while name in taken:
            count += 1
            name = f"{day.isoformat()}.{count}"
        return name
    numbers = [int(match[1]) for name in taken if (match := re.match(r"v(\d+)", name))]
    number = max(numbers, default=0) + 1
    return f"v{number}" if strategy == "semantic" else f"v{number}-{day:%Y%m%d}"


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


def _order(name: str) -> tuple[int, ...]:
    """Version names sort by the numbers in them: v2 before v10, v2 before v2.1."""
    return tuple(int(number) for number in re.findall(r"\d+", name))


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise InputError(
            _("{name!r} cannot be a version's name", name=name),
            hint=_("use letters, digits, dots, dashes and underscores, such as v2"),
        )
