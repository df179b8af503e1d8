"""``tune prune``: free the space of old versions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example
from tasktune.cli.layout import table
from tasktune.cli.options import by_option, json_option, load, reason_option, task_argument
from tasktune.cli.sizes import size
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.workspace.pruning import Plan, Row


@click.command(
    cls=Command,
    help="Free the space of old versions: their weights and checkpoints, or with --all their whole folders.\n\n"
    "The newest trained versions stay, as many as versioning.retention in task.yaml says, and so do: the adopted "
    "version and the one before it, deployed ones, those that another version or task.yaml starts from, and the newest "
    "that are not finished. Without --all results, predictions and reports stay, so that versions can still be "
    "compared. What goes is shown and asked about first.",
    examples=[
        Example("What would go, and how much space is that?", "tune prune tasks/entity-sentiment --dry-run"),
        Example(
            "Keep the weights of two versions, without asking:", "tune prune tasks/entity-sentiment --keep 2 --yes"
        ),
        Example("Delete old versions with all that they were:", "tune prune tasks/entity-sentiment --all"),
    ],
)
@task_argument()
@click.option(
    "--keep",
    metavar="N",
    type=click.IntRange(1),
    help="How many trained versions to keep, the newest. Default: versioning.retention of task.yaml.",
)
@click.option("--all", "whole", is_flag=True, help="Delete whole folders, with results, predictions and reports.")
@click.option("--dry-run", is_flag=True, help="Show what would go; delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@reason_option
@by_option
@json_option
def command(
    task: Path,
    keep: int | None,
    whole: bool,
    dry_run: bool,
    yes: bool,
    reason: str | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Prune one task."""
    from tasktune.workspace.pruning import plan, prune

    loaded = load(task, None, (), ())
    planned = plan(loaded, _keep(loaded, keep), whole=whole)
    if not as_json:
        output.show(words(planned))
    if planned.freed == 0 and not planned.names:
        dry_run = True
    if not dry_run and not yes and not _agreed(as_json=as_json):
        output.say(_("nothing was deleted"))
        dry_run = True
    if not dry_run:
        with output.writing():
            planned = prune(loaded, planned, reason=reason, by=by)
    if as_json:
        output.show_json({"deleted": not dry_run, **planned.model_dump(mode="json")})
    elif not dry_run:
        output.show(_("freed: {size}", size=size(planned.freed)))


def words(planned: Plan) -> str:
    """The plan as a table, and its sum."""
    if not planned.rows:
        return _("there is nothing to prune")
    header = [_("version"), _("what"), _("why"), _("size")]
    rows = [
        (row.version, _what(row, planned), _why(row, planned), size(row.size) if row.goes else "—")
        for row in planned.rows
    ]
    shown = table(header, rows, numbers=frozenset({3}))
    if not planned.names and not planned.freed:
        return shown + "\n" + _("there is nothing to prune")
    return shown + "\n" + _("to be freed: {size}", size=size(planned.freed))


def _what(row: Row, planned: Plan) -> str:
    if not row.goes:
        return _("stays")
    return _("the whole folder goes") if planned.whole else _("the weights go")


def _why(row: Row, planned: Plan) -> str:
    if row.why is None:
        return _("older than the newest {keep}", keep=planned.keep)
    base = _("task.yaml starts from it") if row.of is None else _("{version} starts from it", version=row.of)
    return {
        "newest": _("one of the newest {keep}", keep=planned.keep),
        "adopted": _("adopted"),
        "adopted before": _("adopted before; tune rollback goes back to it"),
        "deployed": _("deployed"),
        "base": base,
        "running": _("a run may be at work on it"),
        "unfinished": _("not finished; tune run may go on with it"),
    }[row.why]


def _keep(task: Task, keep: int | None) -> int:
    found = keep or task.spec.versioning.retention
    if found is None:
        raise InputError(
            _("nobody has said how many versions to keep"),
            hint=_("set versioning.retention in task.yaml, or give --keep"),
        )
    return found


def _agreed(*, as_json: bool) -> bool:
    """Whether the user agrees to the deletion.

    :raises InputError: nobody is there to ask.
    """
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            _("versions would be deleted, and nobody is here to agree to it"),
            hint=_("--dry-run shows what would go, --yes deletes it"),
        )
    return click.confirm(_("Delete it?"), default=False, err=True)
