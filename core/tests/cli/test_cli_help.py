"""Help: light, complete, in two languages, with examples that work."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from tasktune.cli.data import COMMANDS as DATA_COMMANDS
from tasktune.cli.docs import help_text, refresh, with_help
from tasktune.cli.group import LazyGroup
from tasktune.cli.help import Argument, Command
from tasktune.cli.root import COMMANDS, tune

Invoke = Callable[..., Result]
DOCS = Path(__file__).parents[3] / "docs"
LINES = [(name, example.line) for name in COMMANDS for example in tune.get_command(click.Context(tune), name).examples]  # type: ignore[union-attr]


def command_of(name: str) -> Command:
    command = tune.get_command(click.Context(tune), name)
    assert isinstance(command, Command)
    return command


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


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_by_example(name: str) -> None:
    command = command_of(name)
    assert 2 <= len(command.examples) <= 3
    for parameter in command.params:
        assert parameter.about if isinstance(parameter, Argument) else getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize("name", DATA_COMMANDS)
def test_commands_of_data_teach_by_example_too(name: str) -> None:
    group = command_of("data")
    assert isinstance(group, LazyGroup)
    command = group.get_command(click.Context(group), name)
    assert isinstance(command, Command)
    assert 2 <= len(command.examples) <= 3
    for parameter in command.params:
        assert parameter.about if isinstance(parameter, Argument) else getattr(parameter, "help", None), parameter.name
    for example in command.examples:
        for words in tune_commands(example.line):
            assert words[:2] == ["data", name]
            command.make_context(name, words[2:])


@pytest.mark.parametrize(("name", "line"), LINES)
def test_examples_are_commands_that_parse(name: str, line: str) -> None:
    if line.startswith("#"):
        return
    found = tune_commands(line)
    assert found
    assert name in {words[0] for words in found}
    for words in found:
        command_of(words[0]).make_context(words[0], words[1:])


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


@pytest.mark.parametrize("name", ["tune", *COMMANDS, *(f"data {name}" for name in DATA_COMMANDS)])
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
            command_of(words[0]).make_context(words[0], words[1:])
