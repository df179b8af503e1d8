"""From what the user says, what the data show and what is usual, to an answer for every question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasktune.coach.questions import RESERVED, Asked, applies, core_questions, understood
from tasktune.definition.overlays import as_section, read_tree
from tasktune.definition.problems import describe
from tasktune.definition.spec import TaskSpec
from tasktune.definition.suggest import did_you_mean
from tasktune.definition.tree import plain
from tasktune.errors import InputError, Problem
from tasktune.locale import spoken
from tasktune.locale import translate as _

Ask = Callable[[Asked, Any], Any]
"""Asks the user a question, with the answer that is likely; returns what was said, None for nothing."""


def read_answers(path: Path) -> dict[str, Any]:
    """The answers in a YAML file, as written.

    :raises InputError: it cannot be read, or is not a section of ids and answers.
    """
    values: dict[str, Any] = plain(as_section(read_tree(path)))
    return values


def refuse_unknown(given: Mapping[str, Any], questions: Sequence[Asked]) -> None:
    """:raises InputError: with every answer to a question that there is not."""
    ids = [*RESERVED, *(question.id for question in questions)]
    unknown = [
        Problem(_("there is no such question"), did_you_mean(name, ids) or _known(ids), name)
        for name in given
        if name not in ids
    ]
    if unknown:
        raise InputError(_("some answers fit no question"), problems=unknown)


def settle(
    questions: Sequence[Asked],
    given: Mapping[str, Any],
    seen: Mapping[str, Any],
    guesses: Mapping[str, Any],
    ask: Ask | None,
) -> dict[str, Any]:
    """An answer to every question that applies: as ``given``, as ``seen`` in the data, as the user says when asked
    (with a guess or the default offered), or by default.

    :raises InputError: with everything that cannot be an answer, was answered though it does not apply, or is missing
        and cannot be asked.
    """
    answers: dict[str, Any] = {}
    problems: list[Problem] = []
    for question in questions:
        if not applies(question, answers):
            if given.get(question.id) is not None:
                problems.append(Problem(_("does not apply here"), _condition(question), question.id))
            continue
        if question.id in given or question.id in seen:
            value, problem = checked(question, given.get(question.id, seen.get(question.id)))
        else:
            offered = guesses.get(question.id, question.default)
            value, problem = checked(question, offered if ask is None else ask(question, offered))
        if problem is not None:
            problems.append(problem)
        elif value is not None:
            answers[question.id] = value
        elif question.required:
            problems.append(_missing(question))
    if problems:
        raise InputError(_("some answers are missing or cannot be used"), problems=problems)
    return answers


def checked(question: Asked, answer: Any) -> tuple[Any, Problem | None]:
    """What an answer means, or why it cannot be one."""
    try:
        value = understood(question, answer)
    except ValueError as error:
        return None, Problem(str(error), path=question.id)
    if value is None or question.path is None:
        return value, None
    return value, _refusal(question, value)


def required_first() -> list[Problem]:
    """What every task must be told, for somebody who has said nothing."""
    return [_missing(question) for question in core_questions() if question.required and not question.when]


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as sections: ``{"a.b": 1}`` is ``{"a": {"b": 1}}``."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        *sections, key = path.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = value
    return tree


def _refusal(question: Asked, value: Any) -> Problem | None:
    """What task.yaml would say to the value at the question's key."""
    assert question.path is not None
    try:
        TaskSpec.model_validate({"task_name": "task", "task_type": "type", **nested({question.path: value})})
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        message, hint = describe(item["type"], item["input"], item.get("ctx", {}), item["msg"])
        return Problem(message, hint, question.id)
    return None


def _missing(question: Asked) -> Problem:
    hint = _("say it in the answers file, or with --answer {id}=…", id=question.id)
    return Problem(spoken(question.ask), hint, question.id)


def _condition(question: Asked) -> str:
    parts = [f"{name}: {_(' or ').join(values)}" for name, values in question.when.items()]
    return _("it is for {condition}", condition=", ".join(parts))


def _known(ids: Sequence[str]) -> str:
    return _("the questions are {known}", known=", ".join(ids))


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Sections as dotted keys, the reverse of :func:`nested`; an empty section stays one."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{before}{key}"
        found |= flat(value, f"{path}.") if isinstance(value, Mapping) and value else {path: value}
    return found
