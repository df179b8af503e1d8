"""``tune run``: prepare, train and evaluate."""

from __future__ import annotations

from pathlib import Path

import click

from tasktune.cli import completers
from tasktune.cli.help import Command, Example
from tasktune.cli.options import VERSION_TO_MAKE, definition_options, json_option, load, task_argument, version_option
from tasktune.cli.outcome import finish, run_stages


@click.command(
    cls=Command,
    help="Prepare the data, train a model and evaluate it against the task's success criteria.\n\n"
    "Each run is a version of the task, kept in versions/. With nothing changed since the last run there is nothing "
    "to do; after an interruption the same command goes on where it stopped. "
    "The exit code is 0 when the criteria are met and 1 when they are not.\n\n"
    "--reproduce makes a version again instead, of the data, base and settings that it was made of, and compares: the "
    "exit code is 0 when every answer and every metric is what it was. The version itself stays as it is.",
    examples=[
        Example(
            "A quick first look, with configs/quick.yaml laid over task.yaml:",
            "tune run tasks/entity-sentiment --config quick",
        ),
        Example(
            "Change two values for this run and keep the result in a file:",
            "tune run tasks/entity-sentiment --set training.epochs=2 --set training.seed=7 --json > result.json",
        ),
        Example("Does version v1 come out the same again?", "tune run tasks/entity-sentiment --reproduce v1"),
    ],
)
@task_argument()
@definition_options
@version_option(VERSION_TO_MAKE)
@click.option(
    "--reproduce",
    metavar="VERSION",
    shell_complete=completers.versions,
    help="Make this version (v1, or its folder) again from what it was made of, and compare.",
)
@json_option
def command(
    task: Path,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    version: str | None,
    reproduce: str | None,
    as_json: bool,
) -> None:
    """Run all stages."""
    if reproduce is not None:
        from tasktune.cli import reproduce as again

        again.refuse_beside({"--task-type": task_type, "--config": overlays, "--set": overrides, "--version": version})
        again.reproduce(task, reproduce, as_json=as_json)
    loaded = load(task, task_type, overlays, overrides)
    result = run_stages(loaded, ("prepare", "train", "evaluate"), version)
    finish(loaded, result, as_json=as_json, judged=True)
