"""Rows to records to prompts and back: every target that is accepted is read back from its own completion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.errors import RecordError
from tasktune.plugins import load_task_type
from tasktune.types import Record
from tasktune_generation.options import GenerationOptions
from tasktune_generation.schema import same

PLUGIN = load_task_type("generation")
TEXT = GenerationOptions.model_validate({})
ANY_JSON = GenerationOptions.model_validate({"output_format": {"type": "json"}})
BILL = GenerationOptions.model_validate(
    {"output_format": {"schema": {"date": {"type": "string", "format": "date"}, "total": {"type": "integer"}}}}
)


def read(output: Any, options: GenerationOptions = TEXT) -> Record:
    return PLUGIN.read_record({"text": "好", "output": output}, "train.jsonl:1", options)


def refused(output: Any, options: GenerationOptions = TEXT) -> str:
    with pytest.raises(RecordError) as caught:
        read(output, options)
    [problem] = caught.value.problems
    assert problem.path == "output"
    return str(problem)


def read_back(record: Record, options: GenerationOptions) -> Any:
    completion = PLUGIN.build_prompt(record, options).completion
    assert completion is not None
    return PLUGIN.parse_output(completion, record, options).value


def test_text_targets_lose_outer_space_only() -> None:
    assert read("  第一行\n\n第二行\n").target == "第一行\n\n第二行"


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("<think>想</think>好", "special tokens"),
        ("好<|im_end|>", "special tokens"),
        ("\ud800", "half a character"),
        (3, "must be text, not 3"),
        ({"a": "好"}, "must be text"),
    ],
)
def test_text_targets_that_are_refused(output: Any, says: str) -> None:
    assert says in refused(output)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ({"date": "2026-11-20"}, "'total' is a required property"),
        ({"date": "11/20", "total": "3"}, "$.date: '11/20' is not a 'date'; $.total: '3' is not of type 'integer'"),
        ({"date": "2026-11-20", "total": 3, "note": ""}, "'note' was unexpected"),
        ('{"date": "2026-11-20", "total": 3', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must be a JSON object, not []"),
        (["2026-11-20"], "must be a JSON object"),
        (3, "must be a JSON object, not 3"),
        ("", "is not JSON"),
    ],
)
def test_json_targets_that_are_refused(output: Any, says: str) -> None:
    assert says in refused(output, BILL)


@pytest.mark.parametrize(
    "output",
    [{"a": float("nan")}, {"a": float("inf")}, {"a": "<|im_end|>"}, {"a": "\ud800"}, {"a": "<think>"}, {"a": 10**400}],
)
def test_json_targets_that_no_answer_could_be(output: Any) -> None:
    assert "cannot be read back" in refused(output, ANY_JSON)


def test_json_targets_may_be_text_and_are_written_in_the_schemas_order() -> None:
    record = read('{"total": 3, "date": "2026-11-20"}', BILL)
    assert record.target == {"date": "2026-11-20", "total": 3}
    assert PLUGIN.build_prompt(record, BILL).completion == '{"date": "2026-11-20", "total": 3}'


def test_nested_order() -> None:
    options = GenerationOptions.model_validate(
        {"output_format": {"schema": {"people": {"type": "array", "items": {"properties": {"name": {}, "age": {}}}}}}}
    )
    record = read({"people": [{"zip": 1, "age": 3, "name": "王"}]}, options)
    assert PLUGIN.build_prompt(record, options).completion == '{"people": [{"name": "王", "age": 3, "zip": 1}]}'


def test_missing_and_blank_inputs_are_named() -> None:
    options = GenerationOptions.model_validate({"input_template": "{title}\n{body}"})
    with pytest.raises(RecordError) as caught:
        PLUGIN.read_record({"titel": "好", "output": ""}, "train.jsonl:1", options)
    assert [problem.path for problem in caught.value.problems] == ["title", "body", "output"]
    with pytest.raises(RecordError, match="no text to work on"):
        PLUGIN.read_record({"title": " ", "body": ""}, "train.jsonl:1", options)
    assert PLUGIN.read_record({"title": "", "body": "文"}, "train.jsonl:1", options).target is None


@given(st.text(st.characters(exclude_categories=())))
def test_every_accepted_text_is_read_back(output: str) -> None:
    try:
        record = read(output)
    except RecordError:
        return
    assert read_back(record, TEXT) == record.target == output.strip()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_every_accepted_object_is_read_back(output: dict[str, Any]) -> None:
    try:
        record = read(output, ANY_JSON)
    except RecordError:
        return
    assert record.target == output
    assert same(read_back(record, ANY_JSON), output)
    assert json.loads(record.model_dump_json())["target"] == output


def test_equality_is_jsons() -> None:
    assert same({"a": [1, "x"], "b": None}, {"b": None, "a": [1.0, "x"]})
    assert not same({"a": 1}, {"a": True})
    assert not same([0], [False])
    assert not same({"a": 1}, {"a": 1, "b": None})
    assert not same([1], [1, 1])
    assert not same("1", 1)
