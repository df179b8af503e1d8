"""The JSON Schema of task.yaml, generated from the models, so that editors complete and check it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tasktune.definition.load import SHARED
from tasktune.definition.spec import TaskSpec
from tasktune.definition.spellings import SPELLINGS
from tasktune.errors import PluginError
from tasktune.plugins import find, load_task_type

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def task_json_schema(task_types: Iterable[str] | None = None) -> Schema:
    """JSON Schema (draft 2020-12) of task.yaml in every accepted spelling.

    :param task_types: the task types whose options to include; by default every one that is installed and loads.
    :raises PluginError: a named task type cannot be loaded.
    """
    schema = TaskSpec.model_json_schema(by_alias=True)
    for spelling, canonical in SPELLINGS:
        _place(schema, spelling, _look_up(schema, canonical))
    del schema["required"]
    schema["anyOf"] = [{"required": ["task_name"]}, {"required": ["task_summary"]}]
    options = {name: _options_schema(schema, name) for name in _chosen(task_types)}
    if options:
        schema["properties"]["task_type"]["enum"] = list(options)
        schema["allOf"] = [_when(name, part) for name, part in options.items()]
    return {"$schema": DIALECT, "title": "task.yaml", **{k: v for k, v in schema.items() if k != "title"}}


def _chosen(task_types: Iterable[str] | None) -> list[str]:
    if task_types is not None:
        return list(task_types)
    names = []
    for name in find("task type"):
        try:
            load_task_type(name)
        except PluginError:  # a broken plugin is a row of `tune plugins`
            continue
        names.append(name)
    return names


def _options_schema(schema: Schema, task_type: str) -> Schema:
    """The schema of ``options:`` for one task type; what it refers to goes to ``$defs`` under the type's name."""
    model = load_task_type(task_type).info.options
    own = model.model_json_schema(by_alias=True, ref_template=f"#/$defs/{task_type}.{{model}}")
    for name, definition in own.pop("$defs", {}).items():
        schema["$defs"][f"{task_type}.{name}"] = definition
    own["properties"] = {key: part for key, part in own["properties"].items() if key not in SHARED}
    own["required"] = [key for key in own.get("required", ()) if key not in SHARED]
    return own


def _when(task_type: str, options: Schema) -> Schema:
    then: Schema = {"properties": {"options": options}}
    if options["required"]:
        then["required"] = ["options"]
    return {"if": {"properties": {"task_type": {"const": task_type}}, "required": ["task_type"]}, "then": then}


def _place(schema: Schema, path: tuple[str, ...], part: Schema) -> None:
    """Let ``path`` be written too, making the section that exists only in this spelling."""
    *sections, key = path
    level = schema
    for name in sections:
        made = {"type": "object", "additionalProperties": False, "properties": {}}
        level = _follow(schema, level["properties"].setdefault(name, made))
    level["properties"].setdefault(key, part)


def _look_up(schema: Schema, path: tuple[str, ...]) -> Schema:
    level = schema
    for key in path:
        level = _follow(schema, level)["properties"][key]
    return level


def _follow(schema: Schema, part: Schema) -> Schema:
    """What a property refers to: ``{"$ref": …}``, or an optional section's ``anyOf`` with one in it."""
    for choice in (part, *part.get("anyOf", ())):
        if "$ref" in choice:
            found: Schema = schema["$defs"][choice["$ref"].rsplit("/", 1)[1]]
            return found
    return part
