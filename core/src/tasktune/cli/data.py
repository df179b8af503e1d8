"""``tune data``: the tools for data files, each a command of its own."""

from __future__ import annotations

import click

from tasktune.cli.group import Entry, LazyGroup
from tasktune.cli.help import Example

COMMANDS = {
    "import": Entry("tasktune.cli.data_import:command", "Import rows from a file, a data set or a database."),
}


@click.command(
    cls=LazyGroup,
    entries=COMMANDS,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    help="Bring data into a task, and look after it.\n\n`tune data COMMAND --help` has more on each command.",
    examples=[
        Example("Import a table for the task in this folder:", "tune data import rows.xlsx --task ."),
        Example(
            "See what importing can do:",
            "tune data import --help",
        ),
    ],
)
@click.pass_context
def command(context: click.Context) -> None:
    """The group; alone it shows its help."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
