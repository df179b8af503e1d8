"""``tune sweep``: try settings of the training, and tell which of them is better by more than luck."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output, progress
from tasktune.cli.document import as_text
from tasktune.cli.help import Command, Example
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import current_language
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.evaluation.document import Block
    from tasktune.improve.sweep.results import Sweep


@click.command(
    cls=Command,
    help="Try settings of the training, as sweep.space in task.yaml says, judge each by the primary metric on the "
    "validation rows (never the test rows), and train the best one again with other seeds, beside the task's own.\n\n"
    "Optuna chooses the settings and ends what does worse than the others early. The trainings are kept in sweep/ and "
    "are no versions of the task. After an interruption the same command goes on where it stopped; with a greater "
    "budget it tries more. The best setting becomes the overlay configs/sweep-best.yaml. Needs tasktune[sweep].",
    examples=[
        Example("Try what task.yaml says, within its budget:", "tune sweep tasks/entity-sentiment"),
        Example("Go on for another while:", "tune sweep tasks/entity-sentiment --trials 60 --minutes 120"),
        Example("Every trial as JSON:", "tune sweep tasks/entity-sentiment --json > sweep.json"),
    ],
)
@task_argument()
@definition_options
@click.option(
    "--trials",
    metavar="N",
    type=click.IntRange(1),
    help="How many settings to try in all, those of earlier calls included. Default: sweep.trials.",
)
@click.option(
    "--minutes",
    metavar="MINUTES",
    type=click.FloatRange(0, min_open=True),
    help="Begin no trial when all of them have taken so long. Default: sweep.minutes.",
)
@json_option
def command(
    task: Path,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    trials: int | None,
    minutes: float | None,
    as_json: bool,
) -> None:
    """Search settings."""
    loaded = load(task, task_type, overlays, overrides)
    from tasktune.improve.sweep.runs import sweep

    try:
        with progress.shown() as on_event:
            found, folder = sweep(loaded, trials=trials, minutes=minutes, on_event=on_event)
    except KeyboardInterrupt as interruption:
        raise click.Abort(_("the same command goes on where this one stopped")) from interruption
    blocks = _blocks(found, loaded)
    with output.writing():
        pages = _write(found, blocks, loaded, folder)
    if as_json:
        output.show_json({**found.model_dump(mode="json"), "verdict": found.verdict})
        return
    output.show(as_text(blocks))
    for page in pages:
        output.show(_("report: {path}", path=page))


def _blocks(found: Sweep, task: Task) -> list[Block]:
    from tasktune.evaluation.wording import Wording
    from tasktune.improve.sweep.report import blocks_of

    return blocks_of(found, Wording(current_language(), task.plugin.info.metrics))


def _write(found: Sweep, blocks: list[Block], task: Task, folder: Path) -> list[Path]:
    """Keep the sweep beside its trainings, and its best setting as an overlay; the reports are returned."""
    from tasktune.definition.overlays import CONFIGS
    from tasktune.definition.snapshot import dump_values
    from tasktune.definition.sweep_keys import with_values
    from tasktune.evaluation.document import as_html, as_markdown
    from tasktune.improve.sweep.report import OVERLAY
    from tasktune.workspace.files import write_text_atomically

    pages = [folder / "sweep.md", folder / "sweep.html"]
    write_text_atomically(folder / "sweep.json", found.model_dump_json(indent=2) + "\n")
    write_text_atomically(pages[0], as_markdown(blocks))
    write_text_atomically(pages[1], as_html(blocks, current_language()))
    if found.verdict in ("better", "perhaps"):
        about = _("# Written by tune sweep: the best setting. Use it with tune run --config {name}", name=OVERLAY)
        values = dump_values({"training": with_values({}, found.changes)})
        write_text_atomically(task.file.parent / CONFIGS / f"{OVERLAY}.yaml", f"{about}\n{values}")
    return pages
