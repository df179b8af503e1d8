"""Records to prompts, and the exact text of a right answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tasktune.errors import Problem, RecordError
from tasktune.types import ClassSpan, Message, Prompt, Record
from tasktune_ner import translate as _
from tasktune_ner.entities import TEXT, Entity, ordinal
from tasktune_ner.options import NerOptions


def build_prompt(record: Record, options: NerOptions) -> Prompt:
    """The chat prompt of a record; the system message is the same for all records of a task.

    :raises RecordError: a field of the template is missing, or the text is not text.
    """
    user = options.template.render(record.inputs)
    text = record.inputs[TEXT]
    if not isinstance(text, str):
        raise RecordError(Problem(_("must be text"), path=TEXT))
    return Prompt(
        messages=(Message(role="system", content=options.system_text), Message(role="user", content=user)),
        completion=None if record.target is None else write_answer(text, record.target),
        answer_schema=options.answer_schema,
    )


def write_answer(text: str, entities: Sequence[Entity]) -> str:
    """The answer that names ``entities``, which are in order and do not overlap.

    An entity is written by its text and label; its place is the first occurrence of the text after the entity before
    it. Where it is not that one but the k-th, ``"nth": k`` says so: with it the places of any flat set of entities can
    be read back. It is rare: it takes a mention that is an entity here and the same characters that are none before.
    """
    return f"[{_BETWEEN.join(_objects(text, entities))}]"


def class_spans(text: str, entities: Sequence[Entity]) -> list[ClassSpan]:
    """Where the answer of :func:`write_answer` speaks of which type: each entity's object, from brace to brace."""
    spans = []
    start = len("[")
    for each, written in zip(entities, _objects(text, entities), strict=True):
        spans.append(ClassSpan(name=each["label"], start=start, end=start + len(written)))
        start += len(written) + len(_BETWEEN)
    return spans


_BETWEEN = ", "


def _objects(text: str, entities: Sequence[Entity]) -> Iterator[str]:
    cursor = 0
    for each in entities:
        nth = ordinal(text, each["text"], cursor, each["start"])
        extra = {"nth": nth} if nth > 1 else {}
        yield json.dumps({"text": each["text"], "label": each["label"], **extra}, ensure_ascii=False)
        cursor = each["end"]
