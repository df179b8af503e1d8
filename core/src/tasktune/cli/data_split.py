"""``tune data split``: train, valid and test written to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.check import class_table
from tasktune.cli.help import Command, Example
from tasktune.cli.layout import table
from tasktune.cli.made import force_option, show_end
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.cut import Cut


@click.command(
    cls=Command,
    help="Write the rows of a task to data/train.jsonl, data/valid.jsonl and data/test.jsonl.\n\n"
    "Every class keeps its share in every split, as far as its rows go; rows with equal inputs stay together, and with "
    "--group-by rows of one source too. The same seed splits the same way, and a run with the same data.split "
    "would cut the same rows. Rows keep their columns. No file is replaced without --force, which keeps the old ones "
    "in data/backup.",
    examples=[
        Example(
            "Split what was imported, so that a source is on one side only:",
            "tune data split tasks/entity-sentiment --input data/raw/rows.jsonl --group-by source",
        ),
        Example("Split all rows of the task anew, whichever split they are in:", "tune data split --seed 7 --force"),
    ],
)
@task_argument()
@click.option(
    "--input",
    "sources",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A file of rows to split. May be repeated. Default: all data files of the task.",
)
@click.option("--valid", type=float, metavar="SHARE", help="Share of the validation rows. Default: data.split.valid.")
@click.option("--test", type=float, metavar="SHARE", help="Share of the test rows. Default: data.split.test.")
@click.option("--seed", type=int, metavar="NUMBER", help="Seed of the random split. Default: data.split.seed.")
@click.option(
    "--group-by",
    metavar="FIELD",
    help="Keep rows in one split in which this field is equal, such as the source of a text. Default: "
    "data.split.group_by.",
)
@force_option
@definition_options
@json_option
def command(
    task: Path,
    sources: tuple[Path, ...],
    valid: float | None,
    test: float | None,
    seed: int | None,
    group_by: str | None,
    force: bool,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Split one task."""
    from tasktune.data.cut import cut

    loaded = load(task, task_type, overlays, overrides)
    said = {"valid": valid, "test": test, "seed": seed, "group_by": group_by}
    # JSON is YAML, so a field called yes stays one.
    settings = (f"data.split.{key}={json.dumps(value)}" for key, value in said.items() if value is not None)
    how = load(task, task_type, overlays, (*overrides, *settings)).spec.data.split
    done = cut(loaded, [path.absolute() for path in sources], split=how, force=force)
    if as_json:
        output.show_json(done.model_dump(mode="json"))
    else:
        _show(done)


def _show(done: Cut) -> None:
    rows = [(name, f"{count:,}", done.files.get(name, "–")) for name, count in done.rows.items()]
    parts = [table([_("split"), _("row count"), _("file")], rows, numbers=frozenset({1}))]
    parts += class_table(done.classes)
    if done.groups is not None:
        parts.append(_("{groups} groups, each in one split", groups=f"{done.groups:,}"))
    parts += [_("Notice: {text}", text=notice) for notice in done.notices]
    output.show("\n\n".join(parts))
    show_end(done.backup, done.to_change)
