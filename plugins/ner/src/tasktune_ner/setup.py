"""What ``tune init`` asks about a new task of named entities, and what rows say of it beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasktune.types import Proposal, Question
from tasktune_ner import translate as _
from tasktune_ner.entities import ENTITIES

TITLE = {"en": "Named entities: their text, type and place", "zh-TW": "命名實體：文字、類型與位置"}

QUESTIONS = (
    Question(
        id="labels",
        path="options.labels",
        ask={"en": "Which types of entities are there?", "zh-TW": "有哪些實體類型？"},
        explain={"en": "All of them, such as: PER, ORG, LOC", "zh-TW": "全部列出，例如：PER, ORG, LOC"},
        why={
            "en": "The model finds only these, and a row with any other type is refused.",
            "zh-TW": "模型只找這些類型；資料裡出現其他類型會被擋下來。",
        },
        kind="list",
        required=True,
    ),
)


def propose(rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal:
    """Whether the rows have entities, and of which types."""
    marked = [row for row in rows if isinstance(row.get(ENTITIES), list) and row[ENTITIES]]
    if not marked or not classes:
        return Proposal(fit=0.1, reason=_("no entity is marked"))
    names = sorted(classes, key=lambda name: (-classes[name], name))
    return Proposal(
        fit=0.95,
        reason=_("{rows} of the first {looked} rows mark entities", rows=len(marked), looked=len(rows)),
        answers={"labels": names},
    )
