"""Rows of a batch that share more than the prefix of all: one copy of what they share, and a branch for each behind it.

Several entities that are asked about in one text, or prompts of a few kinds with long instructions each, go on alike
beyond the prefix that all rows have. In sorted order such rows are neighbours, and what a run of neighbours shares is
the least that two in it share: so groups are found without comparing every row with every other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy

from tasktune.training.audit import SHORTEST_SHARED_PREFIX

_MOST = 16
"""Rows in a group at most. So many save 15 of 16 copies of what they share, and no more could save much more."""
_CAPS = (1, 2, 4, 8)
"""How many times as long as the longest row a group may be; the best of them is taken for a batch, for one long
sequence makes all others of its batch as long by padding."""
_LONGEST = 2048
"""Tokens of a group at most, unless a row alone has more: its mask, and on a CPU the scores that attention keeps, grow
with the square of its length."""
BEGINNING = 16
"""Tokens after the prefix that rows have in common to be kept next to each other: fewer are often alike by chance."""
_DEPTHS = (64, SHORTEST_SHARED_PREFIX)
"""How many tokens two rows should share to be looked for, those that share the more first."""
_MULTIPLIER = numpy.uint64(0x9E3779B97F4A7C15)
"""The odd number next to 2^64 / golden ratio (Knuth, The Art of Computer Programming 3, section 6.4), which spreads
tokens over all bits. Two beginnings with one number by chance would only come next to each other."""
_ONE, _HALF, _HIGHEST_BIT = numpy.uint64(1), numpy.uint64(32), numpy.uint64(1 << 63)


@dataclass(frozen=True)
class Group:
    """Prompts, by their places, the first ``shared`` tokens of which are the same and computed once."""

    shared: int
    members: tuple[int, ...]

    def tokens(self, lengths: Sequence[int]) -> int:
        """Tokens of the sequence that the group makes."""
        return self.shared + sum(lengths[member] - self.shared for member in self.members)


@dataclass(frozen=True)
class Branching:
    """When rows stand as branches behind what they share: where it makes a batch cheaper to compute.

    The cost of a sequence of t tokens behind a prefix of P is taken as t · (E + P + t). E, ``even``, are the tokens at
    which attending to them takes a token as long as the matrices of its block: that is what speaks against very long
    sequences.
    """

    even: int
    worth: float = 0.9
    """Branches are taken below this share of the cost without: they need a mask of width × width for every sequence."""

    @classmethod
    def of(cls, model: Any) -> Branching:
        """For a model of hidden size h, E is 6 h: a block's matrices have some 12 h² weights, 2 FLOPs each (Kaplan et
        al. 2020, arXiv:2001.08361, table 1), and attention takes 4 h FLOPs for a token that is attended to (Hoffmann et
        al. 2022, arXiv:2203.15556, appendix F)."""
        return cls(6 * int(model.config.get_text_config().hidden_size))

    def of_batch(self, prompts: Sequence[list[int]], lengths: Sequence[int], prefix: int) -> list[Group]:
        """The sequences of a batch: every prompt is in one. ``prompts`` are without the prefix, ``lengths`` with what
        follows them."""
        alone = [Group(0, (place,)) for place in range(len(prompts))]
        order, common = _sorted(prompts)
        if not any(shared >= SHORTEST_SHARED_PREFIX for shared in common):
            return alone

        def cost(groups: Sequence[Group]) -> int:
            width = max(group.tokens(lengths) for group in groups)
            return len(groups) * width * (self.even + prefix + width)

        longest = max(lengths)
        found = [self._groups(order, common, lengths, prefix, _most(cap, longest)) for cap in _CAPS]
        best = min(found, key=cost)
        return sorted(best, key=lambda group: min(group.members)) if cost(best) < self.worth * cost(alone) else alone

    def of_step(self, prompts: Sequence[list[int]], lengths: Sequence[int], prefix: int) -> list[Group]:
        """The prompts of a step that should meet in a batch, the groups of the shortest rows first."""
        order, common = _sorted(prompts)
        if not any(shared >= SHORTEST_SHARED_PREFIX for shared in common):
            return [Group(0, (place,)) for place in range(len(prompts))]
        groups = self._groups(order, common, lengths, prefix, _most(max(_CAPS), max(lengths)))
        return sorted(groups, key=lambda group: (max(lengths[member] for member in group.members), group.members))

    def _groups(
        self, order: Sequence[int], common: Sequence[int], lengths: Sequence[int], prefix: int, most: int
    ) -> list[Group]:
        """Cut the sorted prompts into groups of at most ``most`` tokens, in the way that costs least in all."""
        costs, cuts = [0], [(0, 0)]
        for end in range(1, len(order) + 1):
            best, cut = -1, (0, 0)
            total, shared = 0, 0
            for start in range(end - 1, max(-1, end - 1 - _MOST), -1):
                total += lengths[order[start]]
                if start == end - 2:
                    shared = common[start]
                elif start < end - 2:
                    shared = min(shared, common[start])
                tokens = total - (end - start - 1) * shared
                if start < end - 1 and (shared < SHORTEST_SHARED_PREFIX or tokens > most):
                    break
                cost = costs[start] + tokens * (self.even + prefix + tokens)
                if best < 0 or cost < best:
                    best, cut = cost, (start, shared)
            costs.append(best)
            cuts.append(cut)
        found = []
        end = len(order)
        while end:
            start, shared = cuts[end]
            found.append(Group(shared, tuple(sorted(order[start:end]))))
            end = start
        return found


ALWAYS = Branching(even=1 << 40, worth=1.0)
"""Branches wherever tokens are saved, to try them."""


def _most(cap: int, longest: int) -> int:
    return max(longest, min(cap * longest, _LONGEST))


def _sorted(prompts: Sequence[list[int]]) -> tuple[list[int], list[int]]:
    """The places of the prompts in sorted order, and how many tokens each shares with the next."""
    order = sorted(range(len(prompts)), key=lambda place: prompts[place])
    return order, [_common(prompts[one], prompts[other]) for one, other in pairwise(order)]


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    same = min(len(one), len(other))
    return next((at for at in range(same) if one[at] != other[at]), same)


def beginnings(rows: Any, prefix: int, tokens: int = BEGINNING) -> numpy.ndarray[Any, Any]:
    """A number for each row of a data set, the same for rows whose prompts have the next ``tokens`` after the prefix
    the same. Prompts that end before have numbers of their own.

    Takes 16 bytes a row, and time in proportion to the rows.
    """
    keys = numpy.concatenate([_keys(chunk, prefix, tokens) for chunk in rows.data.column("prompt").chunks])
    short = keys < _HIGHEST_BIT
    keys[short] = numpy.flatnonzero(short)
    return keys


def alike(rows: Any, prefix: int) -> tuple[int, int] | None:
    """Two rows of a data set that share much more than the prefix, or at least some; None if no two do."""
    for tokens in _DEPTHS:
        keys = beginnings(rows, prefix, tokens)
        order = numpy.argsort(keys, kind="stable")
        same = numpy.flatnonzero(keys[order[1:]] == keys[order[:-1]])
        if len(same):
            return int(order[same[0]]), int(order[same[0] + 1])
    return None


def _keys(prompts: Any, prefix: int, tokens: int) -> numpy.ndarray[Any, Any]:
    """The numbers of prompts in Arrow, with the highest bit set; 0 for those that are too short."""
    offsets, values = prompts.offsets.to_numpy(), prompts.values.to_numpy()
    starts = offsets[:-1] + prefix
    long = offsets[1:] - starts >= tokens
    keys = numpy.zeros(int(long.sum()), dtype=numpy.uint64)
    for token in range(tokens):
        keys = (keys + values[starts[long] + token].astype(numpy.uint64) + _ONE) * _MULTIPLIER
        keys ^= keys >> _HALF
    found = numpy.zeros(len(starts), dtype=numpy.uint64)
    found[long] = keys | _HIGHEST_BIT
    return found
