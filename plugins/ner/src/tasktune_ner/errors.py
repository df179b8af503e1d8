"""Sort the differences between gold and predicted entities by what kind of mistake they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tasktune import types
from tasktune.types import Scored, Words
from tasktune_ner.entities import Entity, located
from tasktune_ner.metrics import predictions

ErrorKind: TypeAlias = Literal["type", "boundary", "hallucinated", "missed", "spurious"]


@dataclass(frozen=True)
class Mistake:
    """One mistake in one row; ``gold`` is None for an entity that is none, ``predicted`` for one not found.

    type: right place, wrong label. boundary: right label, overlapping place. hallucinated: not in the text. missed and
    spurious: the other gold and predicted entities that are not right.
    """

    kind: ErrorKind
    record_id: str
    gold: Entity | None
    predicted: Entity | None


TITLES: Mapping[str, Words] = {
    "type": {"en": "wrong type", "zh-TW": "類型錯誤"},
    "boundary": {"en": "wrong boundary", "zh-TW": "邊界錯誤"},
    "hallucinated": {"en": "not in the text", "zh-TW": "原文沒有"},
    "missed": {"en": "missed", "zh-TW": "漏抓"},
    "spurious": {"en": "no entity", "zh-TW": "多抓"},
}


def mistakes_by_type(row: Scored) -> list[types.Mistake]:
    """The mistakes in a row as the report counts them: by kind and entity type."""
    return [
        types.Mistake(
            kind=each.kind,
            gold=None if each.gold is None else each.gold["label"],
            predicted=None if each.predicted is None or each.kind == "boundary" else each.predicted["label"],
        )
        for each in _in_row(row)
    ]


def mistakes(rows: Sequence[Scored]) -> list[Mistake]:
    """All mistakes of the answers that could be parsed; an entity is in at most one of them."""
    return [mistake for row in rows if row.answer.parsed for mistake in _in_row(row)]


def _in_row(row: Scored) -> list[Mistake]:
    key = row.record.id
    found = [Mistake("hallucinated", key, None, each) for each in predictions(row) if not located(each)]
    gold = {(each["start"], each["end"], each["label"]): each for each in row.record.target}
    predicted = {(each["start"], each["end"], each["label"]): each for each in predictions(row) if located(each)}
    for exact in gold.keys() & predicted.keys():
        del gold[exact], predicted[exact]
    for kind in ("type", "boundary"):
        for place, right in list(gold.items()):
            wrong = next((other for other in predicted if _is(kind, place, other)), None)
            if wrong is not None:
                found.append(Mistake(kind, key, right, predicted.pop(wrong)))
                del gold[place]
    found += [Mistake("missed", key, each, None) for each in gold.values()]
    found += [Mistake("spurious", key, None, each) for each in predicted.values()]
    return found


def _is(kind: str, gold: tuple[int, int, str], predicted: tuple[int, int, str]) -> bool:
    if kind == "type":
        return gold[:2] == predicted[:2]
    return gold[2] == predicted[2] and gold[0] < predicted[1] and predicted[0] < gold[1]
