"""``tune train``: a run without its evaluation."""

from __future__ import annotations

from pathlib import Path

import click

from tasktune.cli.help import Command, Example
from tasktune.cli.options import VERSION_TO_MAKE, definition_options, json_option, load, task_argument, version_option
from tasktune.cli.outcome import finish, run_stages


@click.command(
    cls=Command,
    help="Prepare the data and train a model. `tune evaluate` or `tune run` goes on from there.",
    examples=[
        Example("Train the task in this folder:", "tune train"),
        Example(
            "Train now, evaluate later:", "tune train tasks/entity-sentiment && tune evaluate tasks/entity-sentiment"
        ),
    ],
)
@task_argument()
@definition_options
@version_option(VERSION_TO_MAKE)
@json_option
def command(
    task: Path,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    version: str | None,
    as_json: bool,
) -> None:
    """Run the stages up to training."""
    loaded = load(task, task_type, overlays, overrides)
    result = run_stages(loaded, ("prepare", "train"), version)
    finish(loaded, result, as_json=as_json, judged=False)
