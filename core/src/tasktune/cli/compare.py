"""``tune compare``: is a version better than another one, by more than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import completers, output
from tasktune.cli.document import as_text
from tasktune.cli.help import Argument, Command, Example
from tasktune.cli.options import json_option, known_versions, speak, task_and_names
from tasktune.errors import InputError
from tasktune.locale import current_language
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.evaluation.document import Block
    from tasktune.improve.comparing.compare import Comparison

FEW_ROWS, MANY_ROWS, MOST_ROWS = 3, 20, 1_000
"""Rows fixed and broken that the terminal, Markdown and HTML show of each; --json has them all."""
_FORMATS = (".md", ".html", ".json")


@click.command(
    cls=Command,
    help="Compare versions on the test rows that they all answered: what changed in the definition and the data, every "
    "score and class with the change and whether it is more than chance, the rows that were fixed and broken, and what "
    "to decide.\n\n"
    "Each version is set beside the first one named. The first word is the task if it is a path or a folder with a "
    "definition; without it the task is this folder. The exit code is 1 when a version is worse than the first one on "
    "the metric that decides, beyond chance; else 0.",
    examples=[
        Example("Is v2 of the task in this folder better than v1?", "tune compare v1 v2"),
        Example(
            "Two attempts beside v1, as a page to show to others:",
            "tune compare tasks/entity-sentiment v1 v2 v3 --output comparison.html",
        ),
        Example("Every row that v2 fixed or broke, as JSON:", "tune compare v1 v2 --json"),
    ],
)
@click.argument(
    "words",
    cls=Argument,
    about="The task (default: this folder), and two versions or more.",
    nargs=-1,
    metavar="[TASK] VERSION VERSION...",
    shell_complete=completers.task_versions,
)
@click.option(
    "--output",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the comparison to this file too: .md, .html (one file, works offline) or .json. May be repeated.",
)
@json_option
@click.pass_context
def command(context: click.Context, words: tuple[str, ...], files: tuple[Path, ...], as_json: bool) -> None:
    """Compare versions."""
    for file in files:
        if file.suffix not in _FORMATS:
            raise InputError(
                _("--output {file}: not one of {formats}", file=file, formats=", ".join(_FORMATS)),
                hint=_("name the file comparison.md, comparison.html or comparison.json"),
            )
    task, names = _task_and_versions(words)
    from tasktune.definition import definition_file, load_task
    from tasktune.improve.comparing.compare import compare
    from tasktune.workspace.versions import get_version

    folder = definition_file(task).parent
    # Weights are not needed: versions whose weights were pruned can be compared.
    versions = [get_version(folder, name) for name in names]
    tasks = [load_task(version.definition, folder=folder) for version in versions]
    speak(tasks[-1].spec.language)
    comparison = compare(tasks, versions)
    with output.writing():
        for file in files:
            _write(file, comparison, tasks[-1])
    if as_json:
        output.show_json(comparison.model_dump(mode="json"))
    else:
        output.show(as_text(_blocks(comparison, tasks[-1], FEW_ROWS)))
        for file in files:
            output.show(_("report: {path}", path=file))
    context.exit(1 if comparison.worse else 0)


def _task_and_versions(words: Sequence[str]) -> tuple[Path, list[str]]:
    task, names = task_and_names(words)
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if len(names) < 2 or repeated:
        message = (
            _("{version} is named twice", version=repeated[0])
            if repeated
            else _("name two versions or more to compare")
        )
        raise InputError(message, hint=known_versions(task))
    return task, names


def _blocks(comparison: Comparison, task: Task, most_rows: int, language: str | None = None) -> list[Block]:
    from tasktune.evaluation.wording import Wording
    from tasktune.improve.comparing.report import blocks_of

    wording = Wording(language or current_language(), task.plugin.info.metrics)
    return blocks_of(comparison, wording, most_rows=most_rows)


def _write(file: Path, comparison: Comparison, task: Task) -> None:
    from tasktune.evaluation.document import as_html, as_markdown
    from tasktune.workspace.files import write_text_atomically

    if file.suffix == ".json":
        text = comparison.model_dump_json(indent=2) + "\n"
    elif file.suffix == ".md":
        text = as_markdown(_blocks(comparison, task, MANY_ROWS))
    else:
        text = as_html(_blocks(comparison, task, MOST_ROWS), current_language())
    write_text_atomically(file, text)
