"""The names of a table's columns, as its first row gives them."""

from __future__ import annotations

from collections.abc import Sequence

from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _


def column_names(header: Sequence[object], place: str, line: int | None = None) -> list[str]:
    """The names without outer spaces; a column without one, such as an index, is called by its number.

    ``place`` is where the names stand: a file, or an option.

    :raises InputError: two columns have the same name, so that it is not clear which is meant.
    """
    names = ["" if name is None else str(name).strip() for name in header]
    problems = []
    for name in dict.fromkeys(names):
        places = [number for number, other in enumerate(names, 1) if other == name]
        if name and len(places) > 1:
            problems.append(
                Problem(
                    _(
                        "{times} columns have the name {name!r} ({places})",
                        name=name,
                        times=len(places),
                        places=", ".join(map(str, places)),
                    ),
                    _("give each column a name of its own"),
                ).at(place, line)
            )
    if problems:
        raise InputError(_("the columns cannot be told apart"), problems=problems)
    # Not translated: the name becomes a key of the rows.
    return [name or f"column {number}" for number, name in enumerate(names, 1)]
