"""Constrained decoding as OpenAI's protocol has it: what a request asks for, and whether an answer kept to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tasktune.endpoint import json_schema_form
from tasktune.errors import InputError
from tasktune.grammar import free_text
from tasktune.locale import translate as _
from tasktune.types import Prompt, Value

if TYPE_CHECKING:
    from tasktune.definition import Task


class Form(Value):
    """The form that an answer is to have: ``fields`` of a request, and ``extra`` ones that OpenAI's protocol lacks."""

    fields: Mapping[str, Any] = {}
    extra: Mapping[str, Any] = {}
    kept: Callable[[str], bool]


def form_of(task: Task, prompt: Prompt) -> Form:
    """How an endpoint is asked for an answer of the prompt's form.

    A JSON Schema goes as ``response_format``, which vLLM, llama.cpp and Ollama take. A closed set of plain texts goes
    as ``structured_outputs``, which only vLLM knows (its documentation, "Structured Outputs", 0.12).

    :raises InputError: the form can be put neither way.
    """
    if prompt.answer_schema is not None:
        allowed = None if prompt.choices is None else [json.loads(choice) for choice in prompt.choices]
        asked = {"response_format": json_schema_form("answer", prompt.answer_schema)}
        return Form(fields=asked, kept=lambda text: _is_json(text, allowed))
    if prompt.choices is not None:
        choices = prompt.choices
        return Form(extra={"structured_outputs": {"choice": list(choices)}}, kept=lambda text: text in choices)
    raise InputError(
        _("the answers' form cannot be put to an endpoint, which knows JSON Schema and closed sets of answers"),
        problems=[free_text(task)],
    )


def _is_json(text: str, allowed: list[Any] | None) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return allowed is None or value in allowed
