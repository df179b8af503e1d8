"""``tune data stats``: rows, classes and lengths of every split, in tables and bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example
from tasktune.cli.layout import bar, pad, table, width
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.stats import Histogram, Stats

MAX_SHOWN = 50
BAR = 10


@click.command(
    cls=Command,
    help="Show how the rows of a task are spread: rows and classes of every split, and how long rows are.\n\n"
    "The splits are those that a run would use. A class counts once for every row that shows it. Lengths are in "
    "characters, or with --tokens in tokens of the base model, whose tokenizer is then loaded. Nothing is written.",
    examples=[
        Example("Rows, classes and lengths:", "tune data stats tasks/entity-sentiment"),
        Example("Lengths as the model counts them, against max_length:", "tune data stats --tokens"),
        Example("Every figure and histogram, for a script:", "tune data stats tasks/entity-sentiment --json"),
    ],
)
@task_argument()
@click.option("--tokens", is_flag=True, help="Measure in tokens of the base model, with the prompt as it is trained.")
@definition_options
@json_option
def command(
    task: Path,
    tokens: bool,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the figures of one task."""
    from tasktune.data.stats import stats

    found = stats(load(task, task_type, overlays, overrides), tokens=tokens)
    if as_json:
        output.show_json(found.model_dump(mode="json"))
    else:
        output.show("\n\n".join(sections(found)))


def sections(found: Stats) -> Iterator[str]:
    """The figures in parts: rows, classes, lengths, a histogram for each measure."""
    total = sum(split.rows for split in found.splits.values())
    rows = [(name, f"{split.rows:,}", _share(split.rows, total)) for name, split in found.splits.items()]
    yield table([_("split"), _("row count"), _("share")], rows, numbers=frozenset({1, 2}))
    classes = sorted({name for split in found.splits.values() for name in split.classes})
    if classes:
        yield _classes(found, classes)
    units = {"characters": _("lengths in characters"), "tokens": _("lengths in tokens")}
    yield units[found.unit] + "\n" + _lengths(found)
    for measure, histogram in found.histograms.items():
        yield _measure(measure) + "\n" + _histogram(histogram)
    if any(split.over_max_length for split in found.splits.values()):
        over = _(", ").join(f"{name} {split.over_max_length:,}" for name, split in found.splits.items())
        yield _("rows longer than max_length ({limit}): {rows}", limit=f"{found.max_length:,}", rows=over)


def _classes(found: Stats, classes: list[str]) -> str:
    rows = [
        (name, [_cell(split.classes.get(name, 0), split.rows) for split in found.splits.values()])
        for name in classes[:MAX_SHOWN]
    ]
    if any(split.without_class for split in found.splits.values()):
        rows.append((_("(no class)"), [_cell(split.without_class, split.rows) for split in found.splits.values()]))
    shown = table([_("class"), *found.splits], _aligned(rows))
    if len(classes) > MAX_SHOWN:
        shown += "\n  " + _("… and {more} more", more=f"{len(classes) - MAX_SHOWN:,}")
    return shown


def _lengths(found: Stats) -> str:
    rows = [
        (_measure(measure), name, *(f"{number:,}" for number in (of.min, of.median, of.mean, of.p95, of.max)))
        for measure in found.histograms
        for name, split in found.splits.items()
        for of in [split.lengths[measure]]
    ]
    header = [_("measure"), _("split"), _("least"), _("median"), _("mean"), _("95%"), _("most")]
    return table(header, rows, numbers=frozenset(range(2, 7)))


def _histogram(histogram: Histogram) -> str:
    """A line for each bin; the bars of a split are shares of its rows, so that splits can be compared."""
    most = max((n / sum(counts) for counts in histogram.counts.values() for n in counts), default=1.0)
    rows = []
    for number, name in enumerate(histogram.names):
        rows.append((name, [_cell(counts[number], sum(counts), most) for counts in histogram.counts.values()]))
    return table([_("length"), *histogram.counts], _aligned(rows))


Cell = tuple[str, str, str]


def _cell(count: int, of: int, most: float = 1.0) -> Cell:
    """A count, its share in words, and its share as a bar of which the longest there is fills the space."""
    share = count / of if of else 0.0
    return f"{count:,}", _share(count, of), bar(share / most if most else 0.0, BAR)


def _aligned(rows: Sequence[tuple[str, Sequence[Cell]]]) -> list[tuple[str, ...]]:
    """Rows of a table, a name and cells each, in which the parts of the cells stand below each other."""
    columns = list(zip(*(cells for _name, cells in rows), strict=True))
    texts = []
    for column in columns:
        widths = [max(width(cell[part]) for cell in column) for part in (0, 1)]
        texts.append(
            [
                f"{pad(cell[0], widths[0], right=True)} {pad(cell[1], widths[1], right=True)} {cell[2]}".rstrip()
                for cell in column
            ]
        )
    return [(name, *cells) for (name, _cells), cells in zip(rows, zip(*texts, strict=True), strict=True)]


def _share(count: int, of: int) -> str:
    return f"{count / of:.1%}" if of else "–"


def _measure(name: str) -> str:
    names = {"input": _("input"), "answer": _("answer"), "prompt": _("prompt"), "row": _("whole row")}
    return names[name]
