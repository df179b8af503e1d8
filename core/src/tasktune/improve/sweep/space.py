"""What is searched, and a task with one of the settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tasktune.definition.sweep import Searched
from tasktune.definition.sweep_keys import canonical_key, with_values
from tasktune.definition.training import TrainingSpec
from tasktune.definition.tree import find, plain
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task


def space_of(task: Task) -> dict[str, Searched]:
    """What is searched, by canonical key.

    :raises InputError: nothing is.
    """
    space = {canonical_key(key): searched for key, searched in task.spec.sweep.space.items()}
    if not space:
        problem = task.problem(
            ("sweep", "space"),
            _("there is nothing to search"),
            _("for example training.learning_rate: {example}", example="{low: 1e-5, high: 1e-3, log: true}"),
        )
        raise InputError("", problems=[problem])
    return space


def with_setting(task: Task, values: Mapping[str, Any], seed: int | None = None) -> Task:
    """The task with keys of its training set; what the definition does not say follows them, as alpha does the rank.

    :raises InputError: the values do not go together.
    """
    written = find(task.source, ("training",))
    own = {} if written is None else plain(written)
    values = {**values, **({} if seed is None else {"training.seed": seed})}
    try:
        training = TrainingSpec.model_validate(with_values(own, values))
    except ValidationError as error:
        raise InputError(str(error.errors(include_url=False)[0]["msg"])) from error
    return dataclasses.replace(task, spec=task.spec.model_copy(update={"training": training}))


def own_setting(task: Task, space: Mapping[str, Searched]) -> dict[str, Any]:
    """The task's own values of what is searched."""
    values = task.spec.model_dump()
    found = {}
    for key in space:
        level: Any = values
        for part in key.split("."):
            level = level[part]
        found[key] = level
    return found
