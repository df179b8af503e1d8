"""Stratified splits: each class keeps its share in every split, equal inputs stay together, a seed decides the rest."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

TRAIN, VALID, TEST = 0, 1, 2
ALONE = 0
"""The group of a row that belongs to none."""
_ROWS = -1


def stratified_split(strata: Sequence[int], contents: Sequence[int], valid: float, test: float, seed: int) -> bytearray:
    """Assign each row to train (0), valid (1) or test (2), the order of ``tasktune.data.records.SPLITS``.

    ``strata`` holds a number per row for the class it shows, ``contents`` a hash per row of what the model sees: rows
    with equal contents go to the same side, or the test would measure memory, and count as one, in the stratum of
    the first of them. ``valid`` and ``test`` are shares of the rows. Within a stratum train keeps at least one row;
    where that leaves enough, each held-out split gets its share to within one. The roundings are carried from stratum
    to stratum, so that the shares of the whole are met to within one too if every stratum has enough rows. Rows
    of a negative stratum take no part and stay in train.
    """
    first_with: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    for row, (stratum, content) in enumerate(zip(strata, contents, strict=True)):
        if stratum >= 0 and content not in first_with:
            first_with[content] = row
            members.setdefault(stratum, []).append(row)

    assigned = bytearray(len(strata))
    shuffle = random.Random(seed).shuffle
    carried = {VALID: 0.0, TEST: 0.0}
    for stratum in sorted(members):
        rows = members[stratum]
        shuffle(rows)
        taken = 0
        for split, share in ((TEST, test), (VALID, valid)):
            wanted = share * len(rows) + carried[split]
            count = max(0, min(round(wanted), len(rows) - 1 - taken))
            # What train's last row cost is not made up for at the expense of another stratum beyond its rounding.
            carried[split] = min(0.5, wanted - count)
            for row in rows[taken : taken + count]:
                assigned[row] = split
            taken += count

    for row, (stratum, content) in enumerate(zip(strata, contents, strict=True)):
        if stratum >= 0:
            assigned[row] = assigned[first_with[content]]
    return assigned


def grouped_split(
    combinations: Sequence[int],
    classes: Sequence[Sequence[int]],
    contents: Sequence[int],
    groups: Sequence[int],
    valid: float,
    test: float,
    seed: int,
) -> bytearray:
    """As :func:`stratified_split`, but rows of one group stay on one side too, whatever classes they show.

    ``combinations`` holds a number per row, under which ``classes`` has the classes that the row shows; a negative one
    takes no part. ``groups`` has a number per row, ``ALONE`` for a row that belongs to no group. Rows that share
    a group or their contents, directly or through others, are one unit. Units come in random order, each goes to the
    split that lacks most of what the unit shows, as a share of what that split is to have of each class and of rows
    (after Sechidis et al. 2011, "On the Stratification of Multi-Label Data", with units in the place of rows). A
    held-out split takes no unit that would not bring it nearer to its share, so it is over it by half a unit at most;
    and train has a row of every class.
    """
    units = _units(combinations, contents, groups)
    shown, left = [], Counter[int]()
    for rows in units:
        counts = Counter({_ROWS: len(rows)})
        for row in rows:
            counts.update(classes[combinations[row]])
        shown.append(counts)
        left.update(counts)
    shares = {TRAIN: 1 - valid - test, TEST: test, VALID: valid}
    wanted = {split: {name: share * left[name] for name in left} for split, share in shares.items() if share > 0}
    has = {split: Counter[int]() for split in wanted}

    def lack(split: int, counts: Counter[int]) -> float:
        total = sum((1 - has[split][name] / wanted[split][name]) * number for name, number in counts.items())
        return total / counts.total()

    assigned = bytearray(len(combinations))
    order = list(range(len(units)))
    random.Random(seed).shuffle(order)
    for unit in order:
        counts = shown[unit]
        candidates = [
            split
            for split in wanted
            if split == TRAIN or counts[_ROWS] <= 2 * (wanted[split][_ROWS] - has[split][_ROWS])
        ]
        last = any(left[name] == number and not has[TRAIN][name] for name, number in counts.items())
        split = TRAIN if last else max(candidates, key=lambda split: lack(split, counts))
        has[split].update(counts)
        left.subtract(counts)
        for row in units[unit]:
            assigned[row] = split
    return assigned


def _units(combinations: Sequence[int], contents: Sequence[int], groups: Sequence[int]) -> list[list[int]]:
    """The rows that take part, those together that share a group or their contents, directly or through others."""
    parent = list(range(len(combinations)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = row = parent[parent[row]]
        return row

    for keys in (contents, groups):
        first: dict[int, int] = {}
        for row, (combination, key) in enumerate(zip(combinations, keys, strict=True)):
            if combination >= 0 and not (keys is groups and key == ALONE):
                one, other = sorted((root(row), root(first.setdefault(key, row))))
                parent[other] = one
    units: dict[int, list[int]] = {}
    for row, combination in enumerate(combinations):
        if combination >= 0:
            units.setdefault(root(row), []).append(row)
    return list(units.values())
