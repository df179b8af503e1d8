"""The prompt of a record as inference builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktune.types import Prompt, Record

if TYPE_CHECKING:
    from tasktune.definition import Task


def blind_prompt(task: Task, record: Record) -> Prompt:
    """The prompt of a record from its inputs alone: no model gets to see a target."""
    return task.plugin.build_prompt(record.model_copy(update={"target": None}), task.options)
