"""All tasks below a folder, each with what a look at its files tells: versions, score against target, state."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tasktune.definition import Task, load_task
from tasktune.definition.load import FILE_NAMES
from tasktune.errors import InputError
from tasktune.evaluation.criteria import Verdict
from tasktune.types import Value
from tasktune.workspace.decisions import adopted_name
from tasktune.workspace.standing import newest_evaluated, verdict_of
from tasktune.workspace.versions import Version, is_locked, versions

State = Literal["broken", "no data", "ready", "running", "stopped", "failed", "met", "not met"]
"""``stopped``: the newest version is not finished and nobody is at work on it; ``failed``: and its worker failed."""


class TaskRow(Value):
    """One task. ``verdict`` judges the version that counts (``judged``: the adopted one, else the newest that is
    evaluated) by the task's criteria of today.

    ``last_run`` is when the newest version last got on, in UTC. A definition that cannot be read has its ``problem``.
    """

    folder: str
    name: str
    task_type: str | None
    versions: tuple[str, ...]
    adopted: str | None
    judged: str | None
    verdict: Verdict | None
    state: State
    last_run: datetime.datetime | None
    problem: str | None = None


def find_tasks(folder: Path) -> list[Path]:
    """The folders with a task's definition: the folder itself, those in it, and those in its ``tasks/``."""
    return list(dict.fromkeys(path for path in _places(folder) if _has_definition(path)))


def survey(folder: Path) -> list[TaskRow]:
    """Every task below a folder, by name."""
    return sorted((_row(path) for path in find_tasks(folder)), key=lambda row: (row.name, row.folder))


def _places(folder: Path) -> Iterator[Path]:
    yield folder
    for place in (folder, folder / "tasks"):
        if place.is_dir():
            yield from sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))


def _has_definition(folder: Path) -> bool:
    return any((folder / name).is_file() for name in FILE_NAMES)


def _row(folder: Path) -> TaskRow:
    made = versions(folder)
    names = tuple(version.name for version in made)
    last = _last_change(made[-1]) if made else None
    try:
        task = load_task(folder)
    except InputError as error:
        return TaskRow(
            folder=str(folder),
            name=folder.resolve().name,
            task_type=None,
            versions=names,
            adopted=None,
            judged=None,
            verdict=None,
            state="broken",
            last_run=last,
            problem=str(error.problems[0]) if error.problems else error.message,
        )
    adopted, judged, verdict, problem = _judged(task, made)
    return TaskRow(
        folder=str(folder),
        name=task.name,
        task_type=task.spec.task_type,
        versions=names,
        adopted=adopted,
        judged=None if judged is None else judged.name,
        verdict=verdict,
        state=_state(task, made, verdict),
        last_run=last,
        problem=problem,
    )


def _state(task: Task, made: list[Version], verdict: Verdict | None) -> State:
    if is_locked(task.folder):
        return "running"
    if not made:
        return "ready" if any(path.is_file() for path in task.data_files("train")) else "no data"
    if not made[-1].has_done("evaluate"):
        return "failed" if made[-1].failure.exists() else "stopped"
    return "met" if verdict is not None and verdict.met else "not met"


def _judged(task: Task, made: list[Version]) -> tuple[str | None, Version | None, Verdict | None, str | None]:
    """The adopted version's name, the version that counts and the verdict on it, and why there is none if so."""
    adopted = judged = None
    try:
        adopted = adopted_name(task.folder)
        judged = counted(made, adopted)
        return adopted, judged, None if judged is None else verdict_of(task, judged), None
    except InputError as error:
        return adopted, judged, None, str(error.problems[0]) if error.problems else error.message


def counted(made: list[Version], adopted: str | None) -> Version | None:
    """The version by which a task is judged: the adopted one if it is evaluated, else the newest that is."""
    return next((each for each in made if each.name == adopted and each.has_done("evaluate")), newest_evaluated(made))


def _last_change(version: Version) -> datetime.datetime:
    changed = (version.folder / "state.json").stat().st_mtime
    return datetime.datetime.fromtimestamp(changed, datetime.timezone.utc).replace(microsecond=0)
