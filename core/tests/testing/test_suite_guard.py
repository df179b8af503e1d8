"""The suite's own promises to plugin authors: laws cannot be bent, own tests are welcome, failures are readable."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from tasktune.testing import TaskTypeSuite, laws
from tasktune.testing.laws.base import broken
from tasktune.types import Record


def test_a_law_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match="Bent replaces laws of the suite: test_gold_scores_one"):
        type("Bent", (TaskTypeSuite,), {"test_gold_scores_one": lambda self: None})


def test_a_law_cannot_be_replaced_further_down() -> None:
    middle = type("Middle", (TaskTypeSuite,), {"name": "x"})
    with pytest.raises(TypeError, match="test_import_is_light"):
        type("Bent", (middle,), {"test_import_is_light": None})


def test_own_tests_and_settings_are_welcome() -> None:
    own = type("Own", (TaskTypeSuite,), {"name": "x", "options": {"a": 1}, "test_mine": lambda self: None})
    assert vars(own)["options"] == {"a": 1}


def test_assertions_of_the_laws_are_rewritten() -> None:
    for module in pkgutil.iter_modules(laws.__path__, f"{laws.__name__}."):
        loader = type(importlib.import_module(module.name).__loader__).__name__
        assert loader == "AssertionRewritingHook", module.name


def test_message_names_law_record_and_remedy() -> None:
    record = Record(id="data.jsonl:3", inputs={"text": "長" * 1_000, "half": "\ud800"}, target=[])
    message = broken("gold is right", record, {"f1": 0.5}, "compute it so")
    assert message.splitlines()[1] == "law: gold is right"
    assert "data.jsonl:3" in message
    assert message.splitlines()[-1] == "change: compute it so"
    assert len(message.encode()) < 1_500
