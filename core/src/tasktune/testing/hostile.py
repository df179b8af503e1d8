"""What a model, a server or a data file can throw at a plugin: the texts and the rows of the hostility laws."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

DEEP = 100_000

TEXTS: dict[str, str] = {
    "empty": "",
    "blank": " \n\t\u3000\n",
    "bare words": "I'm sorry, but I can't help with that.",
    "refusal in Chinese": "很抱歉，我無法回答這個問題。",
    "null": "null",
    "true": "true",
    "number": "42",
    "string": '"正面"',
    "empty list": "[]",
    "empty object": "{}",
    "list of nulls": "[null, null]",
    "nested lists": "[[], [[]], {}]",
    "wrong types": '[{"text": 1, "label": null, "start": "x", "end": [], "nth": {}}, {"label": 3.5}]',
    "NaN": '{"label": NaN, "text": -Infinity}',
    "beyond a float": '{"label": 1e999, "text": -1e999}',
    "huge integer": '{"label": ' + "9" * 5_000 + "}",
    "largest integer that Python converts": '[{"text": ' + "9" * 4_000 + ', "label": 1, "nth": ' + "9" * 4_000 + "}]",
    "deep lists": "[" * DEEP,
    "deep closed lists": "[" * DEEP + "]" * DEEP,
    "deep objects": '{"a":' * DEEP,
    "deep within the recursion limit": '{"label": ' + "[" * 700 + "]" * 700 + "}",
    "closing only": "]" * 1_000 + "}" * 1_000,
    "half an object": '{"label": "正',
    "half a list": '[{"text": "台積電", "label": "ORG"}, {"te',
    "single quotes": "{'label': '正面'}",
    "trailing comma": '{"label": "正面",}',
    "duplicate keys": '{"label": "正面", "label": "負面"}',
    "two objects": '{"label": "正面"}\n{"label": "負面"}',
    "fence": '```json\n{"label": "正面"}\n```',
    "fence that never ends": '```json\n[{"text": "a"',
    "talk around it": '好的，以下是結果：\n{"label": "正面"}\n希望有幫助！',
    "think block": '<think>\n正面？ {"label": "負面"}\n</think>\n\n{"label": "正面"}',
    "think block that never ends": "<think>" + "嗯，" * 2_000,
    "lone surrogates": '\ud800 {"label": "\udfff"}',
    "escaped lone surrogates": '[{"text": "\\ud83d", "label": "\\udfff", "\\udc00": 1}]',
    "surrogate label": '{"label": "\\ud800"}',
    "NUL": '\x00{"label": "\x00", "text": "\\u0000"}\x00',
    "bidirectional marks": '\u202e{"label": "\u2066正面\u2069"}\u202c',
    "byte order mark": '\ufeff{"label": "正面"}',
    "replacement characters": "\ufffd\ufffd\ufffd{\ufffd",
    "full-width JSON": "｛＂label＂：＂正面＂｝",
    "special tokens": "<|im_end|><|endoftext|>{}<|im_start|>assistant\n",
    "control characters": "".join(map(chr, range(32))) + "\x7f\x85\u2028\u2029",
    "template syntax": "{text} {0} {label.__class__} %s ${HOME} {{ x }}",
    "1 MB of text": "台積電今天" * 70_000,
    "1 MB of braces": '{"label": ' * 30_000 + "}" * 30_000,
    "1 MB of quotes": '"' * 1_000_000,
    "1 MB of backslashes": '{"label": "' + "\\" * 1_000_000,
    "one long list": "[" + '{"text": "a", "label": "b"}, ' * 5_000 + "{}]",
}
"""Texts by a name that a test's id can show."""


def targets() -> list[Any]:
    """Targets that no annotator wrote on purpose, for the target field of a data row."""
    return [0, -1.5, True, "", " ", "\ud800", [], {}, [[]], [None], [0], [""], ["x"], {"x": 1}, [{}], [{"text": 1}]]


def rows(example: Mapping[str, Any], target_field: str) -> list[dict[str, Any]]:
    """Data rows with missing fields, wrong types or strange targets, around one good row's inputs."""
    values: list[Any] = [None, 3, [], {"a": 1}, "\ud800"]
    return [
        {},
        {target_field: None},
        {"": ""},
        *({**example, target_field: target} for target in targets()),
        *({**dict.fromkeys(example, value), target_field: []} for value in values),
    ]


def texts(completions: Sequence[str]) -> st.SearchStrategy[str]:
    """Arbitrary text, arbitrary JSON, and right answers cut off, cut up or overwritten, as bad models give them."""
    anything = st.text(st.characters(exclude_categories=()), max_size=80)
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | anything
    values = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything, inner, max_size=4), max_leaves=8
    )
    kinds = [anything, values.map(json.dumps), values.map(_raw)]
    if completions:
        kinds.append(st.builds(_damaged, st.sampled_from(completions), st.integers(0), st.integers(0), anything))
    return st.one_of(kinds)


def _raw(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _damaged(completion: str, start: int, length: int, insert: str) -> str:
    start %= len(completion) + 1
    end = start + length % (len(completion) - start + 1)
    return completion[:start] + insert + completion[end:]
