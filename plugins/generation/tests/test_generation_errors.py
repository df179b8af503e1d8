"""What is wrong in a generated answer, one kind at a time."""

from __future__ import annotations

from typing import Any

import pytest

from tasktune.types import Answer, Mistake, Record, Scored
from tasktune_generation.errors import TITLES, mistakes
from tasktune_generation.options import GenerationOptions

TEXT = GenerationOptions.model_validate({"output_format": {"type": "text"}})
JSON = GenerationOptions.model_validate({"output_format": {"type": "json", "schema": {"type": "object"}}})


def kinds(target: Any, value: Any, options: GenerationOptions, text: str = "原來的句子很長很長") -> list[Mistake]:
    record = Record(id="t:1", inputs={"input": text, "text": text, "instruction": text}, target=target)
    found = mistakes(Scored(record=record, output="", answer=Answer(value=value)), options)
    assert {mistake.kind for mistake in found} <= TITLES.keys()
    return found


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("請於本月底前提交報告。", None),
        ("請於本月底前繳交報告。", "different"),
        ("請提交。", "too-short"),
        ("請於本月底前提交報告。" * 2, "too-long"),
        ("原來的句子很長很長", "copied"),
    ],
)
def test_a_text_has_one_mistake(value: str, kind: str | None) -> None:
    assert [mistake.kind for mistake in kinds("請於本月底前提交報告。", value, TEXT)] == ([kind] if kind else [])


def test_the_mistakes_of_a_json_answer_are_those_of_its_fields() -> None:
    found = kinds({"姓名": "王", "日期": "今天", "數量": 1}, {"姓名": "李", "數量": 1.0, "地點": "台北"}, JSON)
    assert found == [
        Mistake(kind="wrong-field", gold="姓名"),
        Mistake(kind="missing-field", gold="日期"),
        Mistake(kind="extra-field", predicted="地點"),
    ]
