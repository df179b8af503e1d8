"""Which mistakes a model makes, and on which rows it does worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.evaluation.error_analysis import FEWEST_IN_SLICE, LENGTH, UNREADABLE, mistake_groups
from tasktune.evaluation.score import score
from tasktune.types import Mistake, Record

Make = Callable[..., Any]
MISTAKES = st.builds(
    Mistake,
    kind=st.sampled_from(["missed", "spurious"]),
    gold=st.sampled_from([None, "人名", "地名"]),
    predicted=st.sampled_from([None, "人名"]),
)


@given(rows=st.lists(st.lists(MISTAKES, max_size=4), max_size=30), seed=st.randoms())
def test_groups_count_every_mistake_once_whatever_the_order(rows: list[list[Mistake]], seed: Any) -> None:
    numbered = [(f"r:{number}", found) for number, found in enumerate(rows)]
    total, groups = mistake_groups(numbered)
    every = Counter(mistake for found in rows for mistake in found)
    assert total == every.total() == sum(group.count for group in groups)
    assert {Mistake(kind=g.kind, gold=g.gold, predicted=g.predicted): g.count for g in groups} == every
    assert sum(group.share for group in groups) == pytest.approx(1.0 if groups else 0.0)
    assert [group.count for group in groups] == sorted((group.count for group in groups), reverse=True)
    for group in groups:
        for record_id in group.records:
            found = dict(numbered)[record_id]
            assert Mistake(kind=group.kind, gold=group.gold, predicted=group.predicted) in found
    seed.shuffle(numbered)
    again = mistake_groups(numbered)[1]
    assert [group.model_dump(exclude={"records"}) for group in again] == [
        group.model_dump(exclude={"records"}) for group in groups
    ]


def test_wrong_answers_are_told_apart_by_what_they_say(make_task: Make) -> None:
    wrong = [("red", "[green]")] * 3 + [("red", "[blue]")] * 2 + [("green", "who knows"), ("blue", "[blue]")]
    rows = [(Record(id=f"t:{n}", inputs={"text": "x"}, target=gold), out) for n, (gold, out) in enumerate(wrong)]
    errors = score(make_task(), rows).errors
    assert errors is not None
    assert errors.mistakes == 6
    assert [(g.kind, g.gold, g.predicted, g.count, g.records[0]) for g in errors.groups] == [
        ("wrong", "red", "green", 3, "t:0"),
        ("wrong", "red", "blue", 2, "t:3"),
        (UNREADABLE, "green", None, 1, "t:5"),
    ]
    assert errors.groups[0].share == 0.5


def test_rows_are_sliced_by_length_and_by_fields_with_few_values(make_task: Make) -> None:
    rows = []
    for number in range(160):
        long = number % 2 == 1
        source, note = ("ptt", "news")[number % 4 // 2], f"note {number}"
        text = "火" * (50 + number if long else 1 + number // 8)
        record = Record(id=f"t:{number}", inputs={"text": text, "source": source, "note": note}, target="red")
        rows.append((record, "[green]" if long and source == "news" else "[red]"))
    evaluation = score(make_task(), rows)
    assert evaluation.errors is not None
    found = {(each.field, each.value): each for each in evaluation.errors.slices}
    sources = {value: each for (field, value), each in found.items() if field == "source"}
    assert {value: (each.rows, each.score, each.weak) for value, each in sources.items()} == {
        "ptt": (80, 1.0, False),
        "news": (80, 0.5, True),
    }
    # Every row has another note: there is nothing to compare.
    assert {field for field, _value in found} == {LENGTH, "source"}
    lengths = [each for (field, _value), each in found.items() if field == LENGTH]
    assert sum(each.rows for each in lengths) == 160
    assert len(lengths) == 4
    assert [each.score for each in lengths[:2]] == [1.0, 1.0]
    assert all(each.score < 1 for each in lengths[2:])


def test_a_few_rows_are_no_slice(make_task: Make) -> None:
    rows = [
        (Record(id=f"t:{n}", inputs={"text": "x", "source": "ab"[n % 2]}, target="red"), "[red]")
        for n in range(2 * FEWEST_IN_SLICE - 1)
    ]
    errors = score(make_task(), rows).errors
    assert errors is not None
    assert errors.slices == ()
