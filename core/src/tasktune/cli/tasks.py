"""``tune tasks``: every task in a folder, and how it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.help import Argument, Command, Example
from tasktune.cli.layout import table
from tasktune.cli.options import json_option
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.workspace.tasks import TaskRow

NOTHING = "—"


@click.command(
    cls=Command,
    help="List the tasks in a folder: their type, versions, score against target, state and last run.\n\n"
    "Tasks are looked for in the folder itself, in the folders in it, and in those in its tasks/. The score is that of "
    "the adopted version, else of the newest that is evaluated, by today's success criteria. Nothing is written.",
    examples=[
        Example("The tasks below this folder:", "tune tasks"),
        Example("Those in another folder, for a script:", "tune tasks tasks/ --json"),
    ],
)
@click.argument(
    "folder",
    cls=Argument,
    default=Path(),
    type=click.Path(path_type=Path),
    about="Where to look for tasks. Default: this folder.",
)
@json_option
def command(folder: Path, as_json: bool) -> None:
    """List the tasks."""
    from tasktune.workspace.tasks import survey

    if not folder.is_dir():
        raise InputError(_("{folder} is no folder", folder=folder))
    rows = survey(folder)
    if as_json:
        output.show_json({"tasks": [row.model_dump(mode="json") for row in rows]})
    elif not rows:
        output.show(_("there is no task in {folder}; tune init begins one", folder=folder))
    else:
        output.show(words(rows))


def words(rows: list[TaskRow]) -> str:
    """The tasks as a table, and under it the problems of those that have any."""
    header = [_("task"), _("type"), _("versions"), _("score"), _("target"), _("state"), _("last run")]
    lines = [table(header, [_cells(row) for row in rows])]
    lines += [_("{title}: {text}", title=row.name, text=row.problem) for row in rows if row.problem]
    return "\n".join(lines)


def _cells(row: TaskRow) -> tuple[str, ...]:
    verdict = row.verdict
    score = NOTHING if verdict is None else f"{verdict.metric} {verdict.value:.3f} ({row.judged})"
    states = {
        "broken": _("broken definition"),
        "no data": _("no data yet"),
        "ready": _("ready to run"),
        "running": _("running"),
        "stopped": _("stopped; tune run goes on"),
        "failed": _("failed; tune run goes on"),
        "met": _("target met"),
        "not met": _("target not met"),
    }
    last = NOTHING if row.last_run is None else row.last_run.astimezone().strftime("%Y-%m-%d %H:%M")
    versions = f"{len(row.versions)} ({row.versions[-1]})" if row.versions else "0"
    if row.adopted is not None:
        versions += _(", adopted {version}", version=row.adopted)
    target = NOTHING if verdict is None else f"{verdict.threshold:g}"
    return row.name, row.task_type or NOTHING, versions, score, target, states[row.state], last
