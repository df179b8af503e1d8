"""Where words go: results to stdout, everything said on the way there to stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import IO, Any

import click


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
