"""Ugly model outputs, and what is and is not an answer in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.answers import clean, find_json


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  正面\n", "正面"),
        ("正面<|im_end|>", "正面"),
        ("正面<|im_end|>\n<|endoftext|><|endoftext|>", "正面"),
        ("正面<|im_end|>\n<|im_start|>user\n再來一題", "正面"),
        ("正面<|endoftext|>Human: 再來", "正面"),
        ("<|im_start|>assistant\n正面<|im_end|>", "正面"),
        ("正面</s>", "正面"),
        ("正面 </s></s> <pad>", "正面"),
        ("<s>舊</s>新", "<s>舊</s>新"),
        ("正面<end_of_turn>\n<eos>", "正面"),
        ("正面<|eot_id|><|start_header_id|>user<|end_header_id|>", "正面"),
        ("正面<｜end▁of▁sentence｜>", "正面"),
        ("<think>\n\n</think>\n\n正面", "正面"),
        ("<think>可能是負面？\n不，</think>正面", "正面"),
        ("是負面嗎？不是。\n</think>\n\n正面", "正面"),
        ("<think>想到一半就被截斷", ""),
        ("正面<think>補充", "正面"),
        ("<think>a</think>正<think>b</think>面", "正面"),
        ("<think>引用 <|im_end|> 之後", ""),
        ("<thi<think></think>nk>正面", ""),
        ("<|im_<think></think>end|>正面", ""),
        ("\ufeff正面", "正面"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        ("", ""),
        ("<|im_end|>", ""),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


PIECES = st.lists(
    st.sampled_from(["<think>", "</think>", "<think", ">", "<|im_end|>", "<|im_", "end|>", "</s>", " ", "正", "\ufeff"])
    | st.text(max_size=3)
    | st.characters(categories=["Cs"]),
    max_size=12,
).map("".join)


@given(PIECES)
def test_clean_is_idempotent_and_always_utf8(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert clean(cleaned) == cleaned
    assert "<think>" not in cleaned
    assert "<|im_end|>" not in cleaned


FOUND: list[tuple[str, Any]] = [
    ('{"sentiment": "正面"}', {"sentiment": "正面"}),
    ('```json\n{"sentiment": "正面"}\n```', {"sentiment": "正面"}),
    ("```\n[]\n```", []),
    ('答案如下：\n{"sentiment": "正面"}\n希望對你有幫助！', {"sentiment": "正面"}),
    ('{"sentiment": "正面"}{"sentiment": "負面"}', {"sentiment": "正面"}),
    ('{"sentiment": "正面"}}}', {"sentiment": "正面"}),
    ('[{"text": "台積電", "label": "ORG"}]', [{"text": "台積電", "label": "ORG"}]),
    ('格式 {欄位} 的答案是 {"a": 1}', {"a": 1}),
    ('[註] {"a": [1, 2]}', {"a": [1, 2]}),
    ('{"a": "他說\\"好\\"\\n第二行"}', {"a": '他說"好"\n第二行'}),
    ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
    ('{"a": {"b": {"c": [null, true, -1.5e3]}}}', {"a": {"b": {"c": [None, True, -1500.0]}}}),
    ("{}", {}),
    ("[" * 100 + "]" * 100, json.loads("[" * 100 + "]" * 100)),
]


@pytest.mark.parametrize(("text", "value"), FOUND)
def test_find_json(text: str, value: Any) -> None:
    assert find_json(text) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("正面", "no JSON"),
        ('"正面"', "no JSON"),
        ("{'sentiment': '正面'}", "not valid: Expecting property name"),
        ("{“sentiment”：“正面”}", "not valid"),
        ('{"sentiment"："正面"}', "not valid: Expecting ':' delimiter"),
        ('{"sentiment": 正面}', "not valid: Expecting value at '正面}'"),
        ('{"sentiment": "正面",}', "not valid"),
        ('{"a": "第一行\n第二行"}', "not valid: Invalid control character"),
        ('{"a": "他說"好""}', "not valid"),
        ('{"sentiment": "正', "breaks off"),
        ('{"sentiment": ', "breaks off"),
        ('{"a": {"b": 1}, "c": "', "breaks off"),
        ('[{"text": "台積電", "label": "ORG"}, {"te', "breaks off"),
        ('[{"text": "台積電", "label": "ORG"}, ', "breaks off"),
        ('{"a": [1, 2], b: 3}', "not valid"),
        ('{"a": "正面", "a": "負面"}', "key 'a' twice"),
        ('{"a": NaN}', "NaN is not valid JSON"),
        ('{"a": -Infinity}', "-Infinity is not valid JSON"),
        ('{"a": 1e999}', "number that is too large"),
        ('{"a": ' + "9" * 5000 + "}", "number that is too large"),
        ('{"a": "\\ud800"}', "half of a surrogate pair"),
        ('{"a": ' + "9" * 309 + "}", "number that is too large"),
        ('{"a": ' + "[" * 100 + "]" * 100 + "}", "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_why_there_is_no_json(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        find_json(text)


def test_expect_skips_values_of_the_other_type() -> None:
    assert find_json('依據 [1]，{"a": []}', dict) == {"a": []}
    assert find_json('{"note": 1} [{"b": 2}]', list) == [{"b": 2}]
    with pytest.raises(ValueError, match="an array, not an object"):
        find_json('[{"a": 1}]', dict)
    with pytest.raises(ValueError, match="an object, not an array"):
        find_json('{"entities": []}', list)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CONTAINER = st.lists(JSON, max_size=4) | st.dictionaries(st.text(), JSON, max_size=4)
PROSE = st.text(alphabet="答案是：abc。`\n }]", max_size=12)


@given(CONTAINER, PROSE, PROSE, st.sampled_from([None, 2]), st.booleans())
def test_json_is_found_in_any_prose(value: Any, before: str, after: str, indent: int | None, ascii_only: bool) -> None:
    assert find_json(before + json.dumps(value, ensure_ascii=ascii_only, indent=indent) + after) == value


@given(CONTAINER, st.data())
def test_a_truncated_value_is_never_an_answer(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value, ensure_ascii=False)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ValueError):
        find_json(text[:cut])


HOSTILE = st.lists(
    st.sampled_from(["{", "}", "[", "]", '"', ":", ",", "\\u", "d800", "1e9", "NaN", '"a"', "1", "-", " "])
    | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(HOSTILE | st.text(), st.sampled_from([None, dict, list]))
def test_nothing_but_value_error_and_only_plain_json(text: str, expect: type | None) -> None:
    try:
        value = find_json(text, expect)
    except ValueError:
        return
    assert isinstance(value, expect or (dict, list))
    assert json.loads(json.dumps(value, allow_nan=False, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("unit", ["[x ", '{"', "<think>", "</s> ", '{"a": [1], ', "[1] ", "{x} "])
def test_a_long_hostile_text_is_refused(unit: str) -> None:
    cleaned = clean(unit * (100_000 // len(unit)))
    with pytest.raises(ValueError):
        find_json(cleaned, dict)
