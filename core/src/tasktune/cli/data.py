"""``tune data``: the commands that look at a task's rows and make files of them."""

from __future__ import annotations

import click

from tasktune.cli.group import Entry, LazyGroup
from tasktune.cli.help import Example

COMMANDS = {
    "import": Entry("tasktune.cli.data_import:command", "Import rows from a file, a data set or a database."),
    "preview": Entry("tasktune.cli.data_preview:command", "Show the exact tokens of a row, and which are trained."),
    "generate": Entry("tasktune.cli.data_generate:command", "Ask a language model for more rows."),
    "review": Entry("tasktune.cli.data_review:command", "Decide which generated rows become training rows."),
    "stats": Entry("tasktune.cli.data_stats:command", "Show rows, classes and lengths of every split."),
    "noise": Entry("tasktune.cli.data_noise:command", "List rows whose label is probably wrong."),
    "split": Entry("tasktune.cli.data_split:command", "Write train, valid and test to files of their own."),
    "balance": Entry("tasktune.cli.data_balance:command", "Bring every class of train to a count of rows."),
    "convert": Entry("tasktune.cli.data_convert:command", "Write the rows as chats, or for other tools."),
}


@click.command(
    cls=LazyGroup,
    entries=COMMANDS,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    help="Bring data into a task, and look after it.\n\n`tune data COMMAND --help` has more on each command.",
    examples=[
        Example("Import a table for the task in this folder:", "tune data import rows.xlsx --task ."),
        Example("What does the model get to see of a row?", "tune data preview tasks/entity-sentiment"),
        Example(
            "Split the rows, so that a source is on one side only:",
            "tune data split tasks/entity-sentiment --group-by source --force",
        ),
    ],
)
@click.pass_context
def command(context: click.Context) -> None:
    """The group of the data commands; alone it shows its help."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
