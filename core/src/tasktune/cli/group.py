"""A group that knows its commands by name and summary, and imports one only when it is called."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from tasktune.cli.help import Command, page
from tasktune.errors import InputError
from tasktune.locale import translate as _


class Entry(NamedTuple):
    """Where a command is (``module:attribute``), and what the list of commands says of it (an English key)."""

    where: str
    summary: str


class LazyGroup(Command, click.Group):
    """A group over a static table of commands."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _colon, attribute = entry.where.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown command is an error that offers the nearest one."""
        if args[0] not in self.entries and not ctx.resilient_parsing:
            close = difflib.get_close_matches(args[0], self.entries, n=1)
            hint = _("{program} --help lists the commands", program=ctx.command_path)
            if close:
                hint = _("did you mean {name}?", name=close[0]) + " " + hint
            raise InputError(_("there is no command {name!r}", name=args[0]), hint=hint)
        return super().resolve_command(ctx, args)

    def page(self, ctx: click.Context, columns: int) -> str:
        return page(self, ctx, columns, [(name, entry.summary) for name, entry in self.entries.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [name for name in self.entries if name.startswith(incomplete)]
        items = [CompletionItem(name, help=_(self.entries[name].summary)) for name in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]
