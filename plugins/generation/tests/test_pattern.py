"""With a pattern, the format rate of text answers says something: an answer that does not match has no form."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tasktune.errors import RecordError
from tasktune.plugins import load_task_type
from tasktune.types import Record, Scored

PLUGIN = load_task_type("generation")
OPTIONS = PLUGIN.info.options.model_validate({"kind": "rewrite", "pattern": r"主旨：[^：。]+，請查照。"})


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("主旨：換發證件，請查照。", True),
        ("主旨：換發證件，請查照。<|im_end|>", True),
        ("好的，主旨：換發證件，請查照。", False),
        ("主旨：換發證件，請查照。\n主旨：再一次，請查照。", False),
        ("請換證件", False),
    ],
)
def test_only_an_answer_of_the_form_is_one(text: str, parsed: bool) -> None:
    record = Record(id="rows:1", inputs={"text": "幫我換證件"})
    answer = PLUGIN.parse_output(text, record, OPTIONS)
    assert answer.parsed is parsed
    target = record.model_copy(update={"target": "主旨：換發證件，請查照。"})
    metrics = PLUGIN.compute_metrics([Scored(record=target, output=text, answer=answer)], OPTIONS)
    assert metrics.values["format_rate"] == float(parsed)


def test_a_target_without_the_form_is_refused() -> None:
    with pytest.raises(RecordError, match="pattern"):
        PLUGIN.read_record({"text": "幫我換證件", "output": "請換證件"}, "rows:1", OPTIONS)


@pytest.mark.parametrize(
    "options",
    [{"pattern": "("}, {"pattern": "a", "output_format": {"type": "json", "schema": {"a": {"type": "string"}}}}],
)
def test_a_pattern_that_cannot_be_used_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PLUGIN.info.options.model_validate(options)
