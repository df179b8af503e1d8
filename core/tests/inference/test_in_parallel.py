"""Work by several threads: everything is done once, no more at a time than is allowed, and an error ends it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.inference.in_parallel import in_parallel


@given(things=st.lists(st.integers(), max_size=30), at_once=st.integers(1, 5))
def test_everything_is_done_once(things: list[int], at_once: int) -> None:
    done = list(in_parallel(lambda thing: 2 * thing, things, at_once))
    assert sorted(done) == sorted((thing, 2 * thing) for thing in things)


@given(at_once=st.integers(1, 4), count=st.integers(0, 12))
def test_no_more_is_taken_than_is_under_way(at_once: int, count: int) -> None:
    taken = 0

    def things() -> Iterator[int]:
        nonlocal taken
        for number in range(count):
            taken += 1
            yield number

    for done, _each in enumerate(in_parallel(str, things(), at_once)):
        # One more is in hand while those under way are waited for.
        assert taken <= done + at_once + 1


def test_as_many_are_under_way_as_are_allowed() -> None:
    meet = threading.Barrier(3)
    assert len(list(in_parallel(lambda _thing: meet.wait(30), range(6), 3))) == 6


def test_an_error_is_raised_and_nothing_more_begun() -> None:
    begun = []

    def work(thing: int) -> int:
        begun.append(thing)
        return 1 // (thing - 2)

    with pytest.raises(ZeroDivisionError):
        list(in_parallel(work, range(100), 1))
    assert begun == [0, 1, 2]


def test_who_stops_waits_for_nobody() -> None:
    let_go = threading.Event()
    working = in_parallel(lambda thing: thing or let_go.wait(60), [1, 0, 0], 2)
    assert next(working) == (1, 1)
    working.close()
    assert not let_go.is_set()
    let_go.set()
