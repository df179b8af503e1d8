"""Stratified splits: each class keeps its share in every split, equal inputs stay together, a seed decides the rest."""

from __future__ import annotations

import random
from collections.abc import Sequence

TRAIN, VALID, TEST = 0, 1, 2


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
