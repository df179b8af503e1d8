"""Data rows to records, and records to prompts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tasktune.answers import clean, find_json
from tasktune.errors import Problem, RecordError
from tasktune.types import Message, Prompt, Record
from tasktune_generation import translate as _
from tasktune_generation.options import GenerationOptions
from tasktune_generation.schema import ordered, same, violations

FIELD = "output"


def read_record(row: Mapping[str, Any], record_id: str, options: GenerationOptions) -> Record:
    """The record of a data row: the field ``output`` is the target, every other field an input.

    A text target loses its outer white space. A JSON target may be an object or the text of one. A row whose output is
    missing or null is unlabelled.

    :raises RecordError: a field of the template is missing, all of them are blank, or the target cannot be an answer.
    """
    inputs = {name: value for name, value in row.items() if name != FIELD}
    problems: list[Problem] = []
    try:
        options.template.render(inputs)
    except RecordError as error:
        problems += error.problems
    else:
        fields = options.template.fields
        if all(isinstance(inputs[name], str) and not inputs[name].strip() for name in fields):
            problems.append(
                Problem(_("there is no text to work on"), hint=_("fill it in, or leave the row out"), path=fields[0])
            )
    target = row.get(FIELD)
    if target is not None:
        target = _text_target(target, options) if options.answer_schema is None else _json_target(target, options)
        if isinstance(target, Problem):
            problems.append(target)
    if problems:
        raise RecordError(*problems)
    return Record(id=record_id, inputs=inputs, target=target)


def build_prompt(record: Record, options: GenerationOptions) -> Prompt:
    """The chat prompt of a record; the system message is the same for all records of a task.

    :raises RecordError: a field of the template is missing.
    """
    target = record.target
    if target is not None and options.answer_schema is not None:
        target = json.dumps(ordered(target, options.answer_schema), ensure_ascii=False)
    return Prompt(
        messages=(
            Message(role="system", content=options.system_text),
            Message(role="user", content=options.template.render(record.inputs)),
        ),
        completion=target,
        answer_schema=options.answer_schema,
    )


def _text_target(value: Any, options: GenerationOptions) -> str | Problem:
    if not isinstance(value, str):
        return Problem(
            _("the output must be text, not {value}", value=_shown(value)),
            hint=_("put it in quotes, or set output_format.type: json"),
            path=FIELD,
        )
    text = value.strip()
    if not text:
        return Problem(_("the output is empty"), hint=_("fill it in, or leave the field out"), path=FIELD)
    if clean(text) != text:
        return Problem(
            _("the output cannot be read back from an answer: it has special tokens, <think> or half a character"),
            hint=_("remove them"),
            path=FIELD,
        )
    if not options.has_form(text):
        return Problem(
            _("the output does not match options.pattern: {value}", value=_shown(text)),
            hint=_("correct the row, or the pattern"),
            path=FIELD,
        )
    return text


def _json_target(value: Any, options: GenerationOptions) -> dict[str, Any] | Problem:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            return Problem(
                _("the output is not JSON: {error}", error=error),
                hint=_("write an object, or the text of one"),
                path=FIELD,
            )
    if not isinstance(value, dict):
        return Problem(
            _("the output must be a JSON object, not {value}", value=_shown(value)),
            hint=_("write one that meets output_format.schema"),
            path=FIELD,
        )
    unreadable = _not_read_back(value)
    if unreadable:
        return Problem(
            _("the output cannot be read back from an answer: {reason}", reason=unreadable),
            hint=_("change that value"),
            path=FIELD,
        )
    found = violations(value, options.answer_schema) if options.answer_schema is not None else []
    if found:
        return Problem(
            _("the output does not meet the schema: {violations}", violations="; ".join(found)),
            hint=_("correct the row, or output_format.schema"),
            path=FIELD,
        )
    return value


def _not_read_back(value: dict[str, Any]) -> str | None:
    """Why an answer with exactly this value would not be read as it."""
    try:
        text = json.dumps(value, ensure_ascii=False)
        found = find_json(clean(text), dict)
    except (TypeError, ValueError, RecursionError) as error:
        return str(error)
    return None if same(found, value) else _("it has special tokens, <think> or keys that are not text")


def _shown(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else shown[:59] + "…"
