"""Rows to records to prompts: what is refused, what the model sees, and what all rows share."""

from __future__ import annotations

from typing import Any

import pytest

from tasktune.errors import RecordError
from tasktune.plugins import load_task_type
from tasktune.types import Prompt, TaskOptions
from tasktune_classification.options import ClassificationOptions

LABELS = ["正面", "負面", "中立"]
PLUGIN = load_task_type("classification")


def options(**given: Any) -> ClassificationOptions:
    return ClassificationOptions.model_validate({"labels": LABELS, **given})


def prompt(row: dict[str, Any], chosen: TaskOptions) -> Prompt:
    return PLUGIN.build_prompt(PLUGIN.read_record(row, "train.jsonl:1", chosen), chosen)


def problems(row: dict[str, Any], chosen: TaskOptions) -> dict[str, str]:
    with pytest.raises(RecordError) as caught:
        PLUGIN.read_record(row, "train.jsonl:1", chosen)
    return {str(problem.path): str(problem) for problem in caught.value.problems}


def test_the_requirements_example() -> None:
    chosen = options(
        labels=[],
        kind="entity-sentiment",
        domain="金融",
        input_template="分析以下文本對「{entity}」的情感傾向。\n文本：{text}\n",
        output_format={"type": "json", "schema": {"entity_sentiment": {"type": "string", "enum": LABELS}}},
    )
    made = prompt({"text": "台積電營收創新高", "entity": "台積電", "label": "正面"}, chosen)
    assert [message.role for message in made.messages] == ["system", "user"]
    assert made.messages[0].content == (
        "你是情感分析助手。判斷文本對指定實體的情感傾向，而不是文本整體的情感。領域：金融。\n"
        "只能從下列標籤中選一個：正面、負面、中立。\n"
        '只輸出 JSON，格式為 {"entity_sentiment": "標籤"}，不要輸出其他文字。'
    )
    assert made.messages[1].content == "分析以下文本對「台積電」的情感傾向。\n文本：台積電營收創新高\n"
    assert made.completion == '{"entity_sentiment": "正面"}'
    assert made.choices == tuple(f'{{"entity_sentiment": "{label}"}}' for label in LABELS)
    assert made.answer_schema is not None
    assert made.answer_schema["properties"] == {"entity_sentiment": {"type": "string", "enum": LABELS}}


def test_bare_labels() -> None:
    made = prompt({"text": "好", "label": "正面"}, options(output_format={"type": "text"}))
    assert (made.completion, made.answer_schema, made.choices) == ("正面", None, tuple(LABELS))


@pytest.mark.parametrize("kind", PLUGIN.info.kinds)
@pytest.mark.parametrize(
    ("language", "word"), [("zh-TW", "標籤"), ("zh-CN", "標籤"), ("en", "labels"), ("ja", "labels")]
)
def test_every_kind_speaks_the_tasks_language(kind: str, language: str, word: str) -> None:
    chosen = options(kind=kind, language=language)
    rows = [{"text": f"第{n}則", "entity": f"公司{n}", "topic": f"議題{n}"} for n in range(2)]
    one, two = (prompt(row, chosen) for row in rows)
    assert word in one.messages[0].content
    assert one.messages[0] == two.messages[0]
    assert one.messages[1].content.endswith("第0則")
    for field in chosen.template.fields:
        assert rows[0][field] in one.messages[1].content


def test_descriptions_and_awkward_labels_stand_on_lines_of_their_own() -> None:
    described = options(label_descriptions={"中立": "沒有情感"}).system_text
    assert "\n- 正面\n- 負面\n- 中立：沒有情感\n" in described
    assert "\n- 食、衣\n- 住、行\n" in options(labels=["食、衣", "住、行"]).system_text


def test_own_system_prompt_is_kept_but_for_the_labels() -> None:
    chosen = options(system_prompt='只回答 {"label": "…"}，標籤：{labels}')
    assert chosen.system_text == '只回答 {"label": "…"}，標籤：正面、負面、中立'


def test_rows_without_label_are_unlabelled() -> None:
    for row in ({"text": "好"}, {"text": "好", "label": None}):
        record = PLUGIN.read_record(row, "test.jsonl:1", options())
        assert record.target is None
        assert PLUGIN.build_prompt(record, options()).completion is None
        assert list(PLUGIN.target_classes(record, options())) == []


def test_a_number_counts_as_its_digits_and_nothing_else_does() -> None:
    chosen = options(labels=["0", "1"])
    assert PLUGIN.read_record({"text": "好", "label": 1}, "a:1", chosen).target == "1"
    words = options(labels=["True", "False"])
    assert "the label is true" in problems({"text": "好", "label": True}, words)["label"]
    for label in (True, 1.0, 2, ["1"], {"a": 1}):
        assert "labels are text" in problems({"text": "好", "label": label}, chosen)["label"]


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("正面 ", "正面"),
        ("正向", "正面"),
        ("Negetive", "negative"),
        ("NEUTRAL", "neutral"),
        ("ｎｅｕｔｒａｌ", "neutral"),
    ],
)
def test_did_you_mean(label: str, meant: str) -> None:
    said = problems({"text": "好", "label": label}, options(labels=[*LABELS, "negative", "neutral"]))["label"]
    assert f"did you mean {meant}?" in said


def test_a_label_like_no_other_lists_the_labels() -> None:
    assert "use one of 正面, 負面, 中立" in problems({"text": "好", "label": "垃圾"}, options())["label"]
    many = options(labels=[f"intent_{n}" for n in range(60)])
    assert "and 48 more" in problems({"text": "好", "label": "???"}, many)["label"]


def test_all_problems_of_a_row_at_once() -> None:
    chosen = options(kind="entity-sentiment")
    found = problems({"txt": "好", "label": ""}, chosen)
    assert set(found) == {"text", "entity", "label"}
    assert "did you mean {txt}?" in found["text"]
    assert "only a row without the field is unlabelled" in found["label"]
    assert set(problems({"text": " ", "entity": ""}, chosen)) == {"entity"}
    assert PLUGIN.read_record({"text": "好", "entity": ""}, "a:1", chosen).inputs["entity"] == ""
