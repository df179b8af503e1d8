"""Every message in the code has a zh-TW translation with the same fields, and no translation is left over."""

from __future__ import annotations

import ast
import json
import string
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = sorted([*ROOT.glob("core/src/*/locale/zh-TW.json"), *ROOT.glob("plugins/*/src/*/locale/zh-TW.json")])
TRANSLATORS = {"_", "translate", "say"}


def messages_in(package: Path) -> dict[str, str]:
    """Literal messages given to a translator anywhere in a package, with the place of one use."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            first = node.args[0]
            if name in TRANSLATORS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found[first.value] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def fields(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_every_message_is_translated_with_its_fields(catalogue: Path) -> None:
    translations = json.loads(catalogue.read_text("utf-8"))
    used = messages_in(catalogue.parent.parent)
    missing = {message: place for message, place in used.items() if message not in translations}
    assert not missing
    wrong = {message for message in used if fields(message) != fields(translations[message])}
    assert not wrong


def test_there_are_catalogues() -> None:
    assert len(CATALOGUES) >= 4
