"""The keys that `tune sweep` searches: which there are, what is wrong with them, and a training with some set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from tasktune.definition.problems import describe
from tasktune.definition.spellings import SPELLINGS
from tasktune.definition.suggest import did_you_mean
from tasktune.definition.training import TrainingSpec
from tasktune.definition.tree import Node, find, plain
from tasktune.errors import Problem
from tasktune.locale import translate as _

NOT_SEARCHED = ("training.seed",)
"""Whatever seed does best has been lucky."""


def canonical_key(key: str) -> str:
    """The canonical spelling of a dotted key: ``lora.r`` is training.lora.r."""
    path = tuple(key.split("."))
    for spelling, canonical in SPELLINGS:
        if path[: len(spelling)] == spelling:
            return ".".join((*canonical, *path[len(spelling) :]))
    return key


def sweep_problems(root: Node) -> Iterator[Problem]:
    """What is wrong with the keys and values of a definition's ``sweep.space``, whose form is right."""
    space = find(root, ("sweep", "space"))
    if space is None or not space.is_section:
        return
    known = list(_leaves(TrainingSpec, "training."))
    seen: dict[str, str] = {}
    for key, node in space.value.items():
        name = canonical_key(key)
        if name in NOT_SEARCHED:
            yield node.problem(_("seeds are not searched"), _("sweep.seeds tries the best setting with several"))
        elif name not in known:
            hint = did_you_mean(name, known) or did_you_mean(f"training.{name}", known)
            yield node.problem(_("no key of training"), hint or _("for example training.learning_rate"))
        elif name in seen:
            yield node.problem(_("is searched as {other} already", other=seen[name]), _("keep only one of them"))
        else:
            yield from _value_problems(name, node)
        seen.setdefault(name, key)


def _value_problems(name: str, node: Node) -> Iterator[Problem]:
    """Values that the key cannot have. What depends on other keys is known when they are tried."""
    value = plain(node)
    tried = (
        value if isinstance(value, list) else [value.get("low"), value.get("high")] if isinstance(value, dict) else []
    )
    path = tuple(name.split(".")[1:])
    for each in tried:
        for error in field_errors(with_values({}, {name: each}), path):
            message, hint = describe(error["type"], error["input"], error.get("ctx", {}), error["msg"])
            yield node.problem(message, hint)


def with_values(training: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The section ``training`` as plain values, with some dotted keys (``training.lora.r``) set."""
    found: dict[str, Any] = dict(training)
    for key, value in values.items():
        *sections, last = key.split(".")[1:]
        level = found
        for section in sections:
            level[section] = dict(level.get(section) or {})
            level = level[section]
        level[last] = value
    return found


def field_errors(training: Mapping[str, Any], path: Sequence[str]) -> list[Any]:
    """What is wrong with the value at ``path`` of the section, whatever else is in it."""
    try:
        TrainingSpec.model_validate(training)
    except ValidationError as error:
        return [each for each in error.errors(include_url=False) if each["loc"][: len(path)] == tuple(path)]
    return []


def _leaves(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, f"{prefix}{name}.")
        else:
            yield prefix + name
