"""Questions and what answers to them mean."""

from __future__ import annotations

from typing import Any

import pytest

from tasktune.coach.answers import flat, nested, settle
from tasktune.coach.questions import Asked, core_questions, understood
from tasktune.errors import InputError

WORDS = {"en": "ask", "zh-TW": "問"}
CHOICE = {"a-b": {"en": "the first", "zh-TW": "第一"}, "c": {"en": "the other", "zh-TW": "另一"}}


def question(kind: Any = "text", **more: Any) -> Asked:
    choices = CHOICE if kind == "choice" else {}
    return Asked(**{"id": "q", "ask": WORDS, "why": WORDS, "kind": kind, "choices": choices, **more})


@pytest.mark.parametrize(
    ("kind", "answer", "meant"),
    [
        ("text", "  words ", "words"),
        ("text", "", None),
        ("text", None, None),
        ("choice", "c", "c"),
        ("choice", "a_B", "a-b"),
        ("choice", "the first", "a-b"),
        ("list", "正面、負面, 中立", ["正面", "負面", "中立"]),
        ("list", "a, a;b", ["a", "b"]),
        ("list", ["x, y", 1], ["x, y", "1"]),
        ("number", "1,200", 1200),
        ("number", "0.80", 0.8),
        ("number", "80%", 0.8),
        ("number", 24, 24),
    ],
)
def test_an_answer_means(kind: str, answer: Any, meant: Any) -> None:
    assert understood(question(kind), answer) == meant


@pytest.mark.parametrize(
    ("kind", "answer", "says"),
    [
        ("choice", "a-c", "did you mean a-b?"),
        ("choice", "zzz", "must be one of a-b, c"),
        ("list", {"a": 1}, "must be a list"),
        ("number", "many", "must be a number"),
        ("number", "nan", "must be a number"),
        ("number", True, "must be a number"),
        ("text", {"a": 1}, "must be text"),
    ],
)
def test_what_is_no_answer_says_what_would_be(kind: str, answer: Any, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        understood(question(kind), answer)
    assert says in str(caught.value)


def test_yes_and_no_of_yaml_are_answers() -> None:
    experts = next(each for each in core_questions() if each.id == "experts")
    assert (understood(experts, True), understood(experts, False)) == ("yes", "no")


def test_given_comes_before_seen_before_asked_before_the_default() -> None:
    questions = [question(id=name, default="default") for name in ("one", "two", "three", "four")]
    asked = []

    def ask(each: Asked, offered: Any) -> Any:
        asked.append((each.id, offered))
        return "said" if each.id == "three" else offered

    seen = {"one": "seen", "two": "seen"}
    answers = settle(questions, {"one": "given"}, seen, {"three": "guess"}, ask)
    assert answers == {"one": "given", "two": "seen", "three": "said", "four": "default"}
    assert asked == [("three", "guess"), ("four", "default")]


def test_a_question_is_asked_only_after_the_answers_it_is_for() -> None:
    questions = [question(id="first", default="x"), question(id="second", required=True, when={"first": ("y",)})]
    assert settle(questions, {}, {}, {}, None) == {"first": "x"}
    assert settle(questions, {"first": "y", "second": "z"}, {}, {}, None) == {"first": "y", "second": "z"}


def test_everything_that_is_wrong_is_said_together() -> None:
    questions = [
        question(id="name", path="task_name", required=True),
        question(id="share", path="success_criteria.threshold", kind="number"),
        question(id="needed", required=True),
        question(id="server", when={"share": ("0.5",)}),
    ]
    with pytest.raises(InputError) as caught:
        settle(questions, {"name": "任務 一", "share": "80", "server": "s"}, {}, {}, None)
    assert [problem.path for problem in caught.value.problems] == ["name", "share", "needed", "server"]
    said = str(caught.value)
    assert "0.80 means 80 %" in said
    assert "--answer needed=" in said
    assert "does not apply here" in said


def test_every_question_of_core_has_ids_of_its_own_and_a_key_that_task_yaml_knows() -> None:
    from tasktune.definition.problems import model_at
    from tasktune.definition.spec import TaskSpec

    ids = [each.id for each in core_questions()]
    assert len(ids) == len(set(ids)) >= 20
    for each in core_questions():
        assert set(each.when) <= set(ids)
        if each.path is not None:
            *section, key = each.path.split(".")
            model = model_at(TaskSpec, section)
            assert model is not None
            assert key in model.model_fields, each.path


def test_dotted_keys_and_sections_are_the_same_thing() -> None:
    values = {"a.b": 1, "a.c.d": [2], "e": {}}
    assert nested(values) == {"a": {"b": 1, "c": {"d": [2]}}, "e": {}}
    assert flat(nested(values)) == values
