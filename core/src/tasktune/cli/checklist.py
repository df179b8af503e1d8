"""``tune checklist``: what is done on the way to a deployed model, by what can be verified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.checklist.verify import Checklist

BOXES = {"done": "[x]", "open": "[ ]", "not_needed": "[-]", "unknown": "[?]"}


@click.command(
    cls=Command,
    help="Show the checklist of fine-tuning, from the goal to the deployment, each item with what was verified.\n\n"
    "[x] is done, [ ] is not, [-] is not needed here, and [?] could not be verified: a person has to judge it, or it "
    "belongs to a step that was not taken yet. Every row of the data is read; nothing is written.",
    examples=[
        Example("Where does this task stand?", "tune checklist"),
        Example("Every item with its state, for a script:", "tune checklist tasks/entity-sentiment --json"),
    ],
)
@task_argument()
@definition_options
@json_option
def command(
    task: Path, task_type: str | None, overlays: tuple[str, ...], overrides: tuple[str, ...], as_json: bool
) -> None:
    """Show the checklist of one task."""
    from tasktune.checklist.verify import checklist

    found = checklist(load(task, task_type, overlays, overrides))
    if as_json:
        output.show_json(found.model_dump(mode="json"))
    else:
        output.show("\n".join(lines(found)))


def lines(found: Checklist) -> Iterator[str]:
    """The list as it is shown."""
    for phase in found.phases:
        yield phase.title
        for section in phase.sections:
            yield f"  {section.title}"
            for item in section.items:
                evidence = _(": {evidence}", evidence=item.evidence) if item.evidence else ""
                yield f"    {BOXES[item.state]} {item.text}{evidence}"
        yield ""
    counts = found.counts
    yield _(
        "{done} done, {open} open, {not_needed} not needed, {unknown} not verified",
        done=counts["done"],
        open=counts["open"],
        not_needed=counts["not_needed"],
        unknown=counts["unknown"],
    )
