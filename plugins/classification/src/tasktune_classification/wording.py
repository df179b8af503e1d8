"""What the model is told: the default texts of every kind, in Traditional Chinese and in English.

The task's language chooses, not the language of the messages: the same task asks the same thing everywhere.
Everything that is the same for all rows stands in the system prompt and the fields come last in the user message, so
that the rows of a task share as long a prefix as they can.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

from tasktune.locale import nearest_language

Kind = Literal["general", "sentiment", "entity-sentiment", "stance", "intent", "topic"]

_ROLES: Mapping[str, Mapping[Kind, str]] = {
    "zh-TW": {
        "general": "你是文本分類助手。判斷文本屬於哪一個類別。",
        "sentiment": "你是情感分析助手。判斷文本整體的情感傾向。",
        "entity-sentiment": "你是情感分析助手。判斷文本對指定實體的情感傾向，而不是文本整體的情感。",
        "stance": "你是立場分析助手。判斷文本對指定議題的立場。",
        "intent": "你是意圖識別助手。判斷使用者這句話的意圖。",
        "topic": "你是主題分類助手。判斷文本的主題。",
    },
    "en": {
        "general": "You are a text classifier. Decide which class the text belongs to.",
        "sentiment": "You are a sentiment analyst. Decide the overall sentiment of the text.",
        "entity-sentiment": (
            "You are a sentiment analyst. Decide the sentiment of the text towards the given entity, "
            "not of the text as a whole."
        ),
        "stance": "You are a stance analyst. Decide the stance of the text on the given topic.",
        "intent": "You are an intent classifier. Decide what the user wants with this utterance.",
        "topic": "You are a topic classifier. Decide what the text is about.",
    },
}

_TEMPLATES: Mapping[str, Mapping[Kind, str]] = {
    "zh-TW": {
        "general": "文本：{text}",
        "sentiment": "文本：{text}",
        "entity-sentiment": "實體：{entity}\n文本：{text}",
        "stance": "議題：{topic}\n文本：{text}",
        "intent": "語句：{text}",
        "topic": "文本：{text}",
    },
    "en": {
        "general": "Text: {text}",
        "sentiment": "Text: {text}",
        "entity-sentiment": "Entity: {entity}\nText: {text}",
        "stance": "Topic: {topic}\nText: {text}",
        "intent": "Utterance: {text}",
        "topic": "Text: {text}",
    },
}

FIELDS = ("text", "entity", "topic")
"""The fields of the default templates."""

_SAY: Mapping[str, Mapping[str, str]] = {
    "zh-TW": {
        "domain": "領域：{domain}。",
        "inline": "只能從下列標籤中選一個：{labels}。",
        "lines": "只能從下列標籤中選一個：\n{labels}",
        "separator": "、",
        "described": "{label}：{description}",
        "json": "只輸出 JSON，格式為 {form}，不要輸出其他文字。",
        "text": "只輸出標籤本身，不要輸出其他文字。",
        "placeholder": "標籤",
    },
    "en": {
        "domain": "Domain: {domain}.",
        "inline": "Choose exactly one of these labels: {labels}.",
        "lines": "Choose exactly one of these labels:\n{labels}",
        "separator": ", ",
        "described": "{label}: {description}",
        "json": "Answer only with JSON of the form {form} and nothing else.",
        "text": "Answer only with the label itself and nothing else.",
        "placeholder": "<label>",
    },
}


def default_template(kind: Kind, language: str) -> str:
    """The user message's template of a kind."""
    return _TEMPLATES[nearest_language(language)][kind]


def system_text(
    kind: Kind,
    language: str,
    domain: str | None,
    labels: Sequence[str],
    descriptions: Mapping[str, str],
    json_property: str | None,
) -> str:
    """The default system prompt: role, domain, labels and the form of the answer (JSON if ``json_property``)."""
    language = nearest_language(language)
    say = _SAY[language]
    first = _ROLES[language][kind]
    if domain:
        first += ("" if language == "zh-TW" else " ") + say["domain"].format(domain=domain)
    listed = label_list(labels, descriptions, language)
    choose = say["lines" if "\n" in listed else "inline"].format(labels=listed)
    if json_property is None:
        answer = say["text"]
    else:
        answer = say["json"].format(form=json.dumps({json_property: say["placeholder"]}, ensure_ascii=False))
    return "\n".join((first, choose, answer))


def label_list(labels: Sequence[str], descriptions: Mapping[str, str], language: str) -> str:
    """The labels in one line, or one per line where they are described or hold the separator themselves."""
    say = _SAY[nearest_language(language)]
    separator = say["separator"]
    if not descriptions and not any(separator.strip() in label for label in labels):
        return separator.join(labels)
    return "\n".join(
        "- "
        + (say["described"].format(label=label, description=descriptions[label]) if label in descriptions else label)
        for label in labels
    )
