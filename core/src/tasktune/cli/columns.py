"""The user's word on which column fills which field: given as options, or asked on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from tasktune.cli import import_view, output
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.importing.fields import Mapped
    from tasktune.data.importing.items import SourceRow
    from tasktune.data.importing.rows import Pairs
    from tasktune.data.importing.wanted import Wanted


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
