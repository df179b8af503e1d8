"""``tune plugins``: what is installed, and what of it is broken."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tasktune.cli import layout, output
from tasktune.cli.help import Command, Example
from tasktune.cli.options import json_option
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.plugins import PluginRow


@click.command(
    cls=Command,
    help="List the installed task types and deployers, each with its distribution.\n\n"
    "A plugin that cannot be used is listed with the reason; it does not keep the others from working.",
    examples=[
        Example("What is installed?", "tune plugins"),
        Example("The same for a script:", "tune plugins --json"),
    ],
)
@json_option
def command(as_json: bool) -> None:
    """List the plugins."""
    from tasktune.plugins import survey

    rows = survey()
    if as_json:
        output.show_json({"plugins": [asdict(row) for row in rows]})
    elif rows:
        output.show(listing(rows))
    else:
        output.show(_("no plugins are installed; pip install one that provides the task type you need"))


def listing(rows: list[PluginRow]) -> str:
    """The plugins as a table, and below it in full what is wrong with the broken ones."""
    cells = [(_(row.kind), row.name, row.origin, row.summary if row.problem is None else _("broken")) for row in rows]
    # What is piped to grep stays on one line.
    columns = layout.terminal_width() if sys.stdout.isatty() else None
    parts = [layout.table([_("kind"), _("name"), _("distribution"), _("summary")], cells, columns=columns)]
    parts += [
        layout.paragraph(_("broken: {problem}", problem=row.problem), layout.terminal_width())
        for row in rows
        if row.problem is not None
    ]
    return "\n\n".join(parts)
