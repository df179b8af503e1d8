"""``tune data convert``: the rows as they are trained on, for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example
from tasktune.cli.layout import table
from tasktune.cli.made import force_option, show_end
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import translate as _


@click.command(
    cls=Command,
    help="Write the rows of every split as chats, with the messages and roles that training uses, or in the formats of "
    "other tools.\n\n"
    "chat: {messages: [{role, content}]} in data/chat_format. sharegpt: {conversations: [{from, value}]} in "
    "data/sharegpt. alpaca: {instruction, input, output, system} in data/alpaca. One JSON object a line.",
    examples=[
        Example("The chats, in data/chat_format:", "tune data convert tasks/entity-sentiment"),
        Example(
            "For a tool that wants Alpaca rows:",
            "tune data convert tasks/entity-sentiment --to alpaca --output new/alpaca",
        ),
    ],
)
@task_argument()
@click.option(
    "--to",
    type=click.Choice(["chat", "sharegpt", "alpaca"]),
    default="chat",
    help="The format to write. Default: chat.",
)
@click.option(
    "--output",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="The folder for train.jsonl, valid.jsonl and test.jsonl. Default: the format's own under the task's data.",
)
@force_option
@definition_options
@json_option
def command(
    task: Path,
    to: str,
    folder: Path | None,
    force: bool,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Convert one task's rows."""
    from tasktune.data.convert import convert

    loaded = load(task, task_type, overlays, overrides)
    done = convert(loaded, to, folder.absolute() if folder else None, force=force)
    if as_json:
        output.show_json(done.model_dump(mode="json"))
        return
    rows = [(split, f"{done.rows[split]:,}", file) for split, file in done.files.items()]
    output.show(table([_("split"), _("row count"), _("file")], rows, numbers=frozenset({1})))
    show_end(done.backup, [])
