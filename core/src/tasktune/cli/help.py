"""A click command whose help speaks the user's language and teaches by example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from tasktune.cli import layout
from tasktune.locale import translate as _


@dataclass(frozen=True)
class Example:
    """A command line worth copying, and what it does."""

    does: str
    line: str


class Argument(click.Argument):
    """A click argument with a line of help."""

    def __init__(self, *args: Any, about: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.about = about


class Command(click.Command):
    """A command of ours: ``--lang`` and ``--debug`` are added, the help is laid out here and ends with examples.

    ``help`` and every option's help are English keys, translated when the help is shown.
    """

    def __init__(self, *args: Any, examples: Sequence[Example], **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.extend(common_options())

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(self.page(ctx, layout.terminal_width()))

    def page(self, ctx: click.Context, columns: int) -> str:
        """The whole help, ``columns`` wide."""
        return page(self, ctx, columns)


def common_options() -> list[click.Option]:
    """Options of the program and of every command alike; :class:`~tasktune.cli.settings.Settings` reads them."""
    return [
        click.Option(
            ["--lang"],
            type=click.Choice(["zh-TW", "en"]),
            expose_value=False,
            help="Language of all messages. Default: the task's own, else the one the environment asks for.",
        ),
        click.Option(["--debug"], is_flag=True, expose_value=False, help="Show tracebacks of errors."),
    ]


def page(command: Command, ctx: click.Context, columns: int, commands: Sequence[tuple[str, str]] = ()) -> str:
    """The whole help of a command: usage, what it does, arguments, options, commands if it has any, examples."""
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    arguments = [(_name(p), p.about) for p in command.params if isinstance(p, Argument)]
    sections = [
        _("Usage: {usage}", usage=usage),
        layout.paragraph(_(command.help or ""), columns, 2),
        *_section(_("Commands:"), [(name, _(summary)) for name, summary in commands], columns),
        *_section(_("Arguments:"), [(name, _(about)) for name, about in arguments], columns),
        *_section(_("Options:"), _options(command, ctx), columns),
    ]
    if command.examples:
        blocks = (
            layout.paragraph(_(example.does), columns, 2) + "\n    " + example.line for example in command.examples
        )
        sections.append(_("Examples:") + "\n" + "\n\n".join(blocks))
    return "\n\n".join(sections) + "\n"


def _name(argument: Argument) -> str:
    """``TEXT`` of ``[TEXT]...``; several words stay as they are."""
    name = argument.human_readable_name.removesuffix("...")
    return name.strip("[]") if name.startswith("[") and name.endswith("]") else name


def _section(title: str, rows: Sequence[tuple[str, str]], columns: int) -> list[str]:
    return [title + "\n" + layout.definitions(rows, columns)] if rows else []


def _options(command: click.Command, ctx: click.Context) -> list[tuple[str, str]]:
    rows = []
    for option in command.get_params(ctx):
        record = option.get_help_record(ctx)
        if isinstance(option, click.Option) and record is not None:
            is_help = "--help" in option.opts
            rows.append((record[0], _("Show this help and exit.") if is_help else _(option.help or "")))
    return rows
