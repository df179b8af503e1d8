"""Growing parts of the training rows: each holds the one before it, and every class has its share in all of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Hashable, Sequence


def growing_order(strata: Sequence[Hashable], seed: int) -> list[int]:
    """An order of the rows, as their places, of which every beginning is a stratified sample.

    ``strata`` names the stratum of each row. The i-th of a stratum's m shuffled rows comes at (i + u) / m of the whole,
    with u drawn once for the stratum between 0 and 1: of the first share t of the order the stratum has m·t rows, to
    within one.
    """
    dice = random.Random(seed)
    members: dict[Hashable, list[int]] = defaultdict(list)
    for place, stratum in enumerate(strata):
        members[stratum].append(place)
    places: list[tuple[float, int]] = []
    for rows in members.values():
        dice.shuffle(rows)
        offset = dice.random()
        places += [((number + offset) / len(rows), row) for number, row in enumerate(rows)]
    return [row for _place, row in sorted(places)]


def sizes_of(rows: int, fractions: Sequence[float]) -> list[int]:
    """How many rows each fraction of them is, at least two, smallest first, without repetition."""
    return sorted({max(2, min(rows, round(fraction * rows))) for fraction in fractions})
