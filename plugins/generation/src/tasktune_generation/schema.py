"""JSON answers and their schema: reading the schema of task.yaml, checking an answer against it, comparing answers.

Checked by the jsonschema package as JSON Schema 2020-12, formats included. References stay inside the schema: nothing
is fetched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tasktune.types import OutputFormat
from tasktune_generation import translate as _

MAX_VIOLATIONS = 3
_MAX_MESSAGE = 200


def answer_schema(output_format: OutputFormat) -> dict[str, Any]:
    """The JSON Schema of an answer.

    A mapping of properties stands for an object that has all of them and no others; a whole schema is taken as it is;
    without any, every object will do.

    :raises ValueError: it is not a JSON Schema of an object.
    """
    given = output_format.properties
    if not given:
        return {"type": "object"}
    if "type" in given and not isinstance(given["type"], Mapping):
        schema, hidden = dict(given), 0
        if schema["type"] != "object":
            raise ValueError(_("the schema must have type: object"))
    else:
        odd = [name for name, described in given.items() if not isinstance(described, Mapping)]
        if odd:
            raise ValueError(_("schema.{name} must be a section such as type: string", name=odd[0]))
        schema = {
            "type": "object",
            "properties": {name: dict(described) for name, described in given.items()},
            "required": list(given),
            "additionalProperties": False,
        }
        hidden = 1  # "properties"
    _check(schema, hidden)
    return schema


def _check(schema: dict[str, Any], hidden: int) -> None:
    """Refuse what is not a schema; the first ``hidden`` parts of a place were not written by the user."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    try:
        Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    except SchemaError as error:
        place = ".".join(["schema", *map(str, list(error.absolute_path)[hidden:])])
        raise ValueError(
            _("{place} is not valid JSON Schema: {problem}", place=place, problem=_abridged(error.message))
        ) from None
    registry: Registry[Any] = Registry().with_resource("", DRAFT202012.create_resource(schema))
    for reference in _references(schema):
        try:
            registry.resolver().lookup(reference)
        except Unresolvable:
            raise ValueError(
                _("the schema has the reference {reference!r}, which is not inside it", reference=reference)
            ) from None


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def violations(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """What in ``value`` breaks the schema, by place, each as ``$.date: '明天' is not a 'date'``; at most three.

    ``schema`` is one that :func:`answer_schema` has returned.
    """
    from jsonschema import Draft202012Validator
    from referencing import Registry

    formats = Draft202012Validator.FORMAT_CHECKER
    checker = Draft202012Validator(schema, format_checker=formats, registry=Registry())
    try:
        found = sorted(checker.iter_errors(value), key=lambda error: error.json_path)
    except RecursionError:
        return [_("the answer is nested too deeply for its schema")]
    return [f"{error.json_path}: {_abridged(error.message)}" for error in found[:MAX_VIOLATIONS]]


def ordered(value: Any, schema: Any) -> Any:
    """The value with its properties in the schema's order, then the others in their own.

    A model learns one order faster than many.
    """
    schema = schema if isinstance(schema, Mapping) else {}
    if isinstance(value, dict):
        described = schema.get("properties", {})
        names = [*(name for name in described if name in value), *(name for name in value if name not in described)]
        return {name: ordered(value[name], described.get(name)) for name in names}
    if isinstance(value, list):
        return [ordered(item, schema.get("items")) for item in value]
    return value


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: 1 equals 1.0, but true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def as_text(value: Any) -> str:
    """What an answer says, for the text metrics: the scalars of a JSON answer in order, without names and braces.

    With them, every answer of the right form would look half right.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "\n".join(as_text(value[name]) for name in sorted(value))
    if isinstance(value, list):
        return "\n".join(map(as_text, value))
    return json.dumps(value, ensure_ascii=False)


def _abridged(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"
