"""``tune evaluate``: judge a trained version again."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from tasktune.cli import progress
from tasktune.cli.help import Command, Example
from tasktune.cli.options import json_option, load_trained, task_argument, version_option
from tasktune.cli.outcome import finish


@click.command(
    cls=Command,
    help="Evaluate a trained version, as its own copy of task.yaml says, and print its scores.\n\n"
    "The exit code is 0 when the task's success criteria are met and 1 when they are not.",
    examples=[
        Example("Evaluate the newest version of the task in this folder:", "tune evaluate"),
        Example("How does version v1 do on the validation rows?", "tune evaluate . --version v1 --split valid"),
    ],
)
@task_argument()
@version_option("The version to evaluate. Default: the newest that is trained.")
@click.option(
    "--split",
    type=click.Choice(["test", "valid", "train"]),
    default="test",
    help="The rows to evaluate on. Default: test.",
)
@json_option
def command(
    task: Path,
    version: str | None,
    split: Literal["test", "valid", "train"],
    as_json: bool,
) -> None:
    """Evaluate one version."""
    from tasktune.pipeline import RunResult, evaluate

    loaded, chosen = load_trained(task, version)
    with progress.shown() as on_event:
        evaluation = evaluate(loaded, chosen, split, on_event)
    result = RunResult(chosen.name, chosen.folder, "finished", evaluation)
    finish(loaded, result, as_json=as_json, judged=True)
