"""Every message of the definition exists in Traditional Chinese, with the same fields."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import tasktune.definition
from tasktune.locale import translate


def messages() -> Iterator[str]:
    for path in sorted(Path(tasktune.definition.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                key = ast.literal_eval(node.args[0])
                assert isinstance(key, str)
                yield key


def fields(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("message", sorted(set(messages())))
def test_message_is_translated(message: str) -> None:
    chinese = translate(message, language="zh-TW")
    assert chinese != message
    assert fields(chinese) == fields(message)
