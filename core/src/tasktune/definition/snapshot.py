"""A task as it was run: the snapshot in a version's folder, and the fingerprint of what decides a run's outcome."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

import tasktune
from tasktune.definition.spec import TaskSpec
from tasktune.definition.task import Task
from tasktune.definition.yaml_positions import core_resolvers

NOT_IN_FINGERPRINT = (
    "version",
    "description",
    "input_description",
    "constraints",
    "versioning",
    "huggingface",
    "execution",
    "success_criteria",
    "sweep",
)
"""Top-level keys that name, describe, place, publish, judge or try out a run but do not change what it computes.

``data.generate`` is left out too: where rows may come from does not change the rows that are there. Nor do the model's
answers change by what they are compared with, ``evaluation.baselines``."""

_LOST_IN_BLOCKS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff]")


class _Dumper(yaml.SafeDumper):
    """Writes what YAML 1.1 and YAML 1.2 readers both understand as it was meant: ``"NO"`` and ``"1e-5"`` quoted."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out, even one that occurs twice."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Several lines as a block when nothing in them could be lost there; what is not plainly visible, escaped."""
    if "\n" in text and text[0].isalnum() and not _LOST_IN_BLOCKS.search(text):
        style: str | None = "|"
    else:
        style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
for _tag, _pattern, _firsts in core_resolvers():
    _Dumper.add_implicit_resolver(_tag, _pattern, _firsts)


def dump_task(task: Task) -> str:
    """The task's definition with every default written out, as YAML under canonical keys.

    Loading it with :func:`~tasktune.definition.load_task` gives an equal spec. It holds no secrets: a definition
    has none (``execution.ssh_key`` is a path).
    """
    return f"# Written by tasktune {tasktune.__version__}, every default included.\n{dump_spec(task.spec)}"


def dump_spec(spec: TaskSpec) -> str:
    """A spec as YAML under canonical keys."""
    return dump_values(spec.model_dump(by_alias=True))


def dump_values(values: Mapping[str, Any]) -> str:
    """Values as YAML that :func:`~tasktune.definition.load_task` reads as they are."""
    text: str = yaml.dump(values, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=2**20)
    return text


def fingerprint(task: Task, *, of_training: bool = False) -> str:
    """SHA-256, in hexadecimal, over what changes a run's outcome apart from the data: the definition without
    :data:`NOT_IN_FINGERPRINT`, the task type's resolved options, and the versions of the task type and of tasktune.

    ``of_training``: over what changes the trained model, which is all but how its answers are generated.
    """
    sections = [*NOT_IN_FINGERPRINT, "options", *(["evaluation"] if of_training else [])]
    left_out: dict[str, Any] = {"evaluation": {"baselines"}, "data": {"generate"}, **dict.fromkeys(sections, True)}
    values = {
        "spec": task.spec.model_dump(by_alias=True, exclude=left_out),
        "options": task.options.model_dump(mode="json", by_alias=True),
        "plugin": [task.plugin.name, task.plugin.origin],
        "tasktune": tasktune.__version__,
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
