"""``tune data balance``: the training rows, every class as often as is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example
from tasktune.cli.layout import table
from tasktune.cli.made import force_option, show_end
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.balance import Balanced


@click.command(
    cls=Command,
    help="Write the training rows to a file in which every class is shown by as many rows: rows of small classes are "
    "repeated, rows of large ones left out.\n\n"
    "Valid and test stay as they are, and must have files of their own. What is repeated and left out is chosen by a "
    "seed. The training file itself is not touched; name the new file under data.train to train on it.",
    examples=[
        Example("Every class by 300 rows:", "tune data balance tasks/entity-sentiment --target-count 300"),
        Example(
            "Only repeat rows of small classes, and leave none out:",
            "tune data balance tasks/entity-sentiment --target-count 300 --only over",
        ),
    ],
)
@task_argument()
@click.option(
    "--target-count",
    "target",
    type=click.IntRange(min=1),
    required=True,
    metavar="NUMBER",
    help="How many rows are to show each class.",
)
@click.option(
    "--only",
    type=click.Choice(["over", "under"]),
    help="over: only repeat rows of small classes. under: only leave out rows of large ones. Default: both.",
)
@click.option("--seed", type=int, metavar="NUMBER", help="Seed of the random choice. Default: data.split.seed.")
@click.option(
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The JSONL file to write. Default: data/train_balanced.jsonl in the task's folder.",
)
@force_option
@definition_options
@json_option
def command(
    task: Path,
    target: int,
    only: str | None,
    seed: int | None,
    file: Path | None,
    force: bool,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Balance one task's training rows."""
    from tasktune.data.balance import balance
    from tasktune.errors import InputError

    loaded = load(task, task_type, overlays, overrides)
    path = loaded.folder / "data" / "train_balanced.jsonl" if file is None else file.absolute()
    if path.suffix.lower() != ".jsonl":
        raise InputError(_("{file} is no JSONL file", file=file), hint=_("give it a name that ends in .jsonl"))
    seed = loaded.spec.data.split.seed if seed is None else seed
    done = balance(loaded, path, target, seed=seed, over=only != "under", under=only != "over", force=force)
    if as_json:
        output.show_json(done.model_dump(mode="json"))
    else:
        _show(done)


def _show(done: Balanced) -> None:
    rows = [
        (name, f"{change.before:,}", f"{change.after:,}", f"{change.after - change.before:+,}")
        for name, change in done.classes.items()
    ]
    parts = [table([_("class"), _("before"), _("after"), _("change")], rows, numbers=frozenset({1, 2, 3}))]
    parts.append(
        _(
            "{before} training rows: {left_out} left out, {duplicates} duplicates made; {after} lines in {file}",
            before=f"{done.rows_before:,}",
            left_out=f"{done.left_out:,}",
            duplicates=f"{done.duplicates:,}",
            after=f"{done.rows_after:,}",
            file=done.file,
        )
    )
    if done.overlapping:
        parts.append(
            _("{count} rows are not in it because a held-out split has their input", count=f"{done.overlapping:,}")
        )
    parts += [_("Notice: {text}", text=notice) for notice in done.notices]
    output.show("\n\n".join(parts))
    show_end(done.backup, done.to_change)
