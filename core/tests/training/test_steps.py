"""Which rows meet in a step, and how it is cut: every row once, the same in every process, within what is allowed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from tasktune.training.at_once import AtOnce
from tasktune.training.batches import Collator
from tasktune.training.branches import Branching
from tasktune.training.steps import Cut, LengthAwareSampler, Steps

LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=60)


def rows(lengths: list[int]) -> list[dict[str, Any]]:
    """Rows of so many tokens, of which some begin alike."""
    return [
        {"prompt": [3 + number % 3] * (length - 1) + [7], "answers": [[8]], "row": number}
        for number, length in enumerate(lengths)
    ]


@given(LENGTHS, st.integers(1, 300), st.booleans())
def test_batches_stay_within_the_tokens_that_are_allowed(lengths: list[int], budget: int, branching: bool) -> None:
    collator = Collator(0, 0, branching=Branching(even=200) if branching else None)
    batches = Cut(collator, AtOnce(tokens=budget))(rows(lengths))
    assert sorted(row for batch in batches for row in batch["rows"].tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert batch["input_ids"].numel() <= budget or len(batch["rows"]) == 1


@given(LENGTHS)
def test_batches_of_sorted_rows_are_as_large_as_the_tokens_allow(lengths: list[int]) -> None:
    batches = list(AtOnce(tokens=120).batches(sorted(lengths), lambda length: length))
    for batch, following in pairwise(batches):
        assert (len(batch) + 1) * following[0] > 120


@given(LENGTHS, st.integers(1, 4), st.one_of(st.builds(AtOnce, rows=st.integers(1, 9)), st.just(AtOnce(tokens=90))))
def test_processes_share_a_step_and_have_as_many_batches(lengths: list[int], count: int, at_once: AtOnce) -> None:
    collator = Collator(0, 0, branching=Branching(even=200))
    cuts = [Cut(collator, at_once, number, count)(rows(lengths)) for number in range(count)]
    assert len({len(batches) for batches in cuts}) == 1
    found = [row for batches in cuts for batch in batches if batch for row in batch["rows"].tolist()]
    assert sorted(found) == list(range(len(lengths)))


def test_rows_that_share_nothing_are_dealt_out_in_turn() -> None:
    collator = Collator(0, 0)
    cuts = [Cut(collator, AtOnce(rows=2), number, 2)(rows([9, 9, 9, 9, 9, 9, 9])) for number in range(2)]
    assert [[batch["rows"].tolist() for batch in batches] for batches in cuts] == [[[0, 2], [4, 6]], [[1, 3], [5]]]


def test_where_rows_do_not_suffice_a_batch_is_empty() -> None:
    assert Cut(Collator(0, 0), AtOnce(rows=2), 1, 2)(rows([9])) == [{}]


def test_what_is_computed_at_once_is_halved_until_a_batch_is_a_row() -> None:
    found, at_once = [], AtOnce(rows=9)
    while (less := at_once.halved(longest=100)) is not None:
        at_once = less
        found.append(at_once.rows)
    assert found == [5, 3, 2, 1]
    assert AtOnce(tokens=101).halved(longest=100) == AtOnce(tokens=51)
    assert AtOnce(tokens=100).halved(longest=100) is None


def test_as_many_rows_of_a_length_as_fit_are_a_batch() -> None:
    assert [AtOnce(tokens=100).rows_of(length) for length in (10, 30, 100, 101)] == [10, 3, 1, 1]
    assert AtOnce(rows=4).rows_of(100) == 4


@given(LENGTHS, st.integers(1, 9), st.integers(0, 3), st.integers(1, 5))
def test_an_epoch_of_grouped_rows_has_every_row_once(lengths: list[int], size: int, epoch: int, texts: int) -> None:
    found = []
    for _time in range(2):
        sampler = LengthAwareSampler(lengths, size, seed=7, beginnings=[row % texts for row in range(len(lengths))])
        sampler.set_epoch(epoch)
        steps = list(Steps(sampler))
        assert len(steps) == len(Steps(sampler))
        assert all(len(step) == size for step in steps[:-1])
        found.append(steps)
    assert sorted(row for step in found[0] for row in step) == list(range(len(lengths)))
    assert found[0] == found[1]


def test_rows_of_one_beginning_come_in_one_step_and_in_another_order_each_epoch() -> None:
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(20, 400, (150,), generator=generator).repeat_interleave(4).tolist()
    beginnings = [row // 4 for row in range(600)]

    def parted(**options: Any) -> float:
        steps = list(Steps(LengthAwareSampler(lengths, 8, seed=0, **options)))
        where = {row: number for number, step in enumerate(steps) for row in step}
        return sum(len({where[row] for row in range(text * 4, text * 4 + 4)}) > 1 for text in range(150)) / 150

    assert parted() > 0.9
    assert parted(beginnings=beginnings) == 0
    sampler = LengthAwareSampler(lengths, 8, seed=0, beginnings=beginnings)
    # At most half a step begins alike.
    assert all(len({beginnings[row] for row in step}) >= 2 for step in Steps(sampler))
    first = list(Steps(sampler))
    sampler.set_epoch(1)
    met = {frozenset(beginnings[row] for row in step) for step in first}
    again = {frozenset(beginnings[row] for row in step) for step in Steps(sampler)}
    assert len(met & again) < 10
