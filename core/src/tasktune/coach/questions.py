"""The questions of ``tune init``, and what a written or typed answer to one of them means."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import TypeAdapter

from tasktune.locale import spoken
from tasktune.locale import translate as _
from tasktune.types import Question, Value, Words

if TYPE_CHECKING:
    from tasktune.plugins import TaskType

Stage = Literal["business", "task", "resources", "success", "versions"]
STAGES: tuple[Stage, ...] = ("business", "task", "resources", "success", "versions")
RESERVED = ("data", "task_type", "fields", "pairs", "set")
"""What else an answers file may say: where the rows are and which columns are what, the type, keys of task.yaml."""
LIST_MARKS = ",，、;；\n"
"""What parts the items of a list that is typed in one line."""


class Asked(Question):
    """A question with its stage of the conversation; ``server``: the answer is kept for other tasks."""

    stage: Stage = "task"
    server: bool = False


class _Own(Value):
    stage: Stage
    id: Literal["own"]
    own: Literal[True]


def load_yaml(name: str) -> Any:
    """The contents of a data file of this package."""
    # The loader in C reads the same YAML ten times as fast, where there is one.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((Path(__file__).parent / name).read_text("utf-8"), Loader=loader)


@lru_cache(maxsize=1)
def _entries() -> tuple[Asked | _Own, ...]:
    return TypeAdapter(tuple[_Own | Asked, ...]).validate_python(load_yaml("questions.yaml"))


def core_questions() -> tuple[Asked, ...]:
    """The questions that every task is asked, in order."""
    return tuple(each for each in _entries() if isinstance(each, Asked))


def all_questions(plugin: TaskType) -> tuple[Asked, ...]:
    """The questions for a task of a type: every task's, and the type's own in the place that is theirs."""
    asked: list[Asked] = []
    for each in _entries():
        if isinstance(each, _Own):
            asked += [Asked(stage=each.stage, **dict(question)) for question in plugin.info.questions]
        else:
            asked.append(_of_type(each, plugin))
    return tuple(asked)


def _of_type(question: Asked, plugin: TaskType) -> Asked:
    """The question about metrics with those that can decide."""
    info = plugin.info
    if question.id == "threshold":
        return question.model_copy(update={"default": info.suggested_threshold})
    if question.id != "primary_metric":
        return question
    judged = [name for name, each in info.metrics.items() if each.unit == "share" and each.higher_is_better]
    choices: dict[str, Words] = {}
    for name in dict.fromkeys([info.primary_metric, *judged]):
        titles = info.metrics[name].titles if name in info.metrics else {}
        choices[name] = {language: titles.get(language) or name for language in ("en", "zh-TW")}
    return question.model_copy(update={"choices": choices, "default": info.primary_metric})


def applies(question: Question, answers: Mapping[str, Any]) -> bool:
    """Whether a question is to be asked after the answers so far."""
    return all(answers.get(name) in values for name, values in question.when.items())


def applicable(questions: Sequence[Asked], answers: Mapping[str, Any]) -> Iterator[Asked]:
    """The questions that the answers leave standing; ``answers`` may grow on the way."""
    return (question for question in questions if applies(question, answers))


def understood(question: Question, answer: Any) -> Any:
    """An answer, typed or from a file, as the value that it means; None for an empty one.

    :raises ValueError: it is no answer to this question; the message says what would be.
    """
    if isinstance(answer, str):
        answer = answer.strip()
    if answer is None or answer in ("", [], ()):
        return None
    match question.kind:
        case "choice":
            return _choice(question, answer)
        case "list":
            return _items(answer)
        case "number":
            return _number(answer)
        case _:
            # Where the answer is a key of task.yaml, its reader knows better what it may be.
            if isinstance(answer, (Mapping, list)) and question.path is None:
                raise ValueError(_("must be text, not {value}", value=answer))
            return str(answer) if isinstance(answer, bool) else answer


def _choice(question: Question, answer: Any) -> str:
    # YAML reads a bare yes as true.
    answer = {True: "yes", False: "no"}.get(answer, answer) if isinstance(answer, bool) else str(answer)
    names = list(question.choices)
    if answer in names:
        return str(answer)
    titled = {spoken(title): name for name, title in question.choices.items()}
    if answer in titled:
        return titled[answer]
    folded = {name.casefold().replace("_", "-"): name for name in names}
    if (same := answer.casefold().replace("_", "-")) in folded:
        return folded[same]
    close = difflib.get_close_matches(answer, names, n=1)
    hint = f" ({_('did you mean {name}?', name=close[0])})" if close else ""
    raise ValueError(_("must be one of {choices}, not {value}", choices=", ".join(names), value=answer) + hint)


def _items(answer: Any) -> list[str]:
    if isinstance(answer, (list, tuple)):
        return [item if isinstance(item, str) else str(item) for item in answer]
    if not isinstance(answer, str):
        raise ValueError(_("must be a list, not {value}", value=answer))
    text = answer
    for mark in LIST_MARKS:
        text = text.replace(mark, "\n")
    return list(dict.fromkeys(item.strip() for item in text.splitlines() if item.strip()))


def _number(answer: Any) -> int | float:
    try:
        if isinstance(answer, bool):
            raise ValueError
        text = str(answer).replace(",", "").replace("_", "")
        number = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        if not math.isfinite(number):
            raise ValueError
    except ValueError as error:
        raise ValueError(_("must be a number, not {value}", value=answer)) from error
    return int(number) if number.is_integer() and "." not in text else number
