"""What the commands that make data files share on the command line."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from tasktune.cli import output
from tasktune.errors import InputError, Problem, RunError
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


@contextmanager
def writing() -> Iterator[None]:
    """A file that cannot be written is an error to correct; a full disk is not, but no bug of ours either."""
    try:
        yield
    except OSError as error:
        message = _("{file}: {reason}", file=error.filename or _("the output"), reason=error.strerror or error)
        raise (RunError if error.errno == errno.ENOSPC else InputError)(message) from error
