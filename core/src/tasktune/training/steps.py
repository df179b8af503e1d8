"""Which rows meet in a step, and how a step is cut into the batches that are computed one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader, Sampler

from tasktune.training.at_once import AtOnce
from tasktune.training.batches import Batch, Collator

BATCHES_PER_POOL = 16


class LengthAwareSampler(Sampler[int]):
    """A random order in which rows of like length are neighbours, so that batches hold little padding.

    The rows are shuffled, cut into pools of 16 batches, sorted by length within a pool and cut into batches, whose
    order is shuffled again. Seed and epoch alone decide the order, so a resumed run sees the very same batches.

    With ``groups`` (each row's class) an epoch has as many rows, but as many of each class as of any other: the rows of
    a rare class come several times, some of a common one not at all, others each epoch.

    With ``beginnings`` (a number for each row, see :mod:`tasktune.training.branches`) rows of one number come one after
    another, at most half a batch of them, so that a batch has rows of two numbers at least. Every row is seen once, and
    which of a number meet, and which numbers, is random; but the rows of a batch are less varied than by chance alone,
    and so is what a step learns from. At the edge of a batch such rows may be parted.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        seed: int,
        groups: Sequence[str] | None = None,
        beginnings: Sequence[int] | None = None,
    ) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self._beginnings = beginnings
        self._members: dict[str, list[int]] = {}
        for row, group in enumerate(groups or ()):
            self._members.setdefault(group, []).append(row)

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        rows = self._rows(generator)
        place: Callable[[int], Any] = self.lengths.__getitem__
        if self._beginnings is not None:
            rows, place = self._neighbours(rows, self._beginnings, generator)
        pool = self.batch_size * BATCHES_PER_POOL
        batches = []
        for start in range(0, len(rows), pool):
            sorted_pool = sorted(rows[start : start + pool], key=place)
            batches += [sorted_pool[i : i + self.batch_size] for i in range(0, len(sorted_pool), self.batch_size)]
        # The loader cuts the flat order into batches again: the one short batch must come last to stay whole.
        full = [batch for batch in batches if len(batch) == self.batch_size]
        short = [batch for batch in batches if len(batch) < self.batch_size]
        for index in _shuffled(full, generator):
            yield from index
        for batch in short:
            yield from batch

    def _neighbours(
        self, rows: list[int], beginnings: Sequence[int], generator: torch.Generator
    ) -> tuple[list[int], Callable[[int], Any]]:
        """The rows with those of one beginning next to each other, and by what they are sorted so that they stay so: as
        long as the longest of them."""
        found: dict[int, list[int]] = {}
        for row in rows:
            found.setdefault(beginnings[row], []).append(row)
        most = max(1, self.batch_size // 2)
        runs = [alike[i : i + most] for alike in found.values() for i in range(0, len(alike), most)]
        places: dict[int, tuple[int, int]] = {}
        for number, run in enumerate(runs):
            places |= dict.fromkeys(run, (max(self.lengths[row] for row in run), number))
        return [row for run in _shuffled(runs, generator) for row in run], places.__getitem__

    def _rows(self, generator: torch.Generator) -> list[int]:
        if not self._members:
            return _shuffled(range(len(self.lengths)), generator)
        groups = _shuffled(sorted(self._members), generator)
        drawn: list[int] = []
        for number, group in enumerate(groups):
            wanted = len(self.lengths) * (number + 1) // len(groups) - len(drawn)
            while wanted:
                some = _shuffled(self._members[group], generator)[:wanted]
                drawn += some
                wanted -= len(some)
        return _shuffled(drawn, generator)


class Steps(Sampler[list[int]]):
    """The rows of each step, those of all processes."""

    def __init__(self, rows: LengthAwareSampler) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return -(-len(self._rows) // self._rows.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer where an epoch begins in its middle."""
        self._rows.set_epoch(epoch)

    def __iter__(self) -> Iterator[list[int]]:
        rows = iter(self._rows)
        while step := list(islice(rows, self._rows.batch_size)):
            yield step


class Cut:
    """Cuts the rows of a step into the batches that the process ``number`` of ``count`` computes.

    What a step learns from does not depend on how it is cut up. Every process is given all rows of a step, so that each
    knows the batches of the others: rows that share much meet in one process, and all have as many batches. Where rows
    do not suffice for that, some are empty.
    """

    def __init__(self, collator: Collator, at_once: AtOnce, number: int = 0, count: int = 1) -> None:
        self._collator = collator
        self._at_once = at_once
        self._number = number
        self._count = count

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> list[Batch]:
        """The batches of a step."""
        shares = self._shares(self._collator.arranged(rows), -(-len(rows) // self._count))
        cuts = [list(self._at_once.batches(share, self._collator.tokens)) for share in shares]
        mine = [self._collator(batch) for batch in cuts[self._number]]
        return mine + [{} for _missing in range(max(map(len, cuts)) - len(mine))]

    def _shares(self, groups: Sequence[Sequence[Mapping[str, Any]]], most: int) -> list[list[Mapping[str, Any]]]:
        """The rows of each process: a group, of at most so many rows, goes to the one that has the fewest."""
        shares: list[list[Mapping[str, Any]]] = [[] for _process in range(self._count)]
        for group in groups:
            for start in range(0, len(group), most):
                min(shares, key=len).extend(group[start : start + most])
        return shares


class Loader(DataLoader[Any]):
    """Loads the rows of :class:`Steps`, in another order in every epoch."""

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        assert isinstance(self.batch_sampler, Steps)
        self.batch_sampler.set_epoch(epoch)


def _shuffled(items: Sequence[Any], generator: torch.Generator) -> list[Any]:
    return [items[index] for index in torch.randperm(len(items), generator=generator).tolist()]
