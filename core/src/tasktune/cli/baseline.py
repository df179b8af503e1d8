"""``tune baseline``: what the base model, or another version, scores on a version's test rows."""

from __future__ import annotations

import click

from tasktune.cli import completers, progress
from tasktune.cli.help import Argument, Command, Example
from tasktune.cli.options import json_option, load_trained, task_and_names, version_option
from tasktune.cli.outcome import finish
from tasktune.errors import Problem
from tasktune.locale import translate as _


@click.command(
    cls=Command,
    help="Score baselines on the test rows of an evaluated version, and show them beside it, here, in its report and "
    "in tune status.\n\n"
    "zero_shot is the base model, asked by the same prompts; few_shot shows it training rows first, one for each class "
    "as far as there is room. The name of another version is that version. Answers are kept: the same base model, "
    "prompts, test rows and decoding rules are not paid for again, for whichever version. evaluation.baselines in "
    "task.yaml asks for them in every run.",
    examples=[
        Example(
            "What would the base model do without training?", "tune baseline tasks/entity-sentiment zero_shot few_shot"
        ),
        Example("How would v1 do on the test rows of v2?", "tune baseline tasks/entity-sentiment v1 --version v2"),
    ],
)
@click.argument(
    "words",
    cls=Argument,
    about="The task (default: this folder), then zero_shot, few_shot, or versions. Default: zero_shot and few_shot.",
    nargs=-1,
    metavar="[TASK] [NAME]...",
    shell_complete=completers.baselines,
)
@version_option("The version to set them beside. Default: the newest that is trained.")
@json_option
def command(words: tuple[str, ...], version: str | None, as_json: bool) -> None:
    """Measure baselines."""
    from tasktune.definition.fields import BASE_BASELINES
    from tasktune.pipeline import RunResult
    from tasktune.pipeline.baselines import refuse_unknown
    from tasktune.pipeline.stages import set_beside

    task, names = task_and_names(words)
    loaded, chosen = load_trained(task, version, weights=False)
    refuse_unknown(loaded, names, lambda message, hint: Problem(message, hint))
    try:
        with progress.shown() as on_event:
            evaluation = set_beside(loaded, chosen, names or BASE_BASELINES, on_event)
    except KeyboardInterrupt as interruption:
        raise click.Abort(_("the same command goes on where this one stopped")) from interruption
    result = RunResult(chosen.name, chosen.folder, "finished", evaluation)
    finish(loaded, result, as_json=as_json, judged=False)
