"""What the documents of a new project tell of its data and its prompt, learned from the task type and the rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.importing.wanted import wanted_by_task
from tasktune.data.records import Problems, read_records
from tasktune.errors import PluginError, RecordError
from tasktune.evaluation.markdown import as_text, shorten
from tasktune.types import Prompt, Record, Value

if TYPE_CHECKING:
    from tasktune.definition import Task

EXAMPLES = 3
_LONGEST = 120


class ClassGuide(Value):
    """A class with the rows of train that show it: how many (None: there are no rows yet), and the first few."""

    name: str
    count: int | None
    examples: tuple[str, ...] = ()


class Guide(Value):
    """``fields`` are the inputs of a row, ``row`` a whole one as JSON, ``answers`` examples where there are no classes.

    ``prompt`` is how the model is asked about the first row, or about an example of the task type's own.
    """

    fields: tuple[str, ...]
    row: str | None
    classes: tuple[ClassGuide, ...]
    answers: tuple[str, ...]
    prompt: Prompt | None


def guide(task: Task) -> Guide:
    """The guide for a task whose train files may not be there yet."""
    fields = wanted_by_task(task).inputs
    files = [path for path in task.data_files("train") if path.is_file()]
    if not files:
        prompt = _example_prompt(task)
        names = [] if prompt is None else class_names(task, prompt)
        return Guide(
            fields=fields,
            row=None,
            classes=tuple(ClassGuide(name=name, count=None) for name in names),
            answers=(),
            prompt=prompt,
        )
    return _of_rows(task, fields, files)


def class_names(task: Task, prompt: Prompt) -> list[str]:
    """The classes that an answer may name, as far as the prompt's closed set or its schema tells."""
    if prompt.choices is not None:
        blind = Record(id="choice", inputs={})
        values = (task.plugin.parse_output(choice, blind, task.options).value for choice in prompt.choices)
        return [as_text(value) for value in values]
    return list(dict.fromkeys(map(as_text, _enumerated(prompt.answer_schema or {}))))


def _of_rows(task: Task, fields: Sequence[str], files: Sequence[Path]) -> Guide:
    """One pass over train. Rows with problems are left out: `tune check` tells of them."""
    counts: Counter[str] = Counter()
    shown: dict[str, list[str]] = {}
    first: Record | None = None
    answers: list[str] = []
    for record in read_records(task, files, Problems()):
        first = first or record
        classes = list(dict.fromkeys(task.plugin.target_classes(record, task.options)))
        counts.update(classes)
        for name in classes:
            of_class = shown.setdefault(name, [])
            if len(of_class) < EXAMPLES:
                of_class.append(_in_words(task, fields, record))
        if not classes and len(answers) < EXAMPLES and record.target is not None:
            answers.append(_in_words(task, fields, record))
    prompt = None if first is None else _prompt(task, first)
    names = [*counts, *([] if prompt is None else class_names(task, prompt))] if counts else []
    return Guide(
        fields=tuple(fields),
        row=None if first is None else _row(task, fields, first),
        classes=tuple(
            ClassGuide(name=name, count=counts[name], examples=tuple(shown.get(name, ())))
            for name in dict.fromkeys(sorted(names, key=lambda name: (-counts[name], name)))
        ),
        answers=() if counts else tuple(answers),
        prompt=prompt,
    )


def _in_words(task: Task, fields: Sequence[str], record: Record) -> str:
    """A row's inputs and its right answer on a line."""
    asked = [as_text(record.inputs[name]) for name in fields if record.inputs.get(name) is not None]
    prompt = _prompt(task, record)
    answer = "" if prompt is None or prompt.completion is None else prompt.completion
    return f"{' — '.join(shorten(text, _LONGEST) for text in asked)} → {shorten(answer, _LONGEST)}"


def _row(task: Task, fields: Sequence[str], record: Record) -> str:
    row: dict[str, Any] = {name: record.inputs.get(name) for name in fields}
    return json.dumps({**row, task.plugin.info.target_field: record.target}, ensure_ascii=False, default=str)


def _prompt(task: Task, record: Record) -> Prompt | None:
    try:
        return task.plugin.build_prompt(record, task.options)
    except RecordError:
        return None


def _example_prompt(task: Task) -> Prompt | None:
    """The prompt of one of the task type's examples, without its answer, which may be none of this task's."""
    for record in islice(task.plugin.info.examples, 1):
        try:
            return task.plugin.build_prompt(record.model_copy(update={"target": None}), task.options)
        except (RecordError, PluginError):
            return None
    return None


def _enumerated(schema: Any) -> Iterator[Any]:
    """The values of every ``enum`` in a JSON Schema."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("enum"), (list, tuple)):
            yield from schema["enum"]
        for value in schema.values():
            yield from _enumerated(value)
    elif isinstance(schema, (list, tuple)):
        for value in schema:
            yield from _enumerated(value)
