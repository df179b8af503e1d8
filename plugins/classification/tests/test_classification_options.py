"""What a classification task may say, and what it is told when it says something else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tasktune_classification.options import ClassificationOptions

LABELS = ["正面", "負面", "中立"]


def options(**given: Any) -> ClassificationOptions:
    return ClassificationOptions.model_validate(given)


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "json", "schema": properties}


def test_labels_come_from_either_source() -> None:
    enum = schema(sentiment={"type": "string", "enum": LABELS})
    assert options(labels=LABELS).labels == ("正面", "負面", "中立")
    assert options(output_format=enum).labels == ("正面", "負面", "中立")
    assert options(output_format=enum, labels=LABELS[::-1]).labels == ("中立", "負面", "正面")
    assert options(labels=LABELS, output_format=schema(sentiment={"type": "string"})).json_property == "sentiment"


def test_a_whole_json_schema_is_taken_too() -> None:
    whole = schema(type="object", properties={"stance": {"enum": ["支持", "反對"]}}, required=["stance"])
    made = options(output_format=whole)
    assert (made.json_property, made.labels) == ("stance", ("支持", "反對"))


@pytest.mark.parametrize("kind", ["entity-sentiment", "entity_sentiment"])
def test_kinds_are_spelt_either_way(kind: str) -> None:
    assert options(labels=LABELS, kind=kind).kind == "entity-sentiment"


@pytest.mark.parametrize(
    ("given", "place", "says"),
    [
        ({}, "labels", r"options\.labels, or as the enum .* output_format\.schema"),
        ({"output_format": schema(a={"type": "string"})}, "labels", "the labels are not known"),
        ({"labels": "正面"}, "labels", "must be a list"),
        ({"labels": ["正面"]}, "labels", "at least two"),
        ({"labels": ["正面", "正面", "負面"]}, "labels", "listed twice: 正面"),
        ({"labels": [True, "正面", 3]}, "labels", "true is not text: put it in quotes; 3 is not text"),
        ({"labels": ["正面", " "]}, "labels", "a label is empty"),
        ({"labels": ["正面", " 負面"]}, "labels", "cannot be read back"),
        ({"labels": ["正面", "a\nb"]}, "labels", "cannot be read back"),
        ({"labels": ["正面", "<|im_end|>"]}, "labels", "cannot be read back"),
        ({"labels": ["正面", "無"], "output_format": schema(a={"enum": LABELS})}, "labels", "中立, 無, 負面"),
        ({"labels": LABELS, "output_format": schema(a={}, b={})}, "output_format", "has 2: a, b"),
        ({"labels": LABELS, "output_format": schema(a="string")}, "output_format", "schema.a must be a section"),
        ({"output_format": schema(a={"type": "integer", "enum": [1, 2]})}, "output_format", "must be string"),
        ({"output_format": schema(a={"enum": [1, 2]})}, "output_format", "1 is not text"),
        ({"labels": LABELS, "output_format": schema(a={"maxLength": 3})}, "output_format", "maxLength"),
        ({"labels": LABELS, "output_format": {"type": "text", "schema": {"a": {}}}}, "output_format", "has no schema"),
        ({"labels": LABELS, "kind": "sentimnt"}, "kind", "entity-sentiment"),
        ({"labels": LABELS, "input_template": "文本"}, "input_template", r"add one such as \{text\}"),
        ({"labels": LABELS, "input_template": "{text.__class__}"}, "input_template", "without attributes"),
        ({"labels": LABELS, "input_template": "{0}"}, "input_template", "not a field's name"),
        ({"labels": LABELS, "system_prompt": "對 {entity} 的情感"}, "system_prompt", "put it in input_template"),
        (
            {"labels": LABELS, "input_template": "{a}", "system_prompt": "{a}"},
            "system_prompt",
            r"cannot use \{a\}",
        ),
        ({"labels": LABELS, "label_descriptions": {"正向": "好"}}, "label_descriptions", "did you mean 正面"),
        (
            {"labels": LABELS, "label_descriptions": {"正面": "好"}, "system_prompt": "分類"},
            "label_descriptions",
            r"add \{labels\}",
        ),
        ({"labels": LABELS, "lables": LABELS}, "lables", "Extra inputs"),
    ],
)
def test_refuses(given: dict[str, Any], place: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        options(**given)
    assert [error["loc"][0] for error in caught.value.errors()] == [place]


def test_the_same_options_read_back_from_their_dump() -> None:
    made = options(kind="stance", output_format=schema(stance={"type": "string", "enum": LABELS}))
    assert ClassificationOptions.model_validate(made.model_dump(by_alias=True)) == made
    assert ClassificationOptions.model_validate_json(made.model_dump_json(by_alias=True)) == made
