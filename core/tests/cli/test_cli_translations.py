"""Help pages exist in Traditional Chinese too. (Literal messages are the workspace's own test.)"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasktune.cli.docs import commands
from tasktune.cli.group import LazyGroup
from tasktune.cli.help import Argument, Command
from tasktune.cli.root import tune
from tasktune.locale import translate

LOOKED_UP_BY_VALUE = (
    *("task type", "deployer", "error", "warning", "info", "rows: ", "steps: ", "split: ", "device: "),
    *(
        "operating system",
        "CPU cores",
        "CPU threads",
        "processes",
        "rows at a time",
        "NVIDIA driver",
        "tasktune (code)",
    ),
)


def help_messages() -> Iterator[str]:
    """Every text that a help page is made of, and messages whose key is a value."""
    yield from LOOKED_UP_BY_VALUE
    every = [tune, *dict(commands()).values()]
    for command in every:
        if isinstance(command, LazyGroup):
            yield from (entry.summary for entry in command.entries.values())
    for command in every:
        assert isinstance(command, Command)
        yield command.help or ""
        yield from (example.does for example in command.examples)
        for parameter in command.params:
            yield parameter.about if isinstance(parameter, Argument) else getattr(parameter, "help", "")


@pytest.mark.parametrize("message", sorted(set(help_messages())))
def test_message_is_translated(message: str) -> None:
    assert translate(message, language="zh-TW") != message
