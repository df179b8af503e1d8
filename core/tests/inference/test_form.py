"""What an endpoint is asked for when answers are to have a form, and what counts as kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.inference.decoding import Decoding
from tasktune.inference.form import form_of
from tasktune.inference.served import Reply, notes
from tasktune.types import Message, Prompt, Record

ASKED = (Message(role="user", content="?"),)


@pytest.fixture
def task(tmp_path: Path, toy_task_type: str) -> Task:
    (tmp_path / "task.yaml").write_text(
        json.dumps({"task_name": "t", "task_type": toy_task_type, "options": {"classes": ["yes", "no"]}}), "utf-8"
    )
    return load_task(tmp_path)


def test_a_schema(task: Task) -> None:
    form = form_of(task, Prompt(messages=ASKED, answer_schema={"type": "array"}))
    assert form.fields["response_format"]["json_schema"]["schema"] == {"type": "array"}
    assert form.extra == {}
    assert form.kept(" [1]\n")
    assert not form.kept("one")
    assert not form.kept("[" * 100_000)


def test_a_closed_set_of_objects_however_they_are_spaced(task: Task) -> None:
    form = form_of(task, Prompt(messages=ASKED, answer_schema={"type": "object"}, choices=('{"a": 1}', '{"a": 2}')))
    assert form.kept('{"a":2}')
    assert not form.kept('{"a":3}')


def test_a_closed_set_of_plain_texts(task: Task) -> None:
    form = form_of(task, Prompt(messages=ASKED, choices=("yes", "no")))
    assert form.fields == {}
    assert form.extra == {"structured_outputs": {"choice": ["yes", "no"]}}
    assert form.kept("no")
    assert not form.kept("no.")


def test_free_text_has_no_form(task: Task) -> None:
    with pytest.raises(InputError, match="cannot be put to an endpoint") as refused:
        form_of(task, Prompt(messages=ASKED))
    assert "set evaluation.decoding: free" in str(refused.value.problems[0])


@pytest.mark.parametrize(
    ("mode", "grammar", "said"), [("constrained", "start: /a/", 1), ("constrained", None, 0), ("free", "start: /a/", 0)]
)
def test_a_narrower_grammar_is_told_of(
    task: Task, monkeypatch: pytest.MonkeyPatch, mode: Any, grammar: str | None, said: int
) -> None:
    monkeypatch.setattr(type(task.plugin), "answer_grammar", lambda *_given: grammar)
    rules = Decoding(
        mode=mode, max_new_tokens=9, context=99, stop=("x",), chat_template_sha256="", template_switches={"a": False}
    )
    found = notes(task, rules, [Reply(text="")], Record(id="r", inputs={"text": ""}))
    assert sum("narrower grammar" in note for note in found) == len(found) == said
