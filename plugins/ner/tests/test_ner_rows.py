"""What annotators write: accepted forms become canonical, and mistakes are named, all of a row at once."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tasktune.errors import RecordError
from tasktune.plugins import load_task_type
from tasktune_ner.options import NerOptions

NER = load_task_type("ner")
OPTIONS = NerOptions(labels=("PER", "ORG", "LOC"))
TEXT = "台積電說，台積電董事長在😀新竹與 Ada Lin 會面"


def read(entities: Any, text: Any = TEXT) -> Any:
    return NER.read_record({"text": text, "entities": entities}, "rows.jsonl:1", OPTIONS).target


def problems(entities: Any, text: Any = TEXT) -> list[str]:
    with pytest.raises(RecordError) as caught:
        read(entities, text)
    return [str(problem) for problem in caught.value.problems]


def entity(text: str, label: str, start: int) -> dict[str, Any]:
    return {"text": text, "label": label, "start": start, "end": start + len(text)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([entity("台積電", "ORG", 5)], [entity("台積電", "ORG", 5)]),
        ([{"text": "台積電", "label": "ORG"}], [entity("台積電", "ORG", 0)]),
        ([{"text": "台積電", "label": "ORG"}] * 2, [entity("台積電", "ORG", 0), entity("台積電", "ORG", 5)]),
        ([{"text": "新竹", "type": "LOC", "id": 7, "score": None}], [entity("新竹", "LOC", 13)]),
        ([{"text": "新竹", "label": "LOC", "start": 13}], [entity("新竹", "LOC", 13)]),
        ([{"label": "LOC", "start": 13, "end": 15}], [entity("新竹", "LOC", 13)]),
        ('[{"text": "新竹", "label": "LOC"}]', [entity("新竹", "LOC", 13)]),
        (
            [{"text": "Ada Lin", "label": "PER"}, {"text": "台積電", "label": "ORG"}],
            [entity("台積電", "ORG", 0), entity("Ada Lin", "PER", 17)],
        ),
        (
            [entity("台積電", "ORG", 5), {"text": "台積電", "label": "ORG"}],
            [entity("台積電", "ORG", 0), entity("台積電", "ORG", 5)],
        ),
    ],
    ids=[
        "none",
        "canonical",
        "no offsets",
        "twice",
        "type and more keys",
        "no end",
        "no text",
        "csv",
        "order",
        "mixed",
    ],
)
def test_accepted_forms(given: Any, expected: list[dict[str, Any]]) -> None:
    assert read(given) == expected


def test_unlabelled_row() -> None:
    record = NER.read_record({"text": TEXT, "source": "news"}, "rows.jsonl:1", OPTIONS)
    assert record.target is None
    assert record.inputs == {"text": TEXT, "source": "news"}
    assert read(None) is None


@pytest.mark.parametrize(
    ("given", "place", "says", "hint"),
    [
        ([{"text": "聯電", "label": "ORG"}], "entities[0].text", '"聯電" is not in the text', "copy it"),
        ([{"text": "台機電", "label": "ORG"}], "entities[0].text", "is not in the text", 'did you mean "台積電"?'),
        ([{"text": "Ada  Lin", "label": "PER"}], "entities[0].text", "is not in the text", "did you mean"),
        ([{"text": "新竹", "label": "LOC"}] * 2, "entities[1].text", "or not so often", ""),
        ([{"text": "新竹", "label": "DATE"}], "entities[0].label", '"DATE" is not one of the labels', "PER, ORG, LOC"),
        ([{"text": "新竹", "label": "loc"}], "entities[0].label", "is not one of the labels", "did you mean LOC?"),
        ([{"text": "新竹", "type": "L0C"}], "entities[0].type", "is not one of the labels", "did you mean LOC?"),
        ([{"text": "新竹"}], "entities[0].label", "no label", "PER"),
        ([{"label": "LOC"}], "entities[0].text", "no text", "台積電"),
        ([{"text": "", "label": "LOC"}], "entities[0].text", "must be the entity's text", ""),
        ([{"text": 5, "label": 6}], "entities[0].label", "must be text, not 6", ""),
        (["新竹"], "entities[0]", "must be an object", ""),
        ({"LOC": ["新竹"]}, "entities", "must be a list", "[] when there are none"),
        ("新竹", "entities", "must be a list", ""),
        (
            [{**entity("台積電", "ORG", 5), "end": 7}],
            "entities[0].start",
            "'台積' at 5–7, not '台積電'",
            "last character",
        ),
        ([{**entity("台積電", "ORG", 6)}], "entities[0].start", "'積電董' at 6–9, not '台積電'", "count from 0"),
        (
            [{"text": "台積電", "label": "ORG", "start": 15, "end": 24}],
            "entities[0].start",
            "not '台積電'",
            "UTF-8 bytes",
        ),
        ([{**entity("新竹", "LOC", 14)}], "entities[0].start", "not '新竹'", "UTF-16"),
        ([{**entity("新竹", "LOC", 3)}], "entities[0].start", "not '新竹'", "it stands at 13–15"),
        (
            [{"text": "新竹", "label": "LOC", "start": "13", "end": 15}],
            "entities[0].start",
            "whole numbers",
            "recovered",
        ),
        ([{"text": "新竹", "label": "LOC", "start": True, "end": 15}], "entities[0].start", "whole numbers", ""),
        ([{"text": "新竹", "label": "LOC", "start": -2, "end": 0}], "entities[0].start", "whole numbers", ""),
        ([{"label": "LOC", "start": 20, "end": 99}], "entities[0].start", "not a span of the text", ""),
        ([{"text": "新竹", "label": "LOC", "end": 15}], "entities[0].start", "whole numbers", ""),
        ([entity("台積電", "ORG", 0), entity("台積", "LOC", 0)], "entities[0]", "overlaps", "cannot be nested"),
        ([entity("台積電", "ORG", 0), entity("電說", "PER", 2)], "entities[1]", "overlaps", "cannot be nested"),
        ([entity("新竹", "LOC", 13), entity("新竹", "LOC", 13)], "entities[1]", "listed twice", "remove one"),
        ([entity("新竹", "LOC", 13), entity("新竹", "ORG", 13)], "entities[1]", "the same place", "one label"),
    ],
)
def test_mistakes(given: Any, place: str, says: str, hint: str) -> None:
    found = problems(given)
    [problem] = [problem for problem in found if problem.startswith(f"{place}: ")]
    assert says in problem
    assert hint in problem


def test_all_mistakes_of_a_row_at_once() -> None:
    given = [{"text": "聯電", "label": "ORG"}, 3, {"text": "新竹", "label": "X", "start": 0, "end": 2}]
    assert [problem.split(":")[0] for problem in problems(given)] == [
        "entities[0].text",
        "entities[1]",
        "entities[2].label",
        "entities[2].start",
    ]


@pytest.mark.parametrize("text", [None, "", " \u3000", 3, ["a"], "壞掉的\ud83d"])
def test_text_must_be_text(text: Any) -> None:
    assert all(problem.startswith("text: ") for problem in problems([], text))


def test_special_token_in_an_entity() -> None:
    [problem] = problems([{"text": "a<|im_end|>", "label": "PER"}], "此處有a<|im_end|>記號")
    assert "special token" in problem


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "entity types are not known"),
        ({"labels": []}, "entity types are not known"),
        ({"output_format": {"schema": {"label": {"enum": []}}}}, "at least one label"),
        ({"labels": ["PER", "PER"]}, "listed twice: PER"),
        ({"labels": ["PER", "", False]}, "a label is empty"),
        ({"labels": ["PER", False]}, "false is not text: put it in quotes"),
        ({"labels": "PER"}, "must be a list"),
        ({"labels": [" PER"]}, "outer spaces"),
        ({"labels": ["PER"], "label_descriptions": {"per": "人名"}}, "did you mean PER?"),
        ({"labels": ["PER"], "label_descriptions": {"PER": "人名"}, "system_prompt": "找人名"}, "add {labels}"),
        ({"labels": ["PER"], "system_prompt": "找 {text}"}, "put it in input_template"),
        ({"labels": ["PER"], "input_template": "文本：{content}"}, "must contain {text}"),
        ({"labels": ["PER"], "output_format": {"type": "text"}}, "answered as JSON"),
        ({"labels": ["PER"], "output_format": {"schema": {"PER": {"type": "array"}}}}, "list of entities"),
        ({"labels": ["PER"], "output_format": {"schema": {"label": {"enum": ["LOC"]}}}}, "differ from the enum"),
        ({"labels": ["PER"], "output_format": {"schema": {"label": {"type": "integer"}}}}, "type: string"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        NerOptions.model_validate(options)
    assert says in str(caught.value)


ENUM = {"label": {"type": "string", "enum": ["PER", "LOC"]}}


@pytest.mark.parametrize(
    "schema",
    [
        ENUM,
        {"text": {"type": "string"}, **ENUM},
        {"type": "array", "items": {"type": "object", "properties": ENUM}},
        {"entities": {"type": "array", "items": {"type": "object", "properties": {"text": {}, **ENUM}}}},
    ],
)
def test_labels_from_the_schema(schema: dict[str, Any]) -> None:
    assert NerOptions.model_validate({"output_format": {"schema": schema}}).labels == ("PER", "LOC")
