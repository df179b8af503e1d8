"""Data rows to records, and records to prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasktune.errors import Problem, RecordError
from tasktune.types import Message, Prompt, Record, Remark
from tasktune_classification import translate as _
from tasktune_classification.labels import FIELD, read_label
from tasktune_classification.options import ClassificationOptions


def read_record(row: Mapping[str, Any], record_id: str, options: ClassificationOptions) -> Record:
    """The record of a data row: the field ``label`` is the target, every other field an input.

    A row whose label is missing or null is unlabelled.

    :raises RecordError: a field of the template is missing, all of them are blank, or the label is not in the set.
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
                Problem(_("there is no text to classify"), hint=_("fill it in, or leave the row out"), path=fields[0])
            )
    target = row.get(FIELD)
    if target is not None:
        target = read_label(target, options.labels, options.completions)
        if isinstance(target, Problem):
            problems.append(target)
    if problems:
        raise RecordError(*problems)
    return Record(id=record_id, inputs=inputs, target=target)


def build_prompt(record: Record, options: ClassificationOptions) -> Prompt:
    """The chat prompt of a record; the system message is the same for all records of a task.

    :raises RecordError: a field of the template is missing.
    """
    completions = options.completions
    return Prompt(
        messages=(
            Message(role="system", content=options.system_text),
            Message(role="user", content=options.template.render(record.inputs)),
        ),
        completion=None if record.target is None else completions[record.target],
        answer_schema=options.answer_schema,
        choices=tuple(completions.values()),
    )


def remarks(record: Record, options: ClassificationOptions) -> list[Remark]:
    """An entity that is not in its text, which the sentiment is asked of all the same."""
    entity, text = record.inputs.get("entity"), record.inputs.get("text")
    if options.kind != "entity-sentiment" or not isinstance(entity, str) or not isinstance(text, str):
        return []
    if entity.casefold() in text.casefold():
        return []
    return [
        Remark(
            code="entity_absent",
            message=_("the entity is not in the text as it is written"),
            fix=_("write it as the text does, or leave the row out if the text is about another one"),
        )
    ]
