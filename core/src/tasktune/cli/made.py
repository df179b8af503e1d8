"""What the commands that make data files share on the command line."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tasktune.cli import output
from tasktune.errors import Problem
from tasktune.locale import translate as _

force_option = click.option(
    "--force", is_flag=True, help="Replace files that are there already; the old ones are kept in data/backup."
)


def show_end(backup: str | None, to_change: Sequence[Problem]) -> None:
    """Say where the old files are, and what task.yaml has to say for a run to read the new ones."""
    if backup is not None:
        output.show(_("the files that were replaced are in {folder}", folder=backup))
    if to_change:
        output.show(_("before a run reads these files, task.yaml has to say so:"))
        for change in to_change:
            output.show(f"  {change}")
