"""Keeps the help texts in a Markdown file equal to those of the program: ``python -m tasktune.cli.docs docs/cli.md``.

Everything between ``<!-- help: NAME -->`` and ``<!-- end of help -->`` is replaced by the help of the command NAME, in
English and 80 columns wide; ``tune`` is the program itself, and ``data preview`` a command of the group ``data``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from tasktune.cli.group import LazyGroup
from tasktune.cli.help import Command
from tasktune.cli.root import tune
from tasktune.locale import current_language, use_language

COLUMNS = 80
_BLOCK = re.compile(r"(<!-- help: (?P<name>[^>]+?) -->\n).*?(<!-- end of help -->)", re.DOTALL)


def commands(group: LazyGroup = tune, path: str = "") -> Iterator[tuple[str, Command]]:
    """Every command below a group with its name (``run``, ``data``, ``data preview``), a group before its own."""
    context = click.Context(group)
    for name in group.entries:
        command = group.get_command(context, name)
        assert isinstance(command, Command)
        yield path + name, command
        if isinstance(command, LazyGroup):
            yield from commands(command, f"{path}{name} ")


def help_text(name: str) -> str:
    """The English help of a command, as ``tune NAME --help`` prints it on a terminal of 80 columns."""
    before = current_language()
    use_language("en")
    try:
        context = click.Context(tune, info_name="tune", **tune.context_settings)
        command: Command = tune
        for word in () if name == "tune" else name.split():
            found = command.get_command(context, word) if isinstance(command, LazyGroup) else None
            assert isinstance(found, Command), f"no command is called {name}"
            command, context = found, click.Context(found, info_name=word, parent=context)
        return command.page(context, COLUMNS)
    finally:
        use_language(before)


def with_help(markdown: str) -> str:
    """The Markdown with every marked block holding the present help."""
    return _BLOCK.sub(lambda block: f"{block[1]}```text\n{help_text(block['name'])}```\n{block[3]}", markdown)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def refresh(files: tuple[Path, ...]) -> None:
    """Bring the help texts in Markdown files up to date."""
    for file in files:
        file.write_text(with_help(file.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    refresh()
