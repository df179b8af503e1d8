"""Constrained decoding that cannot be had is said by the check, before any training."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from tasktune.data.check import check
from tasktune.definition import Task

MakeTask = Callable[..., Task]
PromptWith = Callable[..., None]
CONSTRAINED = {"decoding": "constrained"}
ROWS = [{"text": f"t {n}", "label": ("yes", "no")[n % 2]} for n in range(120)]


@pytest.fixture
def prompt_with(monkeypatch: pytest.MonkeyPatch) -> PromptWith:
    """Let the toy task type's prompts have these fields in place of a closed set."""

    def change(task: Task, **fields: Any) -> None:
        build = task.plugin.build_prompt
        monkeypatch.setattr(
            task.plugin,
            "build_prompt",
            lambda record, options: build(record, options).model_copy(
                update={"choices": None, "answer_schema": None, **fields}
            ),
        )

    return change


def problems(task: Task) -> list[str]:
    return [f"{p.path}: {p.message} ({p.hint})" for p in check(task).problems]


def test_a_closed_set_needs_nothing(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    assert problems(make_task(train=ROWS, evaluation=CONSTRAINED)) == []


def test_free_text_is_refused_once(make_task: MakeTask, prompt_with: PromptWith) -> None:
    task = make_task(train=ROWS, evaluation=CONSTRAINED)
    prompt_with(task)
    [problem] = problems(task)
    assert problem.startswith("evaluation.decoding: constrained needs answers from a closed set")
    assert "set evaluation.decoding: free" in problem


def test_free_decoding_asks_for_no_form(make_task: MakeTask, prompt_with: PromptWith) -> None:
    task = make_task(train=ROWS)
    prompt_with(task)
    assert problems(task) == []


def test_a_schema_will_do(make_task: MakeTask, prompt_with: PromptWith) -> None:
    task = make_task(train=ROWS, evaluation=CONSTRAINED)
    prompt_with(task, answer_schema={"type": "object"})
    assert problems(task) == []


def test_a_schema_that_cannot_be_enforced_is_named(make_task: MakeTask, prompt_with: PromptWith) -> None:
    task = make_task(train=ROWS, evaluation=CONSTRAINED)
    prompt_with(task, answer_schema={"type": "string", "pattern": "(?<=a)b"})
    [problem] = problems(task)
    assert problem.startswith("evaluation.decoding: the form of the answers cannot be enforced: ")
    assert "output_format.schema" in problem


def test_the_missing_package_is_named(
    make_task: MakeTask, prompt_with: PromptWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    task = make_task(train=ROWS, evaluation=CONSTRAINED)
    prompt_with(task, answer_schema={"type": "object"})
    [problem] = problems(task)
    assert "pip install 'tasktune[constrained]'" in problem
