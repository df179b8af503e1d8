"""``tune improve``: what to change, sorted by effect over effort; and change it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import completers, output
from tasktune.cli.help import Command, Example
from tasktune.cli.options import by_option, json_option, load, task_argument, version_option
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task


@click.command(
    cls=Command,
    help="Suggest what to do about the findings on a version, what promises most for its effort first, and make the "
    "changes that are lines of task.yaml.\n\n"
    "--apply changes values of task.yaml, and nothing else in it: comments and order stay. One variable at a time: "
    "with more, nobody could tell which had the effect; --allow-several makes several changes at once, and records "
    "that. Why something was changed is recorded in versions/improvements.jsonl, and stands in changes.md of the next "
    "version, with what was expected and what came of it. What a person has to do is listed with the command that "
    "begins it, and never done silently.",
    examples=[
        Example("What helps most?", "tune improve tasks/entity-sentiment"),
        Example("What would change in task.yaml?", "tune improve . --apply balance-sampling --dry-run"),
        Example("Change it and train the next version:", "tune improve . --apply raise-lora-rank --run"),
    ],
)
@task_argument()
@version_option("The version to improve on. Default: the newest, finished or not.")
@click.option(
    "--apply",
    "codes",
    multiple=True,
    metavar="ACTION",
    shell_complete=completers.actions,
    help="Make the change of this action. May be repeated, with --allow-several.",
)
@click.option("--allow-several", is_flag=True, help="Allow more than one variable to change.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--run", "and_run", is_flag=True, help="Run the changed task at once.")
@by_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    task: Path,
    version: str | None,
    codes: tuple[str, ...],
    allow_several: bool,
    dry_run: bool,
    and_run: bool,
    by: str | None,
    as_json: bool,
) -> None:
    """Suggest, and apply."""
    if not codes and (allow_several or dry_run or and_run):
        raise InputError(_("--allow-several, --dry-run and --run go with --apply"))
    if dry_run and and_run:
        raise InputError(_("--dry-run changes nothing, so there is nothing to --run"))
    from tasktune.cli.improve_view import applied_words, words
    from tasktune.improve.apply import apply
    from tasktune.improve.diagnosis import diagnosis_of, newest
    from tasktune.improve.suggestions import chosen, suggestions
    from tasktune.workspace.versions import get_version

    loaded = load(task, None, (), ())
    base = newest(loaded) if version is None else get_version(loaded.folder, version)
    diagnosis = diagnosis_of(loaded, base)
    found = suggestions(diagnosis.findings)
    if not codes:
        if as_json:
            listed = [each.model_dump(mode="json") for each in found]
            output.show_json({"task": loaded.name, "version": base.name, "suggestions": listed})
        else:
            output.show(words(diagnosis, found, loaded.plugin.info.metrics))
        return
    with output.writing():
        done = apply(loaded, base, chosen(found, codes), allow_several=allow_several, dry_run=dry_run, by=by)
    if as_json and not and_run:
        output.show_json(done.model_dump(mode="json"))
    elif not as_json:
        output.show(applied_words(done, task))
    if and_run:
        _run(load(task, None, (), ()), as_json=as_json)


def _run(task: Task, *, as_json: bool) -> None:
    from tasktune.cli.outcome import finish, run_stages
    from tasktune.pipeline import STAGES

    finish(task, run_stages(task, STAGES, None), as_json=as_json, judged=True)
