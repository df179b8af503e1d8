"""Pair predicted with gold entities: by exact place, and by overlap."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

from tasktune_ner.entities import Entity, located


def overlap_pairs(gold: Sequence[Entity], predicted: Sequence[Entity]) -> int:
    """The most pairs of a gold and a predicted entity with the same label and at least one shared character.

    Each entity is in at most one pair. Gold entities are flat and sorted, so the gold entities that a prediction
    overlaps are neighbours, and serving each gold entity with the prediction that ends its options first is optimal
    (F. Glover, "Maximum matching in a convex bipartite graph", Naval Research Logistics Quarterly 14, 1967).
    """
    golds, guesses = _by_label(gold), _by_label(predicted)
    return sum(_most_pairs(golds[label], guesses[label]) for label in golds.keys() & guesses.keys())


def _by_label(entities: Sequence[Entity]) -> dict[str, list[tuple[int, int]]]:
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for each in entities:
        if located(each):
            spans[each["label"]].append((each["start"], each["end"]))
    return spans


def _most_pairs(gold: list[tuple[int, int]], predicted: list[tuple[int, int]]) -> int:
    starts, ends = [start for start, _end in gold], [end for _start, end in gold]
    reach: dict[int, list[int]] = defaultdict(list)
    for start, end in predicted:
        first, last = bisect_right(ends, start), bisect_left(starts, end) - 1
        if first <= last:
            reach[first].append(last)
    waiting: list[int] = []
    pairs = 0
    for index in range(len(gold)):
        for last in reach[index]:
            heapq.heappush(waiting, last)
        while waiting and waiting[0] < index:
            heapq.heappop(waiting)
        if waiting:
            heapq.heappop(waiting)
            pairs += 1
    return pairs
