"""What models really write when asked for a text or for JSON, and what is read in it."""

from __future__ import annotations

from typing import Any

import pytest

from tasktune.plugins import load_task_type
from tasktune.types import Answer, Record
from tasktune_generation.options import GenerationOptions

PLUGIN = load_task_type("generation")
RECORD = Record(id="test.jsonl:1", inputs={"text": "好"})
TEXT = GenerationOptions.model_validate({})
LETTER = GenerationOptions.model_validate(
    {
        "output_format": {
            "schema": {
                "sender": {"type": "string", "minLength": 1},
                "urgency": {"type": "string", "enum": ["普通", "速件"]},
                "copies": {"type": "integer", "minimum": 0},
            }
        }
    }
)
GOOD = {"sender": "教育部", "urgency": "速件", "copies": 2}
GOOD_TEXT = '{"sender": "教育部", "urgency": "速件", "copies": 2}'


def parse(text: str, options: GenerationOptions) -> Answer:
    return PLUGIN.parse_output(text, RECORD, options)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("請於本月底前提交報告。", "請於本月底前提交報告。"),
        (" 一\n\n二 \n<|im_end|>", "一\n\n二"),
        ("<think>\n\n</think>\n\n敬悉。", "敬悉。"),
        ("敬悉。<|im_end|>\n<|im_start|>user\n再寫一封", "敬悉。"),
        ('{"a": 1}', '{"a": 1}'),
        ("```\n敬悉。\n```", "```\n敬悉。\n```"),
    ],
)
def test_text(text: str, value: str) -> None:
    assert parse(text, TEXT) == Answer(value=value)


@pytest.mark.parametrize("text", ["", " \n", "<|im_end|>", "<think>還在想"])
def test_no_text_is_no_answer(text: str) -> None:
    assert parse(text, TEXT).error == "the answer is empty"


@pytest.mark.parametrize(
    "text",
    [
        GOOD_TEXT,
        f"```json\n{GOOD_TEXT}\n```",
        f"好的，結果如下：\n{GOOD_TEXT}\n請查收。",
        f"<think>{{}}</think>{GOOD_TEXT}<|im_end|>",
        '{"copies": 2.0, "urgency": "速件", "sender": "\\u6559\\u80b2\\u90e8"}',
    ],
)
def test_json(text: str) -> None:
    assert parse(text, LETTER) == Answer(value=GOOD)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("教育部，速件，兩份", "no JSON"),
        ("[]", "an array, not an object"),
        (GOOD_TEXT[:-1], "breaks off"),
        (GOOD_TEXT.replace('"', "'"), "not valid"),
        (GOOD_TEXT.replace("2}", "NaN}"), "NaN"),
        ("{}", "'sender' is a required property"),
        (GOOD_TEXT.replace("教育部", ""), "$.sender: ''"),
        (GOOD_TEXT.replace("速件", "最速件"), "$.urgency: '最速件' is not one of ['普通', '速件']"),
        (GOOD_TEXT.replace("2}", '"2"}'), "$.copies: '2' is not of type 'integer'"),
        (GOOD_TEXT.replace("2}", '-1, "note": "x"}'), "$.copies: -1 is less than the minimum of 0"),
        (GOOD_TEXT.replace("2}", '2, "note": "x"}'), "'note' was unexpected"),
    ],
)
def test_json_that_is_no_answer(text: str, says: str) -> None:
    error = parse(text, LETTER).error
    assert error is not None
    assert says in error


def test_at_most_three_violations_are_named_and_long_ones_cut() -> None:
    names = [f"field{n}" for n in range(9)]
    options = GenerationOptions.model_validate({"output_format": {"schema": {n: {"type": "null"} for n in names}}})
    text = "{" + ", ".join(f'"{name}": "{"長" * 5000}"' for name in names) + "}"
    error = parse(text, options).error
    assert error is not None
    assert error.count("; ") == 2
    assert len(error) < 800


def test_a_schema_that_never_ends() -> None:
    endless: dict[str, Any] = {"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}}
    options = GenerationOptions.model_validate({"output_format": {"schema": endless}})
    assert "nested too deeply" in str(parse('{"a": 1}', options).error)
