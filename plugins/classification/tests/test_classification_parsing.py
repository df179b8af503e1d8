"""What models really write when asked for a label, and what is read in it."""

from __future__ import annotations

from typing import Any

import pytest

from tasktune.plugins import load_task_type
from tasktune.types import Record
from tasktune_classification.options import ClassificationOptions

PLUGIN = load_task_type("classification")
RECORD = Record(id="test.jsonl:1", inputs={"text": "好"})
ANY = object()


def parse(text: str, **given: Any) -> str | None:
    """The value read, or None for an answer that was not parsed."""
    options = ClassificationOptions.model_validate({"labels": ["正面", "負面", "中立", "正"], **given})
    answer = PLUGIN.parse_output(text, RECORD, options)
    assert (answer.value is None) != (answer.error is None)
    value: str | None = answer.value
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"label": "正面"}', "正面"),
        ('{"label":"正面"}<|im_end|>', "正面"),
        ('```json\n{"label": "正面"}\n```', "正面"),
        ('這則新聞偏多，所以：\n{"label": "正面"}\n以上。', "正面"),
        ('<think>\n也許 {"label": "負面"}？\n</think>\n\n{"label": "正面"}', "正面"),
        ('{"label": "正面", "reason": "營收創新高"}', "正面"),
        ('{"label": " 正面\\n"}', "正面"),
        ('{"label": "\\u6b63\\u9762"}', "正面"),
        ('{"label": "正面"}\n{"label": "負面"}', "正面"),
        ('依據 [1]，{"label": "正面"}', "正面"),
        # The form is right, the label is not: wrong, and counted apart.
        ('{"label": "樂觀"}', "樂觀"),
        ('{"label": "正面。"}', "正面。"),
        ('{"label": "正面/負面"}', "正面/負面"),
        # The form is wrong.
        ("正面", None),
        ('{"sentiment": "正面"}', None),
        ('[{"label": "正面"}]', None),
        ('{"label": ["正面"]}', None),
        ('{"label": 1}', None),
        ('{"label": null}', None),
        ('{"label": ""}', None),
        ('{"label": "正面', None),
        ("{'label': '正面'}", None),
        ('{"label"："正面"}', None),
        ('{"label": "正面", "label": "負面"}', None),
        ('<think>{"label": "正面"}', None),
        ("很抱歉，我無法判斷。", None),
        ("", None),
    ],
)
def test_json_answers(text: str, value: str | None) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("正面", "正面"),
        (" 正面\n<|im_end|>", "正面"),
        ("「正面」", "正面"),
        ("**正面**", "正面"),
        ("正面。", "正面"),
        ("正面\n因為營收創新高。", "正面"),
        ("<think>\n\n</think>\n\n正面", "正面"),
        ("正", "正"),
        ("樂觀", "樂觀"),
        ("正面或中立", "正面或中立"),
        ("答案：正面", "答案：正面"),
        ('{"label": "正面"}', '{"label": "正面"}'),
        ("", None),
        (" \n", None),
        ("<think>還在想", None),
    ],
)
def test_bare_answers(text: str, value: str | None) -> None:
    assert parse(text, output_format={"type": "text"}) == value


def test_a_label_that_looks_wrapped_is_itself() -> None:
    text = {"output_format": {"type": "text"}, "labels": ["好", "好。", "「好」", '{"a": 1}']}
    for label in ("好", "好。", "「好」", '{"a": 1}'):
        assert parse(label, **text) == label
