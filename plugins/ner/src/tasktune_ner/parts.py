"""Entities that training rows show, and those that they do not, to be scored apart.

A model can know the first by heart; the second it has to recognise. An entity counts as seen if its text is that of a
training entity, letter by letter and whatever its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tasktune.types import Part, Record, Scored, Words
from tasktune_ner.entities import Entity

TITLES: Mapping[str, Words] = {
    "seen": {"en": "entities that occur in train", "zh-TW": "訓練資料出現過的實體"},
    "unseen": {"en": "entities that do not", "zh-TW": "訓練資料沒出現過的實體"},
}


def parts(rows: Sequence[Scored], train: Sequence[Record]) -> list[Part]:
    """The rows with the entities, gold and predicted, whose text is seen in ``train``, and with the others."""
    known = {each["text"] for record in train for each in record.target or ()}
    return [
        _part("seen", rows, lambda each: each["text"] in known),
        _part("unseen", rows, lambda each: each["text"] not in known),
    ]


def _part(name: str, rows: Sequence[Scored], belongs: Callable[[Entity], bool]) -> Part:
    cut = tuple(_cut(row, belongs) for row in rows)
    return Part(name=name, size=sum(len(row.record.target) for row in cut), rows=cut)


def _cut(row: Scored, belongs: Callable[[Entity], bool]) -> Scored:
    target = [each for each in row.record.target if belongs(each)]
    answer = row.answer
    if answer.parsed:
        answer = answer.model_copy(update={"value": [each for each in answer.value if belongs(each)]})
    return row.model_copy(update={"record": row.record.model_copy(update={"target": target}), "answer": answer})
