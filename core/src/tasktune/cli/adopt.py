"""``tune adopt``: take a version into use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import completers, output
from tasktune.cli.help import Argument, Command, Example
from tasktune.cli.options import by_option, json_option, known_versions, load, reason_option, task_and_names
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.improve.decide import Decided


@click.command(
    cls=Command,
    help="Take a version into use: from now on `tune predict` asks it, and it is never pruned.\n\n"
    "Who decided, when and why is added to versions/decisions.jsonl, and versions/current says which version is "
    "adopted. A version that is not finished, failed or misses the target of today's task.yaml is refused; --force "
    "adopts it all the same, with a reason. `tune rollback` goes back.",
    examples=[
        Example("Adopt v2 of the task in this folder:", "tune adopt v2"),
        Example("Say why:", 'tune adopt tasks/entity-sentiment v2 --reason "neutral news are told apart at last"'),
        Example(
            "Adopt a version that misses the target:",
            'tune adopt tasks/entity-sentiment v1 --force --reason "better than nothing, for the demo"',
        ),
    ],
)
@click.argument(
    "words",
    cls=Argument,
    about="The task (default: this folder), and the version to adopt.",
    nargs=-1,
    metavar="[TASK] VERSION",
    shell_complete=completers.task_versions,
)
@reason_option
@by_option
@click.option("--force", is_flag=True, help="Adopt it whatever speaks against it; needs a --reason.")
@json_option
def command(words: tuple[str, ...], reason: str | None, by: str | None, force: bool, as_json: bool) -> None:
    """Adopt one version."""
    from tasktune.improve.decide import adopt

    task, names = task_and_names(words)
    if len(names) != 1:
        raise InputError(_("name one version to adopt"), hint=known_versions(task))
    loaded = load(task, None, (), ())
    with output.writing():
        done = adopt(loaded, names[0], reason=reason, by=by, force=force)
    show_decided(done, task, as_json=as_json)


def show_decided(done: Decided, task: Path, *, as_json: bool) -> None:
    """Show which version is adopted now, and which was."""
    for notice in done.notices:
        output.say(notice)
    if as_json:
        output.show_json(done.model_dump(mode="json"))
        return
    was = done.before or _("none")
    if done.status == "unchanged":
        output.show(_("nothing to do: {version} is adopted already", version=done.version))
    elif done.version is None:
        output.show(_("no version is adopted now, as before {was} was", was=was))
    else:
        output.show(_("{version} is adopted now; before: {was}", version=done.version, was=was))
    if done.status == "adopted":
        output.show(_("tune rollback {task} undoes it", task=task))
