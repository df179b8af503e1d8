"""What ``tune init`` asks about a new generation task, and what rows say of it beforehand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tasktune.types import Proposal, Question
from tasktune_generation import translate as _
from tasktune_generation.prompt import FIELD

TITLE = {"en": "Generation: a text, or JSON, is written", "zh-TW": "生成：寫出文字或 JSON"}

_CHOICES = {
    "text": {"en": "text of some other kind", "zh-TW": "其他文字"},
    "summary": {"en": "a summary", "zh-TW": "摘要"},
    "rewrite": {"en": "the same text in other words", "zh-TW": "改寫"},
    "translation": {"en": "a translation", "zh-TW": "翻譯"},
}

QUESTIONS = (
    Question(
        id="kind",
        path="options.kind",
        ask={"en": "What shall be written?", "zh-TW": "要寫出什麼？"},
        why={"en": "It chooses the instruction that the model is given.", "zh-TW": "這會決定給模型的指示。"},
        kind="choice",
        choices=_CHOICES,
        default="text",
    ),
    Question(
        id="instruction",
        path="options.instruction",
        ask={"en": "What shall the model do, in a sentence?", "zh-TW": "用一句話說明模型要做什麼？"},
        explain={
            "en": "Such as: Rewrite what the user says as an official letter. A translation names its languages.",
            "zh-TW": "例如：把使用者的口語改寫成公文的主旨。翻譯要說明是哪兩種語言。",
        },
        why={
            "en": "It stands first in the system prompt; without it the kind's own sentence does.",
            "zh-TW": "這句話會放在系統提示詞的最前面；不填就用該類型預設的句子。",
        },
    ),
)

_MOSTLY = 0.5
_SHORTER = 0.5


def propose(rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal:
    """Whether the rows have answers of their own, and whether these are shorter than what they are made from."""
    answers = [json.dumps(row[FIELD]) if isinstance(row[FIELD], dict) else row[FIELD] for row in rows if row.get(FIELD)]
    answers = [answer for answer in answers if isinstance(answer, str) and answer.strip()]
    if not answers or len(set(answers)) < _MOSTLY * len(answers):
        return Proposal(fit=0.2, reason=_("the answers repeat themselves, as labels do"))
    asked = sum(len(row["text"]) for row in rows if isinstance(row.get("text"), str))
    shorter = sum(map(len, answers)) < _SHORTER * asked
    return Proposal(
        fit=0.8,
        reason=_("most answers are texts of their own"),
        guesses={"kind": "summary"} if shorter else {},
    )
