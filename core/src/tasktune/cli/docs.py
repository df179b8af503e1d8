"""Keeps the help texts in a Markdown file equal to those of the program: ``python -m tasktune.cli.docs docs/cli.md``.

Everything between ``<!-- help: NAME -->`` and ``<!-- end of help -->`` is replaced by the help of the command NAME, in
English and 80 columns wide; ``tune`` is the program itself, ``data import`` a command of the group ``data``.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from tasktune.cli.group import LazyGroup
from tasktune.cli.help import Command, page
from tasktune.cli.root import tune
from tasktune.locale import current_language, use_language

COLUMNS = 80
_BLOCK = re.compile(r"(<!-- help: (?P<name>\S+(?: \S+)*) -->\n).*?(<!-- end of help -->)", re.DOTALL)


def help_text(name: str) -> str:
    """The English help of a command, as ``tune NAME --help`` prints it on a terminal of 80 columns."""
    before = current_language()
    use_language("en")
    try:
        command: Command = tune
        context = click.Context(tune, info_name="tune", **tune.context_settings)
        for word in () if name == "tune" else name.split():
            found = command.get_command(context, word) if isinstance(command, LazyGroup) else None
            assert isinstance(found, Command), f"no command is called {name}"
            command = found
            context = click.Context(command, info_name=word, parent=context)
        entries = command.entries.items() if isinstance(command, LazyGroup) else ()
        return page(command, context, COLUMNS, [(entry_name, entry.summary) for entry_name, entry in entries])
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
