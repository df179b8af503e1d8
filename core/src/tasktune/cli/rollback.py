"""``tune rollback``: go back to the version that was adopted before."""

from __future__ import annotations

from pathlib import Path

import click

from tasktune.cli import completers, output
from tasktune.cli.adopt import show_decided
from tasktune.cli.help import Command, Example
from tasktune.cli.options import by_option, folder_of, json_option, reason_option, task_argument


@click.command(
    cls=Command,
    help="Go back to the version that was adopted before; done again, to the one before that.\n\n"
    "Whatever its score is by today's criteria: it was in use. Where none was adopted before, none is again. Versions "
    "that are gone by now are passed over. Who decided, when and why is added to versions/decisions.jsonl.",
    examples=[
        Example(
            "Undo the last adoption:", 'tune rollback tasks/entity-sentiment --reason "worse on the news of this week"'
        ),
        Example("Go further back, to v1:", "tune rollback tasks/entity-sentiment --to v1"),
    ],
)
@task_argument()
@click.option(
    "--to",
    metavar="VERSION",
    shell_complete=completers.versions,
    help="The version to go back to, one that was adopted before. Default: the last of these.",
)
@reason_option
@by_option
@json_option
def command(task: Path, to: str | None, reason: str | None, by: str | None, as_json: bool) -> None:
    """Go back."""
    from tasktune.improve.decide import roll_back

    folder = folder_of(task)
    with output.writing():
        done = roll_back(folder, to=to, reason=reason, by=by)
    show_decided(done, task, as_json=as_json)
