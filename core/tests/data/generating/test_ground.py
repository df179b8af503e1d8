"""What counts as the same input, and which training rows are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.data.generating.ground import POOL, input_number, survey
from tasktune.definition import load_task
from tasktune.types import Message, Prompt

LETTERS = st.text("aB臺灣１2é", min_size=1, max_size=6)


def number(text: str, system: str = "s") -> int:
    return input_number(Prompt(messages=(Message(role="system", content=system), Message(role="user", content=text))))


@given(LETTERS, st.lists(st.sampled_from(list(" 　。，.!?「」—\t")), max_size=6), st.data())
def test_punctuation_spaces_width_and_case_make_no_difference(text: str, marks: list[str], data: st.DataObject) -> None:
    other = text.swapcase().replace("１", "1")
    for mark in marks:
        place = data.draw(st.integers(0, len(other)))
        other = other[:place] + mark + other[place:]
    assert number(other, system="another") == number(text)


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("好👍", "好👎"), ("3 > 2", "3 < 2"), ("臺", "台"), ("", "a")])
def test_other_inputs_are_others(one: str, other: str) -> None:
    assert number(one) != number(other)


def test_of_many_rows_some_are_kept_by_the_seed(task: Path) -> None:
    rows = [{"text": f"number {n}", "label": "yes" if n % 3 else "no"} for n in range(1500)]
    (task / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    loaded = load_task(task)
    first, again, other = (survey(loaded, "yes", seed) for seed in (1, 1, 2))
    assert first.rows == again.rows != other.rows
    assert len({record.id for record in first.rows}) == len(first.others) == POOL
    assert {record.target for record in first.rows} == {"yes"}
    assert {record.target for record in first.others} == {"no"}
    assert first.classes == {"yes": 1000, "no": 500}
    assert len(first.known) == 1510
    # Not only the first rows of the file.
    assert sum(int(record.id.rpartition(":")[2]) > 750 for record in first.rows) > POOL / 4
