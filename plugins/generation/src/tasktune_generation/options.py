"""The options of a generation task, checked together with the shared keys that bear on them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from tasktune.templates import Template
from tasktune.types import OutputFormat, TaskOptions
from tasktune_generation import schema, wording
from tasktune_generation import translate as _


class GenerationOptions(TaskOptions):
    """What a generation task may set; the fields below are the keys of ``options:`` in task.yaml.

    Without ``output_format`` an answer is free text.
    """

    kind: wording.Kind = Field("text", description="What is written; it chooses the default instruction.")
    instruction: str | None = Field(
        None,
        validate_default=True,
        description="What to do, in a sentence or more; it stands first in the system prompt.",
    )

    pattern: str | None = Field(
        None,
        description="A regular expression that a whole text answer must match (Python's re); others have no form.",
    )

    @field_validator("pattern")
    @classmethod
    def _pattern_compiles(cls, pattern: str | None, info: ValidationInfo) -> str | None:
        output_format = info.data.get("output_format")
        if pattern is not None and output_format is not None and output_format.type == "json":
            raise ValueError(_("a pattern is for text answers; put it into output_format.schema"))
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(_("not a regular expression: {reason}", reason=error)) from error
        return pattern

    @field_validator("output_format")
    @classmethod
    def _format_is_a_schema(cls, output_format: OutputFormat | None) -> OutputFormat | None:
        if output_format is not None and output_format.type == "json":
            schema.answer_schema(output_format)
        elif output_format is not None and output_format.properties:
            raise ValueError(_("a text answer has no schema; remove the schema, or set type: json"))
        return output_format

    @field_validator("instruction")
    @classmethod
    def _instruction_is_used(cls, text: str | None, info: ValidationInfo) -> str | None:
        system_prompt, kind = info.data.get("system_prompt"), info.data.get("kind")
        if text is not None and not text.strip():
            raise ValueError(_("the instruction is empty: say what to do, or remove the key"))
        if text and system_prompt:
            raise ValueError(_("system_prompt replaces the instruction: keep one of them"))
        if not text and not system_prompt and kind is not None and not wording.has_instruction(kind):
            raise ValueError(
                _("a translation needs an instruction that names the languages, such as 把英文翻譯成臺灣的繁體中文。")
            )
        return text

    @cached_property
    def template(self) -> Template:
        """The user message's template."""
        return Template(self.input_template or wording.TEMPLATE)

    @cached_property
    def answer_schema(self) -> Mapping[str, Any] | None:
        """The JSON Schema of a JSON answer; None for text."""
        if self.output_format is None or self.output_format.type == "text":
            return None
        return schema.answer_schema(self.output_format)

    def has_form(self, text: str) -> bool:
        """Whether a text answer has the form that the task asks for; any has, without a pattern."""
        return self.pattern is None or re.fullmatch(self.pattern, text) is not None

    @cached_property
    def system_text(self) -> str:
        """The system prompt, the same for all rows."""
        if self.system_prompt:
            return self.system_prompt.replace("{schema}", wording.schema_text(self.answer_schema or {}))
        return wording.system_text(self.kind, self.instruction, self.language, self.domain, self.answer_schema)

    @cached_property
    def main_field(self) -> str:
        """The field with the text that the answer is made from: ``text`` if the template has it, else its last."""
        return "text" if "text" in self.template.fields else self.template.fields[-1]
