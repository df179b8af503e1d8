"""Examples in an answer, whole or not, in whatever pieces it comes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.data.generating.stream import ExampleStream, Unreadable

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['"}]', "{", "\\", '"examples": [', "</think>"]
)
VALUES = st.recursive(TEXT | st.integers() | st.booleans() | st.none(), lambda inner: st.lists(inner, max_size=2))
EXAMPLES = st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=4)


def take(pieces: Iterable[str]) -> tuple[list[Any], str | None]:
    """What a stream of pieces gives, and what is wrong with it in the end."""
    stream, found = ExampleStream(), []
    for piece in pieces:
        found += stream.feed(piece)
    try:
        found += stream.close()
    except ValueError as error:
        return found, str(error)
    return found, None


@given(EXAMPLES, st.booleans(), st.integers(1, 40), st.sampled_from(["", "<think>{[</think>\n", "Here:\n```json\n"]))
def test_pieces_do_not_matter(examples: list[Any], ascii_only: bool, size: int, before: str) -> None:
    text = before + json.dumps({"examples": examples}, ensure_ascii=ascii_only)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert take(pieces) == (examples, None)


@given(st.data(), EXAMPLES.filter(bool))
def test_what_was_whole_before_a_cut_is_found(data: st.DataObject, examples: list[Any]) -> None:
    text = json.dumps({"examples": examples}, ensure_ascii=False)
    cut = data.draw(st.integers(0, len(text) - 3))
    found, problem = take([text[:cut]])
    whole = sum(
        len(json.dumps({"examples": examples[:n]}, ensure_ascii=False)) - 2 <= cut for n in range(1, len(examples) + 1)
    )
    assert found == examples[:whole]
    assert problem is not None


@pytest.mark.parametrize(
    "text",
    [
        '[{"text": "a"}]',
        '{"text": "a"}',
        '```json\n{"examples": [{"text": "a"}]}\n```',
        'Sure!\n[{"text": "a"}]\nAnything else?',
        '<think>{"examples": [{"text": "b"}]}</think>{"examples": [{"text": "a"}]}',
    ],
)
def test_other_forms_are_read_too(text: str) -> None:
    assert take([text]) == ([{"text": "a"}], None)


@pytest.mark.parametrize(
    ("text", "found", "problem"),
    [
        ("", [], "the answer is empty"),
        ("I cannot help with that.", [], "the answer has no JSON"),
        ('{"examples": [{"text": "a"}, {"text": \'b\'}]}', [{"text": "a"}], "the JSON is not valid"),
        ('{"examples": [{"text": "a"}, {"text": "b', [{"text": "a"}], "breaks off"),
        ('{"examples": [{"text": "a"}, "b"]}', [{"text": "a"}], "an example is no JSON object"),
        ('{"examples": [{"text": "a"}', [{"text": "a"}], "breaks off"),
        ("<think>" + '{"examples": [{"text": "a"}]}', [], "the answer is empty"),
    ],
)
def test_a_fault_is_named_and_costs_nothing_before_it(text: str, found: list[Any], problem: str) -> None:
    taken, said = take([text])
    assert taken == found
    assert said is not None
    assert problem in said


@pytest.mark.parametrize(
    "example", ['{"text": "a", "text": "b"}', '{"text": NaN}', '{"text": "\\ud83d"}', '{"n": 1e999}']
)
def test_an_example_that_is_no_strict_json_is_told_of(example: str) -> None:
    [bad, good], problem = take(['{"examples": [' + example + ', {"text": "a"}]}'])
    assert isinstance(bad, Unreadable)
    assert bad.text == example
    assert bad.reason
    assert (good, problem) == ({"text": "a"}, None)


def test_elements_of_a_bare_list_that_are_no_objects_are_told_of() -> None:
    [bad, good], problem = take(['["a", {"text": "a"}]'])
    assert isinstance(bad, Unreadable)
    assert (good, problem) == ({"text": "a"}, None)
