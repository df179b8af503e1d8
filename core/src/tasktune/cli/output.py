"""Where words go: results to stdout, everything said on the way there to stderr."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from tasktune.errors import InputError, RunError
from tasktune.locale import translate as _


def show(text: str) -> None:
    """Print a result for a person to read."""
    click.echo(text)


def show_json(value: Any) -> None:
    """Print a result as one JSON value; characters that stdout cannot carry are escaped."""
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(value, ensure_ascii=not utf8, indent=2))


def say(text: str) -> None:
    """Print something that is not the result: a notice, progress, an error."""
    click.echo(text, err=True)


def colourful(stream: IO[Any]) -> bool:
    """Whether colours are welcome: on a terminal, unless NO_COLOR is set or the terminal is dumb."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: IO[Any]) -> str:
    """The text in bold colour where colours are welcome, else as it is."""
    return click.style(text, fg=colour, bold=True) if colourful(stream) else text


@contextmanager
def writing() -> Iterator[None]:
    """A file that cannot be written is an error to correct; a full disk is not, but no bug of ours either."""
    try:
        yield
    except OSError as error:
        message = _("{file}: {reason}", file=error.filename or _("the output"), reason=error.strerror or error)
        raise (RunError if error.errno == errno.ENOSPC else InputError)(message) from error
