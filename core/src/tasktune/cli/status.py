"""``tune status``: how a task stands, or all tasks of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.help import Argument, Command, Example
from tasktune.cli.options import json_option, load
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.workspace.tasks import TaskRow


@click.command(
    cls=Command,
    help="Show how a task stands: the score against the target, each class, the data, the versions, the last "
    "decisions, and what is next. A folder that is no task itself has the tasks in it listed.\n\n"
    "The score is that of the adopted version, else of the newest that is evaluated, by today's criteria. A class is "
    "low (⚠️) with an F1 more than 15 percentage points under the target, or under 60 % (or the target, where that is "
    "lower). Nothing is written.",
    examples=[
        Example("How does the task stand, and what is next?", "tune status tasks/entity-sentiment"),
        Example("All tasks below this folder:", "tune status"),
        Example("Every figure, for a script:", "tune status tasks/entity-sentiment --json"),
    ],
)
@click.argument(
    "task",
    cls=Argument,
    default=Path(),
    type=click.Path(path_type=Path),
    about="The task: its folder, or the task.yaml in it; or a folder of tasks. Default: this folder.",
)
@json_option
def command(task: Path, as_json: bool) -> None:
    """Show one task, or all."""
    from tasktune.definition.load import FILE_NAMES
    from tasktune.workspace.tasks import survey

    if not task.exists():
        raise _nowhere(task)
    if task.is_file() or any((task / name).is_file() for name in FILE_NAMES):
        _one(task, as_json=as_json)
        return
    rows = survey(task)
    if as_json:
        output.show_json({"tasks": [row.model_dump(mode="json") for row in rows]})
    else:
        _all(rows, task)


def _one(task: Path, *, as_json: bool) -> None:
    from tasktune.cli.status_view import words
    from tasktune.improve.status import status

    loaded = load(task, None, (), ())
    found = status(loaded)
    if as_json:
        output.show_json(found.model_dump(mode="json"))
    else:
        output.show(words(found, loaded.plugin.info.metrics))


def _all(rows: list[TaskRow], folder: Path) -> None:
    from tasktune.cli.tasks import words

    nothing = _("there is no task in {folder}; tune init begins one", folder=folder)
    output.show(words(rows) if rows else nothing)


def _nowhere(task: Path) -> InputError:
    """That there is no such task, and which one may be meant."""
    from tasktune.definition.suggest import closest
    from tasktune.workspace.tasks import find_tasks

    known = {path.name: path for place in (Path(), task.parent) if place.is_dir() for path in find_tasks(place)}
    close = closest(task.name, known)
    hint = _("give a task.yaml, or the folder that holds one")
    if close is not None:
        hint = _("did you mean {name}?", name=known[close])
    return InputError("", problems=[Problem(_("no such file"), hint, file=str(task))])
