"""``tune diagnose``: what is wrong with a version, how that shows, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example
from tasktune.cli.options import json_option, load, task_argument, version_option


@click.command(
    cls=Command,
    help="Tell what is wrong with a version: causes and symptoms with their evidence, and actions with the effect that "
    "may be expected of them, the effort, and the change to task.yaml.\n\n"
    "The gravest come first; of equally grave ones, those whose best action promises most for its effort. A version "
    "that is not finished, or whose training failed, is looked at as far as it came. Nothing is written. The exit code "
    "is 1 when a finding is an error, else 0. `tune improve` makes the changes.",
    examples=[
        Example("What keeps the newest version from its target?", "tune diagnose tasks/entity-sentiment"),
        Example("Every figure of v1's findings, for a script:", "tune diagnose . --version v1 --json"),
        Example("Which rules there are, and the limits that they go by:", "tune diagnose --rules"),
    ],
)
@task_argument()
@version_option("The version to look at. Default: the newest, finished or not.")
@click.option("--rules", "list_rules", is_flag=True, help="List the rules and their limits instead.")
@json_option
@click.pass_context
def command(context: click.Context, task: Path, version: str | None, list_rules: bool, as_json: bool) -> None:
    """Diagnose one version."""
    from tasktune.cli.diagnose_view import rules_as_plain, rules_as_words, words

    if list_rules:
        if as_json:
            output.show_json({"rules": rules_as_plain()})
        else:
            output.show(rules_as_words())
        return
    from tasktune.improve.diagnosis import diagnosis_of, newest
    from tasktune.workspace.versions import get_version

    loaded = load(task, None, (), ())
    chosen = newest(loaded) if version is None else get_version(loaded.folder, version)
    found = diagnosis_of(loaded, chosen)
    if as_json:
        output.show_json(found.model_dump(mode="json"))
    else:
        output.show(words(found, loaded.plugin.info.metrics))
    context.exit(1 if found.grave else 0)
