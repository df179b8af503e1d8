"""The program ``tune``: the table of its commands, and what holds for all of them."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Any

import click

from tasktune import __version__
from tasktune.cli.errors import exit_code_of
from tasktune.cli.group import Entry, LazyGroup
from tasktune.cli.help import Example
from tasktune.cli.settings import Settings
from tasktune.locale import environment_language, use_language

COMMANDS = {
    "init": Entry("tasktune.cli.init:command", "Begin a new task, guided by questions."),
    "tasks": Entry("tasktune.cli.tasks:command", "List the tasks in a folder."),
    "status": Entry("tasktune.cli.status:command", "Show how a task stands, and what is next."),
    "run": Entry("tasktune.cli.run:command", "Prepare, train and evaluate a task."),
    "check": Entry("tasktune.cli.check:command", "Check a task's definition and data."),
    "checklist": Entry("tasktune.cli.checklist:command", "Show what is done of the checklist."),
    "plan": Entry("tasktune.cli.plan:command", "Estimate memory and time of a training."),
    "data": Entry("tasktune.cli.data:command", "Bring data into a task, and look after it."),
    "train": Entry("tasktune.cli.train:command", "Prepare and train, without evaluating."),
    "evaluate": Entry("tasktune.cli.evaluate:command", "Evaluate a trained version."),
    "baseline": Entry("tasktune.cli.baseline:command", "Score the base model beside a version."),
    "diagnose": Entry("tasktune.cli.diagnose:command", "Tell what is wrong with a version."),
    "improve": Entry("tasktune.cli.improve:command", "Suggest improvements, and make them."),
    "compare": Entry("tasktune.cli.compare:command", "Tell whether a version is better than another."),
    "curve": Entry("tasktune.cli.curve:command", "Tell how many more rows the target needs."),
    "sweep": Entry("tasktune.cli.sweep:command", "Try settings of the training."),
    "predict": Entry("tasktune.cli.predict:command", "Ask a trained version for answers."),
    "adopt": Entry("tasktune.cli.adopt:command", "Take a version into use."),
    "rollback": Entry("tasktune.cli.rollback:command", "Go back to the version adopted before."),
    "prune": Entry("tasktune.cli.prune:command", "Free the space of old versions."),
    "plugins": Entry("tasktune.cli.plugins:command", "List the installed plugins."),
    "schema": Entry("tasktune.cli.schema:command", "Print the JSON Schema of task.yaml."),
    "completion": Entry("tasktune.cli.completion:command", "Complete commands in your shell."),
}


class Tune(LazyGroup):
    """The group that ends in our exit codes and speaks the language that was asked for."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        settings = Settings.of(sys.argv[1:] if args is None else args)
        use_language(settings.language or environment_language())
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A terminal that cannot show Chinese gets escapes, not a crash.
                stream.reconfigure(errors="backslashreplace")
        run = super().main
        code = exit_code_of(
            lambda: run(args, prog_name, complete_var, standalone_mode=False, obj=settings, **extra), settings
        )
        if standalone_mode:
            sys.exit(code)
        return code


@click.command(
    cls=Tune,
    entries=COMMANDS,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    help="Turn labelled examples into a measured, reproducible small language model.\n\n"
    "A task is a folder with a task.yaml. Its runs are kept in versions/v1, v2, …; "
    "`tune COMMAND --help` has more on each command.",
    examples=[
        Example("Check a task's definition and data before anything is trained:", "tune check tasks/entity-sentiment"),
        Example(
            "Train and evaluate it; the same command goes on after an interruption:", "tune run tasks/entity-sentiment"
        ),
        Example("Ask the new model:", 'tune predict tasks/entity-sentiment "台積電營收創新高" --field entity=台積電'),
    ],
)
@click.version_option(
    __version__, prog_name="tasktune", message="%(prog)s %(version)s", help="Show the version and exit."
)
@click.pass_context
def tune(context: click.Context) -> None:
    """The root of all commands; alone it shows its help."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
