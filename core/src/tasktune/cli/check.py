"""``tune check``: what is wrong with a task before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example
from tasktune.cli.layout import table
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.check import CheckReport
    from tasktune.data.records import Split

MAX_SHOWN = 50


@click.command(
    cls=Command,
    help="Check a task's definition and every row of its data, and list all problems together.\n\n"
    "Nothing is written and no model is loaded. The exit code is 2 when there are problems.",
    examples=[
        Example("Check the task in this folder:", "tune check"),
        Example("Check it as a quick run would see it:", "tune check tasks/entity-sentiment --config quick"),
        Example("Only the problems, for a script:", "tune check tasks/entity-sentiment --json"),
    ],
)
@task_argument()
@definition_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    task: Path,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check one task."""
    from tasktune.data.check import check

    loaded = load(task, task_type, overlays, overrides)
    report = check(loaded)
    if as_json:
        output.show_json({"ok": report.ok, **report.model_dump(mode="json")})
    else:
        output.show("\n\n".join(sections(report, loaded.spec.task_name)))
    context.exit(0 if report.ok else 2)


def sections(report: CheckReport, task_name: str) -> list[str]:
    """The report in parts: rows, classes, notices, problems, and the verdict."""
    parts = [
        table([_("split"), _("row count")], [(s, f"{n:,}") for s, n in report.rows.items()], numbers=frozenset({1}))
    ]
    parts += class_table(report.classes)
    if report.notices:
        parts.append("\n".join(_("Notice: {text}", text=notice) for notice in report.notices))
    if report.ok:
        parts.append(_("{task} is ready to run", task=task_name))
        return parts
    shown = [str(problem) for problem in report.problems[:MAX_SHOWN]]
    title = _("problems ({count}):", count=f"{report.problem_count:,}")
    parts.append("\n".join([title, *("  " + line for line in shown), *_more(report.problem_count, len(shown))]))
    return parts


def class_table(counts: Mapping[Split, Mapping[str, int]]) -> list[str]:
    """How many rows of each split show each class; nothing when there are no classes."""
    classes = sorted({name for of_split in counts.values() for name in of_split})
    if not classes:
        return []
    rows = [(name, *(f"{of_split.get(name, 0):,}" for of_split in counts.values())) for name in classes[:MAX_SHOWN]]
    shown = table([_("class"), *counts], rows, numbers=frozenset(range(1, len(counts) + 1)))
    return ["\n".join([shown, *_more(len(classes))])]


def _more(count: int, shown: int = MAX_SHOWN) -> list[str]:
    return ["  " + _("… and {more} more", more=f"{count - shown:,}")] if count > shown else []
