"""The laws of splits that keep groups together."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasktune.data.split import ALONE, TEST, TRAIN, VALID, grouped_split

SHARES = st.tuples(st.floats(0, 0.45), st.floats(0, 0.45))
SEEDS = st.integers(0, 2**32 - 1)
# (combination, content, group) of each row; the classes of combination n are CLASSES[n].
CLASSES = [[], [0], [1], [0, 1], [2], [0, 2, 3]]
ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(0, 12)), max_size=80)
Row = tuple[int, int, int]


def split(rows: list[Row], valid: float, test: float, seed: int = 1) -> bytearray:
    combinations, contents, groups = zip(*rows, strict=True) if rows else ((), (), ())
    return grouped_split(combinations, CLASSES, contents, groups, valid, test, seed)


def units(rows: list[Row]) -> list[set[int]]:
    """Rows that share a content or a group, found by merging sets until nothing changes."""
    found = [{number} for number in range(len(rows))]
    merged = True
    while merged:
        merged = False
        for one in found:
            for other in found:
                if one is not other and any(
                    rows[a][1] == rows[b][1] or (rows[a][2] == rows[b][2] != ALONE) for a in one for b in other
                ):
                    one |= other
                    found.remove(other)
                    merged = True
                    break
            if merged:
                break
    return found


@given(ROWS, SHARES, SEEDS)
@example([(1, 1, 1), (2, 1, 2), (1, 2, 2), (4, 9, 0), (4, 8, 0)], (0.4, 0.4), 1)
def test_groups_and_equal_contents_stay_together(rows: list[Row], shares: tuple[float, float], seed: int) -> None:
    assigned = split(rows, *shares, seed)
    assert len(assigned) == len(rows)
    assert set(assigned) <= {TRAIN, VALID, TEST}
    assert all(len({assigned[row] for row in unit}) == 1 for unit in units(rows))


@given(ROWS, SHARES, SEEDS)
def test_train_has_a_row_of_every_class(rows: list[Row], shares: tuple[float, float], seed: int) -> None:
    shown = {name for combination, _content, _group in rows for name in CLASSES[combination]}
    assigned = split(rows, *shares, seed)
    kept = {name for row, side in zip(rows, assigned, strict=True) if side == TRAIN for name in CLASSES[row[0]]}
    assert kept == shown


@given(ROWS, SHARES, SEEDS)
@example([(1, row, 1 + row // 5) for row in range(10)], (0.0, 0.2), 1)
def test_a_held_out_split_is_over_its_share_by_half_a_unit_at_most(
    rows: list[Row], shares: tuple[float, float], seed: int
) -> None:
    counts = Counter(split(rows, *shares, seed))
    largest = max(map(len, units(rows)), default=0)
    for side, share in zip((VALID, TEST), shares, strict=True):
        assert counts[side] <= share * len(rows) + largest / 2 + 1e-9
        assert share or not counts[side]


@given(ROWS, SHARES, SEEDS)
def test_the_same_seed_gives_the_same_split(rows: list[Row], shares: tuple[float, float], seed: int) -> None:
    assert split(rows, *shares, seed) == split(rows, *shares, seed)


def test_another_seed_gives_another_split() -> None:
    rows = [(1, row, 1 + row // 3) for row in range(300)]
    assert split(rows, 0.1, 0.1, seed=1) != split(rows, 0.1, 0.1, seed=2)


def test_rows_of_a_negative_combination_take_no_part() -> None:
    rows = [(-1, row, 1) for row in range(50)] + [(1, 50 + row, 1 + row % 20) for row in range(100)]
    assigned = split(rows, 0.1, 0.2)
    assert assigned[:50] == bytes(50)
    assert Counter(assigned[50:]) == {TRAIN: 70, VALID: 10, TEST: 20}


@pytest.mark.parametrize("seed", range(5))
def test_classes_and_rows_keep_their_shares_over_many_sources_of_all_sizes(seed: int) -> None:
    """Sources of 1 to 12 rows, each leaning to some class; a class may be shown together with others."""
    choose = random.Random(seed)
    rows: list[Row] = []
    for source in range(1, 301):
        leaning = choose.choices(range(6), k=2)
        for _row in range(choose.randint(1, 12)):
            rows.append((choose.choice([*leaning, choose.randrange(6)]), len(rows), source))
    assigned = split(rows, 0.1, 0.2, seed)
    for side, share in ((VALID, 0.1), (TEST, 0.2)):
        assert Counter(assigned)[side] / len(rows) == pytest.approx(share, abs=0.01)
        for name in range(4):
            all_rows = [number for number, row in enumerate(rows) if name in CLASSES[row[0]]]
            held_out = sum(assigned[number] == side for number in all_rows)
            assert held_out / len(all_rows) == pytest.approx(share, abs=0.03)
    # Large sources are not all on one side: the test is like the training data.
    sizes = Counter(row[2] for row in rows)
    mean = {
        side: sum(sizes[row[2]] for row, at in zip(rows, assigned, strict=True) if at == side) / Counter(assigned)[side]
        for side in (TRAIN, TEST)
    }
    assert mean[TEST] == pytest.approx(mean[TRAIN], rel=0.2)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_other_processes_split_the_same(hash_seed: str) -> None:
    program = (
        "from tasktune.data.split import grouped_split as g;"
        "print(g([r % 3 for r in range(90)], [[0], [1], [0, 1]], range(90), [1 + r % 20 for r in range(90)], "
        ".1, .2, 42).hex())"
    )
    environment = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    here = grouped_split(
        [r % 3 for r in range(90)], [[0], [1], [0, 1]], range(90), [1 + r % 20 for r in range(90)], 0.1, 0.2, 42
    )
    assert done.stdout.decode().strip() == here.hex()
