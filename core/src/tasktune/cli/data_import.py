"""``tune data import``: rows from anywhere, in the form that a task reads."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tasktune.cli import import_view, output
from tasktune.cli.columns import (
    column_options,
    confirmed,
    named_values,
    pairs_option,
    reading_options,
    task_type_option,
)
from tasktune.cli.help import Argument, Command, Example
from tasktune.cli.options import json_option, load
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.importing.fields import Mapped
    from tasktune.data.importing.wanted import Wanted
    from tasktune.definition import Task


@click.command(
    cls=Command,
    help="Import rows into a JSONL file that the task reads: from JSON Lines, JSON, CSV, TSV, Excel, Parquet, "
    "CoNLL/IOB2, exports of Label Studio and doccano, Hugging Face data sets and databases.\n\n"
    "Which column is what is given with --field, or guessed and shown; on a terminal you are asked whether a guess is "
    "right. Every row that cannot be read goes to a file of rejects with its place and the reason, and the counts "
    "add up: rows read = written + rejected + blank. Nothing is written before the end.",
    examples=[
        Example(
            "Import a CSV file for a task; the rows go to its data/raw/:",
            "tune data import rows.csv --task tasks/entity-sentiment",
        ),
        Example(
            "In a task's folder, say which columns to take and where the rows go:",
            "tune data import rows.xlsx --field text=評論 --field label=情感 --out data/train.jsonl",
        ),
        Example(
            "One row for each pair of a column such as {'SpiceJet': 'neutral'}:",
            "tune data import rows.csv --task tasks/entity-sentiment --pairs entity:label=Decisions",
        ),
    ],
)
@click.argument(
    "source",
    cls=Argument,
    about="A file, a folder of a Hugging Face data set, hf:ORG/NAME for one on the Hub, or a database's URL.",
)
@click.option(
    "--task",
    "task_path",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="The task that the rows are for; each row is checked by it. Default: this folder, if it is a task.",
)
@task_type_option("The task type that the rows are for, when there is no task yet.")
@column_options
@click.option("--drop-others", is_flag=True, help="Leave out the columns that fill no field; by default they are kept.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The JSONL file to write. Default: data/raw/, with the source's name.",
)
@click.option(
    "--rejects",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the rejected rows go. Default: beside the output, with .rejects in its name.",
)
@click.option("--force", is_flag=True, help="Replace an output file that is there already.")
@reading_options
@click.option("--unlabelled", is_flag=True, help="Take rows without a target too; by default they are rejected.")
@click.option("--strict", is_flag=True, help="Write nothing when any row is rejected.")
@click.option("--yes", is_flag=True, help="Do not ask whether guesses are right.")
@json_option
def command(
    source: str,
    task_path: Path | None,
    task_type: str | None,
    given: tuple[str, ...],
    pairs: str | None,
    drop_others: bool,
    out: Path | None,
    rejects: Path | None,
    force: bool,
    offsets: Any,
    unlabelled: bool,
    strict: bool,
    yes: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Import one source."""
    from tasktune.data.importing.fields import map_fields
    from tasktune.data.importing.opening import Reading, open_source
    from tasktune.data.importing.rows import RowMaker
    from tasktune.data.importing.run import find_counting, import_rows, look

    task, wanted = _purpose(task_path, task_type)
    fields = named_values(given, "--field", "NAME=COLUMN")
    split = pairs_option(pairs)
    opened = open_source(source, Reading(**reading))
    with output.writing():
        target, refused = _targets(source, task, out, rejects, force=force)
    sample = look(opened, split)

    def choose(given: Mapping[str, str]) -> Mapped:
        of_task = task.spec.data.fields if task is not None else {}
        return map_fields(wanted, sample, given, of_task, keep_others=not drop_others)

    mapped = choose(fields)
    say = (lambda text: None) if as_json else output.say
    say(import_view.source_words(opened))
    say(import_view.field_table(mapped, sample))
    if mapped.guessed and not yes and not as_json and sys.stdin.isatty() and sys.stderr.isatty():
        mapped = confirmed(mapped, sample, wanted, fields, choose)
    counting = find_counting(opened, wanted, mapped, offsets, split)
    maker = RowMaker(wanted, mapped, counting, task, unlabelled=unlabelled)
    with output.writing(), import_view.counter() as on_progress:
        report = import_rows(opened, maker, target, refused, pairs=split, strict=strict, on_progress=on_progress)
    if as_json:
        columns_of = {each.field: {"column": each.column, "how": each.how} for each in mapped.filled}
        about = {"source": opened.name, "format": opened.format, "details": opened.details, "fields": columns_of}
        about["kept"], about["left_out"] = list(mapped.kept), list(mapped.left)
        output.show_json({**about, "offsets": asdict(counting), **report.model_dump(mode="json")})
    else:
        output.show(import_view.report_words(report, counting))


def _purpose(path: Path | None, task_type: str | None) -> tuple[Task | None, Wanted]:
    """What the rows are for: a task, or only a task type."""
    from tasktune.data.importing.wanted import wanted_by_task, wanted_by_type

    here = any((Path() / name).is_file() for name in ("task.yaml", "task_definition.yaml"))
    if path is None and (task_type is not None or not here):
        if task_type is None:
            raise InputError(
                _("it is not said what the rows are for"),
                hint=_("give --task FOLDER, or --task-type NAME when there is no task yet"),
            )
        from tasktune.plugins import load_task_type

        return None, wanted_by_type(load_task_type(task_type))
    task = load(path or Path(), task_type, (), ())
    return task, wanted_by_task(task)


def _targets(
    source: str, task: Task | None, out: Path | None, rejects: Path | None, *, force: bool
) -> tuple[Path, Path]:
    """The files to write.

    :raises InputError: the output is there already, or is the source itself.
    """
    from tasktune.data.importing.items import file_stem

    if out is None:
        out = (task.folder if task is not None else Path()) / "data" / "raw" / f"{file_stem(source)}.jsonl"
    if rejects is None:
        rejects = out.with_name(f"{out.stem}.rejects.jsonl")
    origin = Path(source)
    for path in (out, rejects):
        if origin.exists() and path.exists() and path.samefile(origin):
            raise InputError(
                _("{file} is the source itself", file=path), hint=_("name another file with --out or --rejects")
            )
    if out.resolve() == rejects.resolve():
        raise InputError(_("--out and --rejects name the same file"), hint=_("name two files"))
    for path in (out, rejects):
        if path.exists() and not force:
            hint = _("replace it with --force, or name another with --out or --rejects")
            raise InputError(_("{file} is there already", file=path), hint=hint)
    return out, rejects
