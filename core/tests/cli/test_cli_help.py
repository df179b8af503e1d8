"""Help: light, complete, in two languages, with examples that work."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from tasktune.cli.docs import commands, help_text, refresh, with_help
from tasktune.cli.group import LazyGroup
from tasktune.cli.help import Argument
from tasktune.cli.root import COMMANDS, tune

Invoke = Callable[..., Result]
DOCS = Path(__file__).parents[3] / "docs"
ALL = dict(commands())
LINES = [(name, example.line) for name, command in ALL.items() for example in command.examples]


def parse(words: list[str]) -> None:
    """Let click parse a command line as far as its last command."""
    command: click.Command = tune
    context: click.Context | None = None
    while isinstance(command, LazyGroup) and words and not words[0].startswith("-"):
        context = click.Context(command, parent=context)
        name, found, words = command.resolve_command(context, words)
        assert found is not None, name
        command = found
    command.make_context(command.name or "", [word for word in words if word != "--help"], parent=context)


def tune_commands(line: str) -> list[list[str]]:
    """The arguments of every ``tune`` in a shell line."""
    words = shlex.split(line.replace('"$(', "").replace(')"', ""), comments=True)
    commands: list[list[str]] = []
    for word, before in zip(words, ["&&", *words[:-1]], strict=True):
        if word == "tune" and before in ("&&", "|", "eval"):
            commands.append([])
        elif commands:
            commands[-1].append(word)
    return [
        command[: min((command.index(end) for end in ("&&", "|", ">") if end in command), default=None)]
        for command in commands
    ]


@pytest.mark.parametrize("name", ALL)
def test_every_command_teaches_by_example(name: str) -> None:
    command = ALL[name]
    assert 2 <= len(command.examples) <= 3
    for parameter in command.params:
        assert parameter.about if isinstance(parameter, Argument) else getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize(("name", "line"), LINES)
def test_examples_are_commands_that_parse(name: str, line: str) -> None:
    if line.startswith("#"):
        return
    found = tune_commands(line)
    assert found
    assert any(" ".join(words).startswith(name) for words in found)
    for words in found:
        parse(words)


def test_summaries_in_the_table_are_of_the_commands_listed(invoke: Invoke) -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert entry.summary in result.stdout


def test_tune_alone_shows_its_help(invoke: Invoke) -> None:
    assert invoke().stdout == invoke("--help").stdout
    assert invoke().exit_code == 0


def test_short_help_option_works_everywhere(invoke: Invoke) -> None:
    assert invoke("run", "-h").stdout == invoke("run", "--help").stdout


@pytest.mark.parametrize("arguments", [("--lang", "zh-TW", "run", "--help"), ("run", "--help", "--lang=zh-TW")])
def test_language_of_help_is_asked_for_anywhere_on_the_line(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    assert "用法：tune run" in invoke(*arguments).stdout


def test_language_of_help_is_the_environments(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_TW.UTF-8")
    assert "用法：tune" in invoke("--help").stdout
    assert "Usage: tune" in invoke("--help", "--lang", "en").stdout


def test_version(invoke: Invoke) -> None:
    from tasktune import __version__

    assert invoke("--version").stdout == f"tasktune {__version__}\n"


def test_docs_show_the_real_help() -> None:
    text = (DOCS / "cli.md").read_text("utf-8")
    assert with_help(text) == text, "run python -m tasktune.cli.docs docs/cli.md"


@pytest.mark.parametrize("name", ["tune", *ALL])
def test_docs_show_every_command(name: str) -> None:
    assert f"<!-- help: {name} -->\n```text\n{help_text(name)}```\n<!-- end of help -->" in (DOCS / "cli.md").read_text(
        "utf-8"
    )


def test_docs_are_brought_up_to_date(tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- help: schema -->\nold\n<!-- end of help -->\nafter\n", "utf-8")
    refresh.main([str(page)], standalone_mode=False)
    monkeypatch.setenv("COLUMNS", "80")
    shown = invoke("schema", "--help").stdout
    expected = f"before\n<!-- help: schema -->\n```text\n{shown}```\n<!-- end of help -->\nafter\n"
    assert page.read_text("utf-8") == expected


@pytest.mark.parametrize("page", ["quickstart.md", "cli.md"])
def test_commands_in_the_docs_parse(page: str) -> None:
    lines = [line for line in (DOCS / page).read_text("utf-8").splitlines() if line.startswith("tune ")]
    assert lines or page == "cli.md"
    for line in lines:
        for words in tune_commands(line):
            parse(words)


def test_a_group_alone_shows_its_help_and_an_unknown_command_the_nearest(invoke: Invoke) -> None:
    assert invoke("data").stdout == invoke("data", "--help").stdout
    assert invoke("data").exit_code == 0
    for name in ALL:
        if name.startswith("data "):
            assert f"  {name.removeprefix('data ')} " in invoke("data").stdout
    result = invoke("data", "previev", "--lang", "en")
    assert result.exit_code == 2
    assert "there is no command 'previev'" in result.stderr
    assert "did you mean preview? tune data --help lists the commands" in result.stderr
