"""Which rows meet in a batch, and how a batch becomes tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler

IGNORED = -100
"""The label of a position without loss, as in ``torch.nn.functional.cross_entropy``."""

_BATCHES_PER_POOL = 16


class LengthAwareSampler(Sampler[int]):
    """A random order in which rows of like length are neighbours, so that batches hold little padding.

    The rows are shuffled, cut into pools of 16 batches, sorted by length within a pool and cut into batches, whose
    order is shuffled again. Seed and epoch alone decide the order, so a resumed run sees the very same batches.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        rows = torch.randperm(len(self.lengths), generator=generator).tolist()
        pool = self.batch_size * _BATCHES_PER_POOL
        batches = []
        for start in range(0, len(rows), pool):
            sorted_pool = sorted(rows[start : start + pool], key=lambda row: self.lengths[row])
            batches += [sorted_pool[i : i + self.batch_size] for i in range(0, len(sorted_pool), self.batch_size)]
        # The loader cuts the flat order into batches again: the one short batch must come last to stay whole.
        full = [batch for batch in batches if len(batch) == self.batch_size]
        short = [batch for batch in batches if len(batch) < self.batch_size]
        for index in torch.randperm(len(full), generator=generator).tolist():
            yield from full[index]
        for batch in short:
            yield from batch


class Collator:
    """Pads rows to a batch, leaving out the ``prefix`` tokens that all of them begin with.

    The batch holds ``input_ids``, ``attention_mask`` and ``labels``, each (rows, longest suffix); prompts and
    padding have the label -100.
    """

    def __init__(self, pad: int, prefix: int) -> None:
        self.pad = pad
        self.prefix = prefix

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        suffixes = [row["input_ids"][self.prefix :] for row in rows]
        shape = (len(rows), max(map(len, suffixes)))
        input_ids = torch.full(shape, self.pad)
        attention_mask = torch.zeros(shape, dtype=torch.long)
        labels = torch.full(shape, IGNORED)
        for index, (row, suffix) in enumerate(zip(rows, suffixes, strict=True)):
            ids = torch.tensor(suffix)
            prompt = row["prompt_length"] - self.prefix
            input_ids[index, : len(ids)] = ids
            attention_mask[index, : len(ids)] = 1
            labels[index, prompt : len(ids)] = ids[prompt:]
        return {"input_ids": input_ids, "attention_mask": attention_mask, "labels": labels}
