"""What a task's rows need, learned from the task type itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tasktune.errors import PluginError, RecordError
from tasktune.templates import Template

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.plugins import TaskType
    from tasktune.types import TaskOptions

Shape = Literal["spans", "text", "any"]


@dataclass(frozen=True)
class Wanted:
    """The fields of a row.

    ``inputs`` must be filled, ``optional`` inputs may be; ``target`` holds the gold answer, which is spans of the text,
    a text, or anything. ``closed``: it is one of few values, such as a label.
    """

    inputs: tuple[str, ...]
    optional: tuple[str, ...]
    target: str
    shape: Shape
    closed: bool

    @property
    def text(self) -> str:
        """The main input, in which spans are places."""
        return "text" if "text" in self.inputs else self.inputs[0]

    @property
    def names(self) -> tuple[str, ...]:
        """All fields, in the order in which they are written."""
        return (*self.inputs, *self.optional, self.target)


def wanted_by_task(task: Task) -> Wanted:
    """What the rows of a task need: the inputs that its task type misses in an empty row."""
    inputs = _missed(task.plugin, task.options)
    if not inputs:
        template = task.options.input_template
        inputs = Template(template).fields if template else task.options.default_fields[:1]
    return _wanted(task.plugin, task.options, tuple(inputs), ())


def wanted_by_type(plugin: TaskType) -> Wanted:
    """What the rows of any task of a type need: its main field. Its other fields are taken where they are there."""
    options = plugin.info.options.model_validate(dict(plugin.info.example_options))
    fields = plugin.info.options.default_fields
    main = "text" if "text" in fields else fields[0]
    return _wanted(plugin, options, (main,), tuple(name for name in fields if name != main))


def _missed(plugin: TaskType, options: TaskOptions) -> tuple[str, ...]:
    try:
        plugin.read_record({}, "empty", options)
    except PluginError:
        # A task type may take it for granted that rows have their fields.
        return ()
    except RecordError as error:
        paths = [problem.path for problem in error.problems if problem.path]
        return tuple(dict.fromkeys(path for path in paths if path != plugin.info.target_field))
    return ()


def _wanted(plugin: TaskType, options: TaskOptions, inputs: tuple[str, ...], optional: tuple[str, ...]) -> Wanted:
    info = plugin.info
    examples = [record.target for record in info.examples]
    shape: Shape = "any"
    if any(isinstance(target, (list, tuple)) and target and _is_span(target[0]) for target in examples):
        shape = "spans"
    elif all(isinstance(target, str) for target in examples):
        shape = "text"
    example_options = info.options.model_validate(dict(info.example_options))
    closed = shape == "text" and plugin.build_prompt(info.examples[0], example_options).choices is not None
    return Wanted(inputs, optional, info.target_field, shape, closed)


def _is_span(value: Any) -> bool:
    return isinstance(value, Mapping) and {"start", "end"} <= set(value)
