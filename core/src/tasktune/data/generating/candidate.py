"""An example that a language model wrote, read as a row of the task and checked as training rows are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tasktune.data.generating.asking import Asking
from tasktune.data.generating.ground import input_number
from tasktune.data.records import Problems
from tasktune.data.scan import checked_prompt
from tasktune.errors import Problem, RecordError
from tasktune.locale import translate as _
from tasktune.types import Record, Value

if TYPE_CHECKING:
    from tasktune.definition import Task


class Sound(Value):
    """A row that the task takes: its fields with the target in canonical form, and the number of its input."""

    fields: Mapping[str, Any]
    classes: tuple[str, ...]
    number: int


def row_of(task: Task, asking: Asking, example: Mapping[str, Any], record_id: str) -> Sound:
    """The row that an example is.

    :raises RecordError: with everything that is wrong with it.
    """
    blank = [name for name in asking.inputs if not isinstance(example.get(name), str) or not str(example[name]).strip()]
    if blank:
        raise RecordError(*(Problem(_("the example has no text here"), path=name) for name in blank))
    inputs = {name: example[name] for name in asking.inputs}
    answer = task.plugin.parse_output(asking.answer(example), Record(id=record_id, inputs=inputs), task.options)
    if answer.error is not None:
        raise RecordError(Problem(answer.error, path=asking.target))
    found = sound_row(task, {**inputs, asking.target: answer.value}, record_id)
    if asking.wanted_class is not None and asking.wanted_class not in found.classes:
        shown = ", ".join(found.classes) or _("none")
        raise RecordError(Problem(_("shows the class {shown}", shown=shown), path=asking.target))
    return found


def sound_row(task: Task, fields: Mapping[str, Any], record_id: str) -> Sound:
    """A row as the task reads it.

    :raises RecordError: with everything that is wrong with it.
    """
    record = task.plugin.read_record(fields, record_id, task.options)
    problems = Problems()
    prompt = checked_prompt(task, record, problems)
    if prompt is None or problems.count:
        raise RecordError(*problems.kept)
    target = task.plugin.info.target_field
    read = {name: record.target if name == target else record.inputs.get(name, value) for name, value in fields.items()}
    classes = tuple(task.plugin.target_classes(record, task.options))
    return Sound(fields=read, classes=classes, number=input_number(prompt))


def reasons(error: RecordError) -> str:
    """What is wrong with a row, without the place at which it would have been."""
    problems = error.problems or (Problem(_("the task type refuses this row and does not say why")),)
    return "; ".join(str(replace(problem, file=None, line=None)) for problem in problems)
