"""``tune schema``: the JSON Schema of task.yaml, with which editors complete and check it."""

from __future__ import annotations

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example


@click.command(
    cls=Command,
    help="Print the JSON Schema of task.yaml, with the options of every installed task type, so that an editor can "
    "complete and check it.",
    examples=[
        Example("Keep it beside your tasks:", "tune schema > tasks/task.schema.json"),
        Example(
            "Then make this the first line of a task.yaml, for editors with the YAML language server:",
            "# yaml-language-server: $schema=../task.schema.json",
        ),
    ],
)
def command() -> None:
    """Print the schema."""
    from tasktune.definition.schema import task_json_schema

    output.show_json(task_json_schema())
