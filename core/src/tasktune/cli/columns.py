"""The user's word on how a source is read and which column fills which field: given as options, or asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tasktune.cli import completers, import_view, output
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.importing.fields import Mapped
    from tasktune.data.importing.items import SourceRow
    from tasktune.data.importing.rows import Pairs
    from tasktune.data.importing.wanted import Wanted


Decorated = TypeVar("Decorated", bound=Callable[..., Any])

# As the reader has them, which a command that only shows its help does not import.
FORMATS = ("jsonl", "json", "csv", "tsv", "xlsx", "parquet", "conll", "label-studio", "doccano", "hf", "sql")


def task_type_option(help: str) -> Callable[[Decorated], Decorated]:
    """``--task-type`` for rows that may have no task yet."""
    return click.option("--task-type", metavar="NAME", shell_complete=completers.task_types, help=help)


def column_options(command: Decorated) -> Decorated:
    """``--field``, ``--pairs`` and ``--offsets``: what the columns of a source are."""
    return _with(
        command,
        click.option(
            "--field",
            "given",
            multiple=True,
            metavar="NAME=COLUMN",
            help="Fill the field NAME of a row from COLUMN (data.text for a nested one). May be repeated.",
        ),
        click.option(
            "--pairs",
            metavar="KEY:ANSWER=COLUMN",
            help="COLUMN holds pairs: make a row of each, with the fields KEY and ANSWER.",
        ),
        click.option(
            "--offsets",
            type=click.Choice(["characters", "utf-16", "bytes"]),
            help="What the offsets of spans count. Default: told from the texts that stand at them.",
        ),
    )


def reading_options(command: Decorated) -> Decorated:
    """The fields of :class:`~tasktune.data.importing.opening.Reading`, by their names."""
    return _with(
        command,
        click.option("--format", type=click.Choice(FORMATS), help="The source's format. Default: by its name."),
        click.option("--encoding", metavar="NAME", help="The encoding of a text file. Default: told from its bytes."),
        click.option(
            "--delimiter", metavar="CHARACTER", help="What is between the values of a CSV file. Default: told."
        ),
        click.option(
            "--header-row",
            metavar="N",
            type=click.IntRange(1),
            help="The row of a table that names the columns, from 1.",
        ),
        click.option(
            "--columns",
            metavar="NAME,NAME",
            default="",
            callback=lambda _context, _option, names: tuple(names.split(",")) if names else (),
            help="The names of the columns, for a table that does not name them.",
        ),
        click.option(
            "--sheet", metavar="NAME", help="The sheet of an Excel file. Default: the first that is not hidden."
        ),
        click.option("--table", metavar="NAME", help="The table of a database. Default: the only one."),
        click.option("--query", metavar="SQL", help="The rows of a database as a SELECT gives them."),
        click.option("--split", metavar="NAME", help="The split of a Hugging Face data set. Default: the only one."),
        click.option("--subset", metavar="NAME", help="The subset (configuration) of a data set on the Hub."),
    )


def _with(command: Decorated, *options: Callable[[Any], Any]) -> Decorated:
    """The command with the options, in this order in its help."""
    for option in reversed(options):
        command = option(command)
    return command


def confirmed(
    mapped: Mapped,
    sample: Sequence[SourceRow],
    wanted: Wanted,
    given: Mapping[str, str],
    choose: Callable[[Mapping[str, str]], Mapped],
) -> Mapped:
    """The fields after the user has said that they are right, or which column it is instead."""
    while not click.confirm(_("Are these the right columns?"), default=True, err=True):
        chosen = {name: asked(name, sample, mapped.column(name)) for name in (*wanted.inputs, wanted.target)}
        mapped = choose({**given, **chosen})
        output.say(import_view.field_table(mapped, sample))
    return mapped


def asked(field: str, sample: Sequence[SourceRow], likely: str | None) -> str:
    """The column that the user names for a field."""
    columns = list(dict.fromkeys(name for row in sample for name in row.fields))
    column: str = click.prompt(
        _("Which column is {field}?", field=field), default=likely, type=click.Choice(columns), err=True
    )
    return column


def pairs_option(pairs: str | None) -> Pairs | None:
    """What ``--pairs KEY:ANSWER=COLUMN`` means.

    :raises InputError: it is not of that form.
    """
    from tasktune.data.importing.rows import Pairs

    if pairs is None:
        return None
    names, _equals, column = pairs.partition("=")
    key, _colon, answer = names.partition(":")
    if not (key and answer and column):
        raise InputError(
            _("--pairs {pairs}: not KEY:ANSWER=COLUMN", pairs=pairs), hint="--pairs entity:label=Decisions"
        )
    return Pairs(column, key, answer)


def named_values(given: tuple[str, ...], option: str, form: str) -> dict[str, str]:
    """The pairs of a repeated ``NAME=VALUE``.

    :raises InputError: one of them has no name or no value.
    """
    wrong = [each for each in given if not all(each.partition("="))]
    if wrong:
        raise InputError(_("{option} {given}: not {form}", option=option, given=wrong[0], form=form))
    return {name: column for name, _equals, column in (each.partition("=") for each in given)}
