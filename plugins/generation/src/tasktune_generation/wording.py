"""What the model is told: the default texts of every kind, in Traditional Chinese and in English.

The task's language chooses, not the language of the messages: the same task asks the same thing everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from tasktune.locale import nearest_language

Kind = Literal["text", "summary", "rewrite", "translation"]

TEMPLATE = "{text}"
"""The default user message: the text alone, as the system prompt says what to do with it."""

_INSTRUCTIONS: Mapping[str, Mapping[Kind, str]] = {
    "zh-TW": {
        "text": "你是寫作助手。依照使用者給的內容寫出所需的文字。",
        "summary": "你是摘要助手。用簡短的文字寫出使用者所給文本的重點，不要加入文本沒有的內容。",
        "rewrite": "你是文字改寫助手。改寫使用者給的文字，保留原意。",
    },
    "en": {
        "text": "You are a writing assistant. Write the text that the user's input asks for.",
        "summary": "You summarise. State the main points of the user's text briefly; add nothing that it does not say.",
        "rewrite": "You rewrite. Rewrite the user's text and keep its meaning.",
    },
}

_SAY: Mapping[str, Mapping[str, str]] = {
    "zh-TW": {
        "domain": "領域：{domain}。",
        "text": "只輸出結果，不要加上說明。",
        "json": "只輸出一個 JSON 物件，不要輸出其他文字。它必須符合這個 JSON Schema：\n{schema}",
    },
    "en": {
        "domain": "Domain: {domain}.",
        "text": "Answer only with the result, without explanation.",
        "json": "Answer only with one JSON object and nothing else. It must meet this JSON Schema:\n{schema}",
    },
}


def has_instruction(kind: Kind) -> bool:
    """Whether a kind has a default instruction: a translation's direction cannot be guessed."""
    return kind in _INSTRUCTIONS["en"]


def system_text(
    kind: Kind, instruction: str | None, language: str, domain: str | None, schema: Mapping[str, Any] | None
) -> str:
    """The default system prompt: what to do, the domain and the form of the answer (JSON if ``schema``)."""
    language = nearest_language(language)
    say = _SAY[language]
    first = instruction or _INSTRUCTIONS[language][kind]
    if domain:
        first += ("" if language == "zh-TW" else " ") + say["domain"].format(domain=domain)
    answer = say["text"] if schema is None else say["json"].format(schema=schema_text(schema))
    return f"{first}\n{answer}"


def schema_text(schema: Mapping[str, Any]) -> str:
    """The schema as the model sees it."""
    return json.dumps(schema, ensure_ascii=False)
