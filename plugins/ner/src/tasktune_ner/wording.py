"""What the model is told: the default texts, in Traditional Chinese and in English.

The task's language chooses, not the language of the messages. Everything that is the same for all rows stands in the
system prompt, so that the rows of a task share as long a prefix as they can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasktune.locale import nearest_language

_SAY: Mapping[str, Mapping[str, str]] = {
    "zh-TW": {
        "role": "你是命名實體識別助手。找出文本中所有的實體，並標出類型。",
        "domain": "領域：{domain}。",
        "inline": "實體類型：{labels}。",
        "lines": "實體類型：\n{labels}",
        "separator": "、",
        "described": "- {label}：{description}",
        "answer": '只輸出 JSON 清單，依出現順序列出實體，格式為 [{"text": "原文中的實體", "label": "類型"}]，'
        "沒有實體時輸出 []，不要輸出其他文字。",
        "template": "文本：{text}",
    },
    "en": {
        "role": "You are a named entity recognizer. Find every entity in the text and give its type.",
        "domain": " Domain: {domain}.",
        "inline": "Entity types: {labels}.",
        "lines": "Entity types:\n{labels}",
        "separator": ", ",
        "described": "- {label}: {description}",
        "answer": "Answer only with a JSON list of the entities in order of appearance, of the form "
        '[{"text": "<entity as in the text>", "label": "<type>"}], with [] when there are none, and nothing else.',
        "template": "Text: {text}",
    },
}


def default_template(language: str) -> str:
    """The user message's template."""
    return _SAY[nearest_language(language)]["template"]


def system_text(language: str, domain: str | None, labels: Sequence[str], descriptions: Mapping[str, str]) -> str:
    """The default system prompt: role, domain, entity types and the form of the answer."""
    say = _SAY[nearest_language(language)]
    role = say["role"] + (say["domain"].replace("{domain}", domain) if domain else "")
    listed = label_list(labels, descriptions, language)
    return "\n".join((role, say["lines" if "\n" in listed else "inline"].replace("{labels}", listed), say["answer"]))


def label_list(labels: Sequence[str], descriptions: Mapping[str, str], language: str) -> str:
    """The types in one line, or one per line where they are described or hold the separator themselves."""
    say = _SAY[nearest_language(language)]
    separator = say["separator"]
    if not descriptions and not any(separator.strip() in label for label in labels):
        return separator.join(labels)
    return "\n".join(
        say["described"].format(label=label, description=descriptions[label]) if label in descriptions else f"- {label}"
        for label in labels
    )
