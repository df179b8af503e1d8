"""Read the answer in a model's text."""

from __future__ import annotations

from tasktune.answers import clean, find_json
from tasktune.types import Answer
from tasktune_generation import translate as _
from tasktune_generation.options import GenerationOptions
from tasktune_generation.schema import violations


def parse_output(text: str, options: GenerationOptions) -> Answer:
    """The text itself, or the JSON object in it if that meets the schema; else why there is no answer."""
    text = clean(text)
    if not text:
        return Answer(error=_("the answer is empty"))
    if options.answer_schema is None:
        if not options.has_form(text):
            return Answer(error=_("the answer does not match options.pattern"))
        return Answer(value=text)
    try:
        value = find_json(text, dict)
    except ValueError as error:
        return Answer(error=str(error))
    found = violations(value, options.answer_schema)
    if found:
        return Answer(error=_("the JSON does not meet the schema: {violations}", violations="; ".join(found)))
    return Answer(value=value)
