"""Pieces of readable text add up to the row, whatever is in it; rows are found by their places."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasktune.data.encode import Encoder
from tasktune.data.preview import preview, rows_at
from tasktune.definition import Task
from tasktune.errors import InputError

TINY = runpy.run_path(str(Path(__file__).parents[1] / "tiny_base.py"))
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
ROWS = [{"text": "good", "label": "yes"}, {"text": "bad", "label": "no"}]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(TINY["make_tokenizer"]())


def chat(user: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]


@settings(max_examples=60)
@given(user=TEXT, answer=TEXT)
@example(user="\ufffd", answer="\ufffd")
@example(user="鱻😀", answer="a\ufffdb")
def test_pieces_are_the_row_that_trains(encoder: Encoder, user: str, answer: str) -> None:
    shown = preview(encoder, chat(user, answer))
    [row] = encoder.rows([chat(user, answer)])
    assert shown.ids(trained=False) == row.prompt
    assert shown.ids(trained=True) == row.completion
    text = "".join(piece.text for piece in shown.pieces if piece.trained)
    assert text == answer + encoder.end_of_turn
    assert all(piece.ids for piece in shown.pieces)
    # The answer stands behind the prompt.
    assert [piece.trained for piece in shown.pieces] == sorted(piece.trained for piece in shown.pieces)


def test_a_character_of_several_tokens_is_one_piece(encoder: Encoder) -> None:
    pieces = [piece for piece in preview(encoder, chat("x", "a鱻😀")).pieces if piece.trained]
    assert [(piece.text, len(piece.ids)) for piece in pieces] == [("a", 1), ("鱻", 3), ("😀", 4), ("<|im_end|>", 1)]


def test_what_looks_like_half_a_character_at_the_end_is_not_lost() -> None:
    encoder = Encoder(TINY["make_tokenizer"]("{%- for message in messages %}{{- message.content }}{%- endfor %}"))
    shown = preview(encoder, chat("a\ufffd", "b"))
    assert "".join(piece.text for piece in shown.pieces if not piece.trained) == "a\ufffd"
    assert encoder.prompts([chat("a\ufffd", "b")[:1]]) == [shown.ids(trained=False)]


def test_an_answer_with_the_end_token_ends_early(encoder: Encoder) -> None:
    assert preview(encoder, chat("x", "a <|im_end|> b")).ends_early
    assert not preview(encoder, chat("x <|im_end|>", "a")).ends_early


def test_rows_are_found_by_place(make_task: Callable[..., Task]) -> None:
    task = make_task(train=ROWS, test=ROWS[::-1])
    assert [record.id for record, _prompt in rows_at(task, [], "train")] == ["data/train.jsonl:1"]
    places = ["2", "data/test.jsonl:1", str(task.folder / "data/train.jsonl") + ":1", "2"]
    found = rows_at(task, places, "train")
    assert [record.id for record, _prompt in found] == ["data/train.jsonl:2", "data/test.jsonl:1", "data/train.jsonl:1"]
    assert [prompt.completion for _record, prompt in found] == [
        '{"label": "no"}',
        '{"label": "no"}',
        '{"label": "yes"}',
    ]
    assert [record.id for record, _prompt in rows_at(task, ["2"], "test")] == ["data/test.jsonl:2"]


def test_every_bad_place_is_told(make_task: Callable[..., Task]) -> None:
    train = '{"text": "good", "label": "yes"}\n\n{"text": "x", "label": "maybe"}\n{"text": "y"}\n{"text"\n'
    places = ["1", "2", "3", "4", "5", "99", "x", "data/other.jsonl:1"]
    with pytest.raises(InputError) as caught:
        rows_at(make_task(train=train), places, "train")
    told = [str(problem) for problem in caught.value.problems]
    assert told == [
        "'x' is no place of a row (write it as data/train.jsonl:17, or as the line's number)",
        "data/other.jsonl is none of the task's files: data/train.jsonl",
        "data/train.jsonl:2: no row begins here (name the line on which a row begins)",
        "data/train.jsonl:3: label: 'maybe' is not a class (yes, no)",
        "data/train.jsonl:4: label: missing; the row has no target (label the row or take it out)",
        told[5],
        "data/train.jsonl:99: no row begins here (name the line on which a row begins)",
    ]
    assert told[5].startswith("data/train.jsonl:5: not valid JSON at column 8")


def test_a_line_alone_needs_a_single_file(make_task: Callable[..., Task]) -> None:
    task = make_task(train=ROWS, data={"train": ["data/train.jsonl", "data/more.jsonl"]})
    (task.folder / "data" / "more.jsonl").write_text('{"text": "fine", "label": "yes"}\n', "utf-8")
    with pytest.raises(InputError, match=r"1 could be in any of data/train\.jsonl, data/more\.jsonl"):
        rows_at(task, ["1"], "train")
    [(record, _prompt)] = rows_at(task, ["data/more.jsonl:1"], "train")
    assert record.inputs == {"text": "fine"}


def test_a_split_without_a_file_is_explained(make_task: Callable[..., Task]) -> None:
    with pytest.raises(InputError, match="the valid split has no file"):
        rows_at(make_task(train=ROWS), [], "valid")


def test_a_missing_file_is_one_problem_and_not_its_rows_too(make_task: Callable[..., Task]) -> None:
    with pytest.raises(InputError) as caught:
        rows_at(make_task(train=ROWS, data={"test": "data/gone.jsonl"}), ["1", "data/gone.jsonl:1"], "train")
    assert [problem.message for problem in caught.value.problems] == ["data/gone.jsonl is not there"]


def test_a_file_of_an_unknown_kind_is_the_problem(make_task: Callable[..., Task]) -> None:
    task = make_task(train=ROWS, data={"train": "data/train.xml"})
    (task.folder / "data" / "train.xml").write_text("<x/>", "utf-8")
    with pytest.raises(InputError, match=r"unknown data format '\.xml'"):
        rows_at(task, ["3"], "train")
