"""The laws of stratified splits."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasktune.data.split import TEST, TRAIN, VALID, stratified_split

SHARES = st.tuples(st.floats(0, 0.45), st.floats(0, 0.45))
SEEDS = st.integers(0, 2**32 - 1)
# (stratum, content) of each row; few contents, so that many rows are equal.
ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=80)
SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=8)


def split(rows: list[tuple[int, int]], valid: float, test: float, seed: int = 1) -> bytearray:
    return stratified_split([row[0] for row in rows], [row[1] for row in rows], valid, test, seed)


@given(ROWS, SHARES, SEEDS)
def test_every_row_has_a_side_and_equal_contents_have_the_same(
    rows: list[tuple[int, int]], shares: tuple[float, float], seed: int
) -> None:
    assigned = split(rows, *shares, seed)
    assert len(assigned) == len(rows)
    assert set(assigned) <= {TRAIN, VALID, TEST}
    sides: dict[int, int] = {}
    assert all(sides.setdefault(content, side) == side for (_s, content), side in zip(rows, assigned, strict=True))


@given(ROWS, SHARES, SEEDS)
def test_train_keeps_a_row_of_every_stratum(
    rows: list[tuple[int, int]], shares: tuple[float, float], seed: int
) -> None:
    # A content belongs to the stratum that it is first seen in.
    owners: dict[int, int] = {}
    for stratum, content in rows:
        owners.setdefault(content, stratum)
    kept = {
        stratum
        for (stratum, content), side in zip(rows, split(rows, *shares, seed), strict=True)
        if side == TRAIN and owners[content] == stratum
    }
    assert kept == set(owners.values())


@given(SIZES, SHARES, SEEDS)
@example([1] * 7 + [20], (0.0, 0.45), 1)
@example([2] * 9 + [20], (0.45, 0.45), 1)
def test_shares_are_met_to_within_one_in_each_stratum_and_in_all(
    sizes: list[int], shares: tuple[float, float], seed: int
) -> None:
    valid, test = shares
    numbered = [stratum for stratum, size in enumerate(sizes) for _ in range(size)]
    assigned = split([(stratum, row) for row, stratum in enumerate(numbered)], valid, test, seed)
    counts = Counter(zip(numbered, assigned, strict=True))
    # With fewer rows train's last one can stand in the way; then held-out splits get less, never more.
    roomy = [size * (1 - valid - test) >= 3 for size in sizes]
    for side, share in ((VALID, valid), (TEST, test)):
        for stratum, size in enumerate(sizes):
            difference = counts[stratum, side] - share * size
            assert difference <= 1 + 1e-9
            assert difference >= -1 - 1e-9 or not roomy[stratum]
        whole = sum(counts[stratum, side] for stratum in range(len(sizes))) - share * sum(sizes)
        assert whole <= 1
        assert whole >= -1 or not all(roomy)


@given(ROWS, SHARES, SEEDS)
def test_the_same_seed_gives_the_same_split(
    rows: list[tuple[int, int]], shares: tuple[float, float], seed: int
) -> None:
    assert split(rows, *shares, seed) == split(rows, *shares, seed)


def test_another_seed_gives_another_split() -> None:
    rows = [(0, row) for row in range(200)]
    assert split(rows, 0.1, 0.1, seed=1) != split(rows, 0.1, 0.1, seed=2)


def test_rows_of_a_negative_stratum_take_no_part() -> None:
    rows = [(-1, row) for row in range(50)] + [(0, 50 + row) for row in range(100)]
    assigned = split(rows, 0.1, 0.2)
    assert assigned[:50] == bytes(50)
    assert Counter(assigned[50:]) == {TRAIN: 70, VALID: 10, TEST: 20}


def test_roundings_do_not_add_up_over_many_small_classes() -> None:
    rows = [(row // 4, row) for row in range(400)]
    assert Counter(split(rows, 0.1, 0.1)) == {TRAIN: 320, VALID: 40, TEST: 40}


@pytest.mark.parametrize("hash_seed", ["0", "1", "2"])
def test_other_processes_split_the_same(hash_seed: str) -> None:
    program = (
        "from tasktune.data.split import stratified_split as s;"
        "print(s([r % 7 for r in range(300)], [hash(r) % 250 for r in range(300)], .1, .2, 42).hex())"
    )
    environment = {"PYTHONHASHSEED": hash_seed}
    output = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True).stdout
    here = stratified_split([r % 7 for r in range(300)], [r % 250 for r in range(300)], 0.1, 0.2, 42)
    assert output.decode().strip() == here.hex()


@pytest.mark.parametrize("strata", [1, 100, 50_000])
def test_work_is_linear_in_the_rows_whatever_the_strata(strata: int) -> None:
    """Counted in executed lines, which a busy machine does not change; the shuffle's own are C and linear."""

    def lines(rows: int) -> int:
        count = 0

        def trace(_frame: object, event: str, _argument: object) -> object:
            nonlocal count
            count += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            stratified_split([row % strata for row in range(rows)], range(rows), 0.1, 0.1, 1)
        finally:
            sys.settrace(before)
        return count

    assert lines(8_000) < 5 * lines(2_000)
