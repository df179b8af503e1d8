"""The options of a NER task, checked together with the shared keys that bear on them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from tasktune.answers import clean
from tasktune.templates import Template
from tasktune.types import OutputFormat, TaskOptions
from tasktune_ner import translate as _
from tasktune_ner import wording
from tasktune_ner.entities import ENTITIES, TEXT

_SHAPE = "{text: {type: string}, label: {type: string, enum: [PER, ORG]}}"


class NerOptions(TaskOptions):
    """What a NER task may set; the fields below are the keys of ``options:`` in task.yaml.

    ``labels`` is complete after validation, wherever it was written.
    """

    labels: tuple[str, ...] = Field(
        (),
        validate_default=True,
        description="The entity types. Leave them out when output_format.schema has them as the enum of label.",
    )
    label_descriptions: Mapping[str, str] = Field(
        {}, description="What a type means, shown to the model beside the type."
    )

    @field_validator("input_template")
    @classmethod
    def _template_has_the_text(cls, text: str | None) -> str | None:
        if text is not None and TEXT not in Template(text).fields:
            raise ValueError(
                _(
                    "the template must contain {text}: entities are found in that field; "
                    "map another column to it in data.fields"
                )
            )
        return text

    @field_validator("output_format")
    @classmethod
    def _format_is_a_list_of_entities(cls, output_format: OutputFormat | None) -> OutputFormat | None:
        if output_format is not None:
            _types_in(output_format)
        return output_format

    @field_validator("labels", mode="before")
    @classmethod
    def _labels_from_one_source(cls, given: Any, info: ValidationInfo) -> Any:
        if "output_format" not in info.data:
            return given  # its own problem is reported; whether the labels agree with it cannot be known
        output_format = info.data["output_format"]
        enum = None if output_format is None else _types_in(output_format)
        if given in ((), [], None):
            if enum is None:
                raise ValueError(
                    _("the entity types are not known; list them in options.labels, such as [PER, ORG, LOC]")
                )
            return enum
        labels = _checked_labels(given)
        if enum is not None and set(enum) != set(labels):
            raise ValueError(
                _(
                    "the labels differ from the enum in output_format.schema ({labels}); write them in one place",
                    labels=", ".join(sorted(set(labels).symmetric_difference(enum))),
                )
            )
        return labels

    @field_validator("label_descriptions")
    @classmethod
    def _descriptions_are_shown(cls, descriptions: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        labels = info.data.get("labels", ())
        for label in descriptions:
            if labels and label not in labels:
                raise ValueError(
                    _("{label!r} is not one of the labels: {known}", label=label, known=nearest(label, labels))
                )
        system_prompt = info.data.get("system_prompt")
        if descriptions and system_prompt and "{labels}" not in system_prompt:
            raise ValueError(_("the descriptions would not be shown: add {labels} to system_prompt"))
        return descriptions

    @cached_property
    def template(self) -> Template:
        """The user message's template: ``input_template``, or the default one."""
        return Template(self.input_template or wording.default_template(self.language))

    @cached_property
    def system_text(self) -> str:
        """The system prompt, the same for all rows."""
        if self.system_prompt:
            listed = wording.label_list(self.labels, self.label_descriptions, self.language)
            return self.system_prompt.replace("{labels}", listed)
        return wording.system_text(self.language, self.domain, self.labels, self.label_descriptions)

    @cached_property
    def answer_schema(self) -> Mapping[str, Any]:
        """The JSON Schema of an answer."""
        return {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string", "minLength": 1},
                    "label": {"type": "string", "enum": list(self.labels)},
                    "nth": {"type": "integer", "minimum": 2},
                },
                "required": ["text", "label"],
                "additionalProperties": False,
            },
        }


def nearest(label: str, labels: tuple[str, ...]) -> str:
    """ "did you mean …?" for the type that ``label`` may stand for, or all the types."""
    folded = {known.casefold(): known for known in reversed(labels)}
    close = difflib.get_close_matches(label.strip().casefold(), folded, n=1, cutoff=0.5)
    return _("did you mean {label}?", label=folded[close[0]]) if close else ", ".join(labels)


def _types_in(output_format: OutputFormat) -> tuple[str, ...] | None:
    """The entity types in the format's schema, if it has them.

    :raises ValueError: the format is not a JSON list of entities.
    """
    if output_format.type == "text":
        raise ValueError(_("entities are answered as JSON; set type: json, or leave output_format out"))
    schema: Any = output_format.properties
    if not schema:
        return None
    if schema.get("type") == "array":
        schema = schema.get("items")
    elif set(schema) == {ENTITIES} and isinstance(schema[ENTITIES], Mapping):
        schema = schema[ENTITIES].get("items")
    if isinstance(schema, Mapping) and schema.get("type") == "object":
        schema = schema.get("properties")
    if not isinstance(schema, Mapping) or not set(schema) <= {"text", "label"} or not schema:
        raise ValueError(
            _(
                "an answer is a list of entities with text and label; write the schema as {shape} or leave it out",
                shape=_SHAPE,
            )
        )
    for name, described in schema.items():
        if not isinstance(described, Mapping) or described.get("type", "string") != "string":
            raise ValueError(_("schema.{name} must be a section such as type: string", name=name))
    enum = schema.get("label", {}).get("enum")
    return None if enum is None else _checked_labels(enum)


def _checked_labels(labels: Any) -> tuple[str, ...]:
    """The entity types as text.

    :raises ValueError: naming everything that is wrong with them.
    """
    if not isinstance(labels, (list, tuple)):
        raise ValueError(_("the labels must be a list such as [PER, ORG, LOC]"))
    wrong = [
        _("{label} is not text: put it in quotes", label=json.dumps(label, default=str))
        for label in labels
        if not isinstance(label, str)
    ]
    names = [label for label in labels if isinstance(label, str)]
    if any(not name.strip() for name in names):
        wrong.append(_("a label is empty"))
    odd = [name for name in names if name.strip() and name != clean(name)]
    wrong += [_("{label!r} has outer spaces or special tokens: remove them", label=name) for name in odd]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        wrong.append(_("listed twice: {labels}", labels=", ".join(twice)))
    if not labels:
        wrong.append(_("there must be at least one label"))
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(names)
