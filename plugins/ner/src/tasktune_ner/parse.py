"""A model's raw text to entities. See the README for what is accepted and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasktune.answers import clean, find_json
from tasktune.types import Answer, Record
from tasktune_ner import translate as _
from tasktune_ner.entities import TEXT, Locator, entity, located


def parse_output(output: str, record: Record) -> Answer:
    """The entities in ``output``, those in the text first, by their place, then the others with offsets None.

    An answer is a JSON list of objects with ``text`` and ``label`` (or ``type``); other keys but ``nth`` are ignored.
    Labels outside the set and mentions outside the text are kept, so that they count as wrong.
    """
    try:
        listed = find_json(clean(output), list)
    except ValueError as error:
        return Answer(error=str(error))
    text = record.inputs.get(TEXT)
    locator = Locator(text if isinstance(text, str) else "")
    found = []
    for number, each in enumerate(listed, start=1):
        if not isinstance(each, Mapping):
            return Answer(error=_("entity {number} is not an object with text and label", number=number))
        mention, label = each.get("text"), each.get("label", each.get("type"))
        if not isinstance(mention, str) or not mention:
            return Answer(error=_("entity {number} has no text", number=number))
        if not isinstance(label, str) or not label:
            return Answer(error=_("entity {number} has no label", number=number))
        start = locator.find(mention, _nth(each.get("nth")))
        found.append(entity(mention, label, start, None if start is None else start + len(mention)))
    # Sorting is stable: what cannot be placed stays in the order of the answer.
    found.sort(key=lambda each: (0, each["start"], each["end"]) if located(each) else (1, 0, 0))
    return Answer(value=found)


def _nth(value: Any) -> int:
    return value if isinstance(value, int) and value > 1 else 1
