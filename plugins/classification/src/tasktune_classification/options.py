"""The options of a classification task, checked together with the shared keys that bear on them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from tasktune.answers import clean
from tasktune.templates import Template
from tasktune.types import OutputFormat, TaskOptions
from tasktune_classification import translate as _
from tasktune_classification import wording

DEFAULT_PROPERTY = "label"
_PROPERTY_KEYS = {"type", "enum", "title", "description"}
_SCHEMA_KEYS = {"$schema", "type", "properties", "required", "additionalProperties", "title", "description"}


def _with_hyphens(kind: Any) -> Any:
    return kind.replace("_", "-") if isinstance(kind, str) else kind


class ClassificationOptions(TaskOptions):
    """What a classification task may set; the fields below are the keys of ``options:`` in task.yaml.

    ``labels`` is complete after validation, wherever it was written.
    """

    default_fields: ClassVar[tuple[str, ...]] = wording.FIELDS

    kind: Annotated[wording.Kind, BeforeValidator(_with_hyphens)] = Field(
        "general", description="What is classified; it chooses the default prompt. entity_sentiment is accepted too."
    )
    labels: tuple[str, ...] = Field(
        (),
        validate_default=True,
        description="The label set. Leave it out when output_format.schema has a property with an enum.",
    )
    label_descriptions: Mapping[str, str] = Field(
        {}, description="What a label means, shown to the model beside the label."
    )

    @field_validator("output_format")
    @classmethod
    def _format_holds_one_label(cls, output_format: OutputFormat | None) -> OutputFormat | None:
        if output_format is not None:
            _json_property(output_format)
        return output_format

    @field_validator("labels", mode="before")
    @classmethod
    def _labels_from_one_source(cls, given: Any, info: ValidationInfo) -> Any:
        if "output_format" not in info.data:
            return given  # its own problem is reported; whether the labels agree with it cannot be known
        output_format = info.data["output_format"]
        enum = None if output_format is None else _json_property(output_format)[1].get("enum")
        if given in ((), [], None):
            if enum is None:
                raise ValueError(
                    _(
                        "the labels are not known; list them in options.labels, or as the enum of the property in "
                        "output_format.schema"
                    )
                )
            return _checked_labels(enum)
        labels = _checked_labels(given)
        if enum is not None and set(_checked_labels(enum)) != set(labels):
            odd = sorted(set(labels).symmetric_difference(enum))
            raise ValueError(
                _(
                    "the labels differ from the enum in output_format.schema ({labels}); write them in one place",
                    labels=", ".join(odd),
                )
            )
        return labels

    @field_validator("label_descriptions")
    @classmethod
    def _descriptions_are_shown(cls, descriptions: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        labels = info.data.get("labels", ())
        for label in descriptions:
            if labels and label not in labels:
                close = difflib.get_close_matches(label, labels, n=1, cutoff=0.5)
                known = _("did you mean {label}?", label=close[0]) if close else ", ".join(labels)
                raise ValueError(_("{label!r} is not one of the labels: {known}", label=label, known=known))
        system_prompt = info.data.get("system_prompt")
        if descriptions and system_prompt and "{labels}" not in system_prompt:
            raise ValueError(_("the descriptions would not be shown: add {labels} to system_prompt"))
        return descriptions

    @cached_property
    def template(self) -> Template:
        """The user message's template: ``input_template``, or the kind's own."""
        return Template(self.input_template or wording.default_template(self.kind, self.language))

    @cached_property
    def json_property(self) -> str | None:
        """The property that holds the label in a JSON answer; None when the answer is the bare label."""
        output_format = self.output_format or OutputFormat()
        return _json_property(output_format)[0] if output_format.type == "json" else None

    @cached_property
    def completions(self) -> Mapping[str, str]:
        """Every label's right answer, as exact text, in the order of the labels."""
        if self.json_property is None:
            return {label: label for label in self.labels}
        return {label: json.dumps({self.json_property: label}, ensure_ascii=False) for label in self.labels}

    @cached_property
    def answer_schema(self) -> Mapping[str, Any] | None:
        """The JSON Schema of an answer; None for bare labels."""
        if self.json_property is None:
            return None
        given = _json_property(self.output_format or OutputFormat())[1]
        return {
            "type": "object",
            "properties": {self.json_property: {**given, "type": "string", "enum": list(self.labels)}},
            "required": [self.json_property],
            "additionalProperties": False,
        }

    @cached_property
    def system_text(self) -> str:
        """The system prompt, the same for all rows."""
        if self.system_prompt:
            listed = wording.label_list(self.labels, self.label_descriptions, self.language)
            return self.system_prompt.replace("{labels}", listed)
        return wording.system_text(
            self.kind, self.language, self.domain, self.labels, self.label_descriptions, self.json_property
        )


def _json_property(output_format: OutputFormat) -> tuple[str, Mapping[str, Any]]:
    """The name and the schema of the one property that a JSON answer has.

    :raises ValueError: the schema is not one that a single label fits.
    """
    schema = output_format.properties
    if not schema:
        return DEFAULT_PROPERTY, {}
    if output_format.type == "text":
        raise ValueError(_("a text answer has no schema; remove the schema, or set type: json"))
    if schema.get("type") == "object" and isinstance(schema.get("properties"), Mapping):
        _refuse_unknown("schema", schema, _SCHEMA_KEYS)
        schema = schema["properties"]
    if len(schema) != 1:
        raise ValueError(
            _(
                "one label is one property, but the schema has {count}: {names}",
                count=len(schema),
                names=", ".join(schema),
            )
        )
    [(name, described)] = schema.items()
    if not isinstance(described, Mapping):
        raise ValueError(_("schema.{name} must be a section such as type: string", name=name))
    _refuse_unknown(f"schema.{name}", described, _PROPERTY_KEYS)
    if described.get("type", "string") != "string":
        raise ValueError(_("schema.{name}.type must be string: labels are text", name=name))
    if "enum" in described:
        _checked_labels(described["enum"])
    return name, described


def _refuse_unknown(place: str, given: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(
            _(
                "{place} has {unknown}, which a label's schema cannot have; it may have {known}",
                place=place,
                unknown=", ".join(unknown),
                known=", ".join(sorted(known)),
            )
        )


def _checked_labels(labels: Any) -> tuple[str, ...]:
    """The labels as text.

    :raises ValueError: naming all labels that are not text or could not be read back from an answer.
    """
    if not isinstance(labels, (list, tuple)):
        raise ValueError(_("the labels must be a list such as [正面, 負面]"))
    wrong = [problem for label in labels if (problem := _label_problem(label))]
    twice = sorted({str(label) for label in labels if labels.count(label) > 1})
    if twice:
        wrong.append(_("listed twice: {labels}", labels=", ".join(twice)))
    if len(labels) < 2:
        wrong.append(_("there must be at least two labels"))
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(labels)


def _label_problem(label: Any) -> str | None:
    if not isinstance(label, str):
        return _("{label} is not text: put it in quotes", label=json.dumps(label, default=str))
    if not label.strip():
        return _("a label is empty")
    if label != clean(label) or "\n" in label or "\r" in label:
        return _(
            "{label!r} cannot be read back from an answer: remove line breaks, outer spaces and special tokens",
            label=label,
        )
    return None
