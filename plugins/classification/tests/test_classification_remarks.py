"""Remarks on rows whose entity is not in their text."""

from __future__ import annotations

import pytest

from tasktune.types import Record
from tasktune_classification.options import ClassificationOptions
from tasktune_classification.prompt import remarks


def codes(kind: str, **inputs: object) -> list[str]:
    options = ClassificationOptions.model_validate({"kind": kind, "labels": ["a", "b"]})
    return [remark.code for remark in remarks(Record(id="x:1", inputs=inputs, target="a"), options)]


@pytest.mark.parametrize(("text", "entity"), [("台積電漲", "台積電"), ("TSMC rises", "tsmc"), ("tsmc rises", "TSMC")])
def test_an_entity_in_its_text_needs_no_remark(text: str, entity: str) -> None:
    assert codes("entity-sentiment", text=text, entity=entity) == []


def test_an_entity_that_is_not_there_is_remarked_on() -> None:
    assert codes("entity-sentiment", text="台積電漲", entity="聯電") == ["entity_absent"]


def test_other_kinds_have_no_entity() -> None:
    assert codes("topic", text="台積電漲", entity="聯電", topic="x") == []
    assert codes("entity-sentiment", text="台積電漲", entity=5) == []
