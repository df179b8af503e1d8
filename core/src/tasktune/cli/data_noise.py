"""``tune data noise``: rows whose label is probably wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example
from tasktune.cli.layout import table, terminal_width
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.noise import LabelNoise

MOST_SHOWN = 20
MOST_PAIRS = 5
LONGEST_TEXT = 60


@click.command(
    cls=Command,
    help="List rows whose label is probably wrong, in train, valid and test.\n\n"
    "A simple model that has not seen a row says which label it would have; where it is sure of another one, the row "
    "is listed, the most suspicious first (confident learning, with cleanlab: pip install 'tasktune[data]'). Look at "
    "them and mend those that are wrong: a suspect is a question, and some are right. No row is changed.",
    examples=[
        Example("Which labels should somebody look at?", "tune data noise tasks/entity-sentiment"),
        Example("All of them in a table, to go through:", "tune data noise tasks/entity-sentiment --csv suspects.csv"),
        Example("For a script:", "tune data noise tasks/entity-sentiment --json"),
    ],
)
@task_argument()
@click.option(
    "--csv", "target", metavar="FILE", type=click.Path(path_type=Path), help="Write all suspects to this CSV file."
)
@definition_options
@json_option
def command(
    task: Path,
    target: Path | None,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Look for wrong labels in one task."""
    from tasktune.data.noise import label_noise

    found = label_noise(load(task, task_type, overlays, overrides))
    if target is not None:
        _write(found, target)
    if as_json:
        output.show_json({**found.model_dump(mode="json"), "share": found.share})
        return
    output.show("\n\n".join(sections(found)))
    if target is not None:
        output.say(_("{rows} rows in {file}", rows=f"{len(found.suspects):,}", file=target))


def sections(found: LabelNoise) -> Iterator[str]:
    """The figures in parts: how many, which labels are mistaken for which, and the most suspicious rows."""
    from tasktune.data.noise import counts_by_pair
    from tasktune.evaluation.markdown import plain, shorten

    yield "\n".join(summary(found))
    if not found.suspects:
        return
    pairs = list(counts_by_pair(found).items())[:MOST_PAIRS]
    rows = [(plain(given), plain(probable), f"{count:,}") for (given, probable), count in pairs]
    yield table([_("label"), _("probable label"), _("row count")], rows, numbers=frozenset({2}))
    listed = [
        (each.id, each.given, each.probable, f"{each.score:.3f}", plain(shorten(each.text, LONGEST_TEXT)))
        for each in found.suspects[:MOST_SHOWN]
    ]
    header = [_("record"), _("label"), _("probable label"), _("score"), _("text")]
    shown = table(header, listed, numbers=frozenset({3}), columns=terminal_width())
    if len(found.suspects) > MOST_SHOWN:
        shown += "\n  " + _("… and {more} more", more=f"{len(found.suspects) - MOST_SHOWN:,}")
    yield shown


def summary(found: LabelNoise) -> Iterator[str]:
    """How many rows were looked at, and how many are suspects."""
    if not found.knows:
        assert found.agreement is not None
        yield _(
            "wrong labels cannot be looked for: words do not tell these classes apart; a simple model gives {share} of "
            "{rows} rows the label that they have",
            share=f"{found.agreement:.1%}",
            rows=f"{found.rows:,}",
        )
        return
    yield _(
        "{suspects} of {rows} rows probably have a wrong label ({share})",
        suspects=f"{len(found.suspects):,}",
        rows=f"{found.rows:,}",
        share=f"{found.share:.1%}",
    )
    if found.rare:
        yield _("{rows} rows of classes with fewer than 5 different texts were left out", rows=f"{found.rare:,}")
    if found.rows + found.rare < found.all_rows:
        yield _("of {rows} rows evenly spaced ones were looked at", rows=f"{found.all_rows:,}")


def _write(found: LabelNoise, target: Path) -> None:
    import csv
    import io

    from tasktune.workspace.files import write_text_atomically

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "split", "given", "probable", "score", "probability", "text"])
    for each in found.suspects:
        writer.writerow(
            [each.id, each.split, each.given, each.probable, each.score, each.probability, _cell(each.text)]
        )
    # Excel reads UTF-8 where a mark at the start says so.
    write_text_atomically(target, "\ufeff" + text.getvalue())


def _cell(text: str) -> str:
    """A text as a table program takes it for text: one that begins like a formula gets an apostrophe."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
