"""What a generation task may say, and what it is told when it says something else."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from tasktune.plugins import load_task_type
from tasktune_generation.options import GenerationOptions

PLUGIN = load_task_type("generation")
PERSON = {"type": "object", "properties": {"name": {"type": "string"}}}


def options(**given: Any) -> GenerationOptions:
    return GenerationOptions.model_validate(given)


def json_format(schema: dict[str, Any]) -> dict[str, Any]:
    return {"output_format": {"type": "json", "schema": schema}}


def test_answers_are_free_text_unless_a_format_is_given() -> None:
    assert options().answer_schema is None
    assert options(output_format={"type": "text"}).answer_schema is None
    assert options(output_format={"type": "json"}).answer_schema == {"type": "object"}


def test_properties_stand_for_an_object_that_has_them_all() -> None:
    assert options(**json_format({"date": {"type": "string", "format": "date"}, "sum": {}})).answer_schema == {
        "type": "object",
        "properties": {"date": {"type": "string", "format": "date"}, "sum": {}},
        "required": ["date", "sum"],
        "additionalProperties": False,
    }


def test_a_property_may_be_called_type() -> None:
    schema = options(**json_format({"type": {"type": "string"}})).answer_schema
    assert schema is not None
    assert schema["required"] == ["type"]


def test_a_whole_schema_is_taken_as_it_is() -> None:
    assert options(**json_format(PERSON)).answer_schema == PERSON


@pytest.mark.parametrize(
    ("given", "place", "says"),
    [
        (json_format({"a": "string"}), "output_format", "schema.a must be a section"),
        (json_format({"a": {"type": "text"}}), "output_format", r"schema\.a\.type is not valid JSON Schema"),
        (json_format({"a": {"pattern": "("}}), "output_format", "is not valid JSON Schema"),
        (json_format({"type": "array", "items": {}}), "output_format", "must have type: object"),
        (json_format({"a": {"$ref": "#/$defs/b"}}), "output_format", "reference '#/\\$defs/b', which is not inside"),
        (json_format({"a": {"$ref": "https://example.org/b"}}), "output_format", "which is not inside"),
        ({"output_format": {"type": "text", "schema": PERSON}}, "output_format", "a text answer has no schema"),
        ({"kind": "translation"}, "instruction", "names the languages"),
        ({"instruction": " "}, "instruction", "say what to do"),
        ({"instruction": "改寫", "system_prompt": "你是助手"}, "instruction", "keep one of them"),
        ({"kind": "poem"}, "kind", "'summary'"),
        ({"input_template": "改寫"}, "input_template", r"add one such as \{text\}"),
        ({"input_template": "{text!r}"}, "input_template", "without attributes"),
        ({"system_prompt": "改寫 {text}"}, "system_prompt", "put it in input_template"),
        ({"max_chars": 3}, "max_chars", "Extra inputs"),
    ],
)
def test_refuses(given: dict[str, Any], place: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        options(**given)
    assert [error["loc"][0] for error in caught.value.errors()] == [place]


def test_the_system_prompt() -> None:
    assert options(kind="rewrite", domain="政府公文").system_text == (
        "你是文字改寫助手。改寫使用者給的文字，保留原意。領域：政府公文。\n只輸出結果，不要加上說明。"
    )
    assert options(kind="translation", instruction="Translate.", language="en").system_text == (
        "Translate.\nAnswer only with the result, without explanation."
    )
    assert '{"type": "object"' in options(**json_format(PERSON)).system_text
    own = options(system_prompt='例如 {"name": "王"}，依照 {schema}', **json_format(PERSON)).system_text
    assert own.startswith('例如 {"name": "王"}，依照 {"type": "object"')


def test_used_options_can_go_to_another_process() -> None:
    made = options(**json_format(PERSON))
    PLUGIN.build_prompt(PLUGIN.read_record({"text": "好", "output": {"name": "王"}}, "a:1", made), made)
    assert pickle.loads(pickle.dumps(made)) == made


def test_the_same_options_read_back_from_their_dump() -> None:
    made = options(kind="summary", **json_format(PERSON))
    assert GenerationOptions.model_validate(made.model_dump(by_alias=True)) == made
