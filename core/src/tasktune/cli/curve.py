"""``tune curve``: how the score grows with the training rows, and how many more the target needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output, progress
from tasktune.cli.document import as_text
from tasktune.cli.help import Command, Example
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.errors import InputError
from tasktune.locale import current_language
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.improve.learning_curve.verdict import LearningCurve

FRACTIONS = "0.1,0.2,0.4,0.7,1"


@click.command(
    cls=Command,
    help="Train on growing parts of the training rows, fit a power law to the scores on the test rows, and tell how "
    "many more rows the target needs: a number with its range, that rows alone will not do, or that it cannot be "
    "said.\n\n"
    "Each part is trained with several seeds, so this takes about seven times as long as one training. The trainings "
    "are kept in curve/ and are no versions of the task; of each the answers and scores are kept, and the weights are "
    "not. After an interruption the same command goes on where it stopped.",
    examples=[
        Example("Would more rows help this task?", "tune curve tasks/entity-sentiment"),
        Example(
            "More seeds, for a surer answer, towards a target of your own:",
            "tune curve tasks/entity-sentiment --seeds 5 --target 0.9",
        ),
        Example("The points and the verdict as JSON:", "tune curve tasks/entity-sentiment --json > curve.json"),
    ],
)
@task_argument()
@definition_options
@click.option(
    "--fractions",
    metavar="LIST",
    default=FRACTIONS,
    help=f"Which parts of the training rows to train on, four or more for a verdict. Default: {FRACTIONS}.",
)
@click.option(
    "--seeds",
    metavar="N",
    type=click.IntRange(1, 100),
    default=3,
    help="How many seeds to train each part with. Default: 3.",
)
@click.option(
    "--target",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    help="The score to reach. Default: success_criteria.threshold.",
)
@json_option
def command(
    task: Path,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    fractions: str,
    seeds: int,
    target: float | None,
    as_json: bool,
) -> None:
    """Make a learning curve."""
    parts = _fractions(fractions)
    loaded = load(task, task_type, overlays, overrides)
    from tasktune.improve.learning_curve.runs import learning_curve

    try:
        with progress.shown() as on_event:
            curve, folder = learning_curve(loaded, parts, seeds, target, on_event)
    except KeyboardInterrupt as interruption:
        raise click.Abort(_("the same command goes on where this one stopped")) from interruption
    with output.writing():
        pages = _write(curve, loaded, folder)
    if as_json:
        output.show_json(curve.model_dump(mode="json"))
        return
    from tasktune.evaluation.wording import Wording
    from tasktune.improve.learning_curve.report import blocks_of

    output.show(as_text(blocks_of(curve, Wording(current_language(), loaded.plugin.info.metrics))))
    for page in pages:
        output.show(_("report: {path}", path=page))


def _fractions(text: str) -> list[float]:
    found = []
    for part in text.split(","):
        try:
            share = float(part)
        except ValueError:
            share = 0.0
        if not 0 < share <= 1:
            raise InputError(
                _("--fractions {text}: {part!r} is no share between 0 and 1", text=text, part=part.strip()),
                hint=_("for example --fractions {example}", example=FRACTIONS),
            )
        found.append(share)
    return found


def _write(curve: LearningCurve, task: Task, folder: Path) -> list[Path]:
    """Keep the curve beside its trainings, as JSON, picture, Markdown and page; the last two are returned."""
    from tasktune.evaluation.document import as_html, as_markdown
    from tasktune.evaluation.wording import Wording
    from tasktune.improve.learning_curve.curve_svg import curve_svg
    from tasktune.improve.learning_curve.report import PICTURE, blocks_of
    from tasktune.workspace.files import write_text_atomically

    language = current_language()
    wording = Wording(language, task.plugin.info.metrics)
    blocks = blocks_of(curve, wording)
    pages = [folder / "curve.md", folder / "curve.html"]
    write_text_atomically(folder / "curve.json", curve.model_dump_json(indent=2) + "\n")
    write_text_atomically(folder / PICTURE, curve_svg(curve, wording))
    write_text_atomically(pages[0], as_markdown(blocks))
    write_text_atomically(pages[1], as_html(blocks, language))
    return pages
