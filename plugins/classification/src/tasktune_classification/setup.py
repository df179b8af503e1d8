"""What ``tune init`` asks about a new classification task, and what rows say of it beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasktune.types import Proposal, Question
from tasktune_classification import translate as _
from tasktune_classification.labels import FIELD

TITLE = {"en": "Classification: one label per row", "zh-TW": "分類：每筆資料一個標籤"}

QUESTIONS = (
    Question(
        id="kind",
        path="options.kind",
        ask={"en": "What is classified?", "zh-TW": "要分類的是什麼？"},
        why={
            "en": "It chooses the instruction that the model is given, and which fields a row needs.",
            "zh-TW": "這會決定給模型的指示，以及每筆資料需要哪些欄位。",
        },
        kind="choice",
        choices={
            "general": {"en": "something else", "zh-TW": "其他分類"},
            "sentiment": {"en": "the sentiment of the whole text", "zh-TW": "整段文字的情感"},
            "entity-sentiment": {
                "en": "the sentiment towards one entity in it (field entity)",
                "zh-TW": "對文中某個實體的情感（欄位 entity）",
            },
            "stance": {"en": "the stance on a topic (field topic)", "zh-TW": "對某個議題的立場（欄位 topic）"},
            "intent": {"en": "what the user wants", "zh-TW": "使用者的意圖"},
            "topic": {"en": "what the text is about", "zh-TW": "文字的主題"},
        },
        default="general",
    ),
    Question(
        id="labels",
        path="options.labels",
        ask={"en": "Which labels are there?", "zh-TW": "有哪些標籤？"},
        explain={
            "en": "All possible answers, such as: positive, negative, neutral",
            "zh-TW": "所有可能的答案，例如：正面, 負面, 中立",
        },
        why={
            "en": "The model chooses among them, and a row with any other label is refused.",
            "zh-TW": "模型只從這些標籤中選擇；資料裡出現其他標籤會被擋下來。",
        },
        kind="list",
        required=True,
    ),
    Question(
        id="answer_form",
        path="output_format.type",
        ask={"en": "In which form shall the model answer?", "zh-TW": "模型要用什麼格式回答？"},
        why={
            "en": "Programs read JSON reliably; a bare label is shorter.",
            "zh-TW": "JSON 方便程式讀取；只輸出標籤則比較短。",
        },
        kind="choice",
        choices={
            "json": {"en": 'JSON, such as {"label": "…"}', "zh-TW": 'JSON，例如 {"label": "…"}'},
            "text": {"en": "the label alone", "zh-TW": "只有標籤"},
        },
        default="json",
    ),
)

# Parts of words that labels of a sentiment are made of, and of a stance.
_POLAR = ("pos", "neg", "neutral", "正面", "負面", "负面", "正向", "負向", "中立", "好評", "差評", "好评", "差评")
_STANCE = ("favor", "favour", "against", "支持", "反對", "反对", "贊成")
# Labels come again; answers that are mostly different are no labels.
_ROWS_PER_LABEL = 2
_MOST_LABELS = 500


def propose(rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal:
    """Whether the rows have labels, which, and what they are about."""
    answered = [row[FIELD] for row in rows if isinstance(row.get(FIELD), str)]
    different = len(set(answered))
    if different < 2 or different * _ROWS_PER_LABEL > len(answered) or different > _MOST_LABELS:
        return Proposal(fit=0.2, reason=_("{count} different answers are no label set", count=f"{different:,}"))
    names = sorted(classes, key=lambda name: (-classes[name], name)) or sorted(set(answered))
    return Proposal(
        fit=0.9,
        reason=_("{count} labels come again and again", count=f"{len(names):,}"),
        answers={"labels": names},
        guesses={"kind": _kind(rows, names)},
    )


def _kind(rows: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> str:
    def speak(words: Sequence[str]) -> bool:
        return sum(any(word in label.casefold() for word in words) for label in labels) >= 2

    if _filled(rows, "entity") and speak(_POLAR):
        return "entity-sentiment"
    if _filled(rows, "topic") and speak((*_STANCE, *_POLAR)):
        return "stance"
    return "sentiment" if speak(_POLAR) else "general"


def _filled(rows: Sequence[Mapping[str, Any]], field: str) -> bool:
    return all(isinstance(row.get(field), str) and row[field].strip() for row in rows)
