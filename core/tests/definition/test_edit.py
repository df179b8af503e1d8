"""Editing a definition's file: the values asked for change, and nothing else of the text."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.definition.edit import edited
from tasktune.definition.tree import plain
from tasktune.definition.yaml_positions import parse
from tasktune.errors import InputError

TEXT = """\
# 我的任務
task_name: letters   # the name
training:
  # rates
  learning_rate: 1e-4   # as the paper has it
  lora: {r: 16}

  epochs: 3
# the end of training
evaluation:
data:
  split:
    valid: 0.2
description: |
  two
  lines

"""


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    ("patch", "lines"),
    [
        (
            {"training.learning_rate": 2e-05},
            ["-   learning_rate: 1e-4   # as the paper has it", "+   learning_rate: 2e-05   # as the paper has it"],
        ),
        ({"training.lora.r": 32}, ["-   lora: {r: 16}", "+   lora: {r: 32}"]),
        ({"training.lora.alpha": 64}, ["-   lora: {r: 16}", '+   lora: {r: 16, "alpha": 64}']),
        ({"training.sampling": "balanced"}, ["+   sampling: balanced"]),
        ({"training.monitor.keep": "best"}, ["+   monitor: {keep: best}"]),
        ({"evaluation.decoding": "constrained"}, ["- evaluation:", "+ evaluation: {decoding: constrained}"]),
        ({"data.overlap": "drop"}, ["+   overlap: drop"]),
        ({"training.class_weights": {"中立": 1.5}}, ['+   class_weights: {"中立": 1.5}']),
        ({"execution.processes": 2}, ["+ execution: {processes: 2}"]),
        ({"system_prompt": "no"}, ['+ system_prompt: "no"']),
    ],
)
def test_only_what_is_asked_for_changes(patch: dict[str, Any], lines: list[str]) -> None:
    assert changed_lines(TEXT, edited(TEXT, patch, "task.yaml")) == lines


def test_a_new_key_stands_behind_the_last_of_its_section() -> None:
    text = edited(TEXT, {"training.sampling": "balanced"}, "task.yaml")
    assert "  epochs: 3\n  sampling: balanced\n# the end of training\n" in text


def test_several_keys_and_a_file_without_a_last_line_end() -> None:
    text = edited("task_name: a\ntraining:\n  epochs: 3", {"training.epochs": 6, "training.lora.r": 8}, "task.yaml")
    assert text == "task_name: a\ntraining:\n  epochs: 6\n  lora: {r: 8}"


def test_json_is_yaml() -> None:
    text = edited('{"task_name": "a", "training": {"epochs": 3}}', {"training.sampling": "balanced"}, "task.yaml")
    assert text == '{"task_name": "a", "training": {"epochs": 3, "sampling": balanced}}'


def test_what_cannot_be_edited_is_said() -> None:
    with pytest.raises(InputError) as caught:
        edited("a: &x {r: 16}\ntraining:\n  lora: *x\n", {"training.lora.r": 32, "training.lora.alpha": 1}, "task.yaml")
    assert "set it by hand: training.lora.r: 32" in str(caught.value.hint)


KEYS = st.sampled_from(["training.epochs", "training.lora.r", "data.overlap", "evaluation.decoding", "new.section.key"])
VALUES = st.one_of(st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.text())


@given(st.dictionaries(KEYS, VALUES))
def test_what_comes_out_says_what_was_asked_for(patch: dict[str, Any]) -> None:
    found = plain(parse(edited(TEXT, patch, "task.yaml"), "task.yaml"))
    for key, value in patch.items():
        node = found
        for part in key.split("."):
            node = node[part]
        assert node == value
    assert found["task_name"] == "letters"
