"""Which rows meet in a batch, and how a batch becomes tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader, Sampler

from tasktune.training.sizes import padded

Batch = dict[str, torch.Tensor]

_BATCHES_PER_POOL = 16


class LengthAwareSampler(Sampler[int]):
    """A random order in which rows of like length are neighbours, so that batches hold little padding.

    The rows are shuffled, cut into pools of 16 batches, sorted by length within a pool and cut into batches, whose
    order is shuffled again. Seed and epoch alone decide the order, so a resumed run sees the very same batches.

    With ``groups`` (each row's class) an epoch has as many rows, but as many of each class as of any other: the rows of
    a rare class come several times, some of a common one not at all, others each epoch.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, groups: Sequence[str] | None = None) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
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
        pool = self.batch_size * _BATCHES_PER_POOL
        batches = []
        for start in range(0, len(rows), pool):
            sorted_pool = sorted(rows[start : start + pool], key=lambda row: self.lengths[row])
            batches += [sorted_pool[i : i + self.batch_size] for i in range(0, len(sorted_pool), self.batch_size)]
        # The loader cuts the flat order into batches again: the one short batch must come last to stay whole.
        full = [batch for batch in batches if len(batch) == self.batch_size]
        short = [batch for batch in batches if len(batch) < self.batch_size]
        for index in _shuffled(full, generator):
            yield from index
        for batch in short:
            yield from batch

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


class Shares(Sampler[list[int]]):
    """The batches of ``size`` rows that the process ``number`` of ``count`` computes of each step.

    ``steps`` samples the rows of a step as one batch, so what a step learns from does not depend on how it is cut up.
    All processes have as many batches; where rows do not suffice for all, some are empty.
    """

    def __init__(self, steps: LengthAwareSampler, size: int, number: int = 0, count: int = 1) -> None:
        self._steps = steps
        self._size = size
        self._number = number
        self._count = count

    def __len__(self) -> int:
        whole, rest = divmod(len(self._steps), self._steps.batch_size)
        return whole * self._batches(self._steps.batch_size) + self._batches(rest)

    def _batches(self, rows: int) -> int:
        return -(-rows // (self._size * self._count))

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer where an epoch begins in its middle."""
        self._steps.set_epoch(epoch)

    def __iter__(self) -> Iterator[list[int]]:
        rows = iter(self._steps)
        while step := list(islice(rows, self._steps.batch_size)):
            for start in range(0, len(step), self._size * self._count):
                yield step[start : start + self._size * self._count][self._number :: self._count]


class Loader(DataLoader[Any]):
    """Loads the batches of :class:`Shares`, other ones in every epoch."""

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        assert isinstance(self.batch_sampler, Shares)
        self.batch_sampler.set_epoch(epoch)


def _shuffled(items: Sequence[Any], generator: torch.Generator) -> list[Any]:
    return [items[index] for index in torch.randperm(len(items), generator=generator).tolist()]


class Collator:
    """Makes a batch of rows, leaving out the ``prefix`` tokens that all prompts begin with.

    A row has ``prompt``, ``answers`` (one, or a chosen and a rejected one) and, where tokens weigh differently,
    ``weights`` of the same shape. The answers of a row stand behind one prompt if ``together``, and behind one each if
    not. The last token of an answer is only predicted, so no row holds it. A batch has, padded to one width:

    - ``input_ids``, ``attention_mask``, ``position_ids``: (sequences, width). The mask is (sequences, width, width) if
      a sequence holds several answers, which must not see each other: true where a token (row) sees another (column).
    - ``sources``, ``targets``, ``answers``, ``weights``: (labelled tokens,), for each token of an answer the place, in
      the flattened sequences, of the hidden state that predicts it; its id; the number of its answer; its weight.
    - ``reference``: (answers,), if rows have it: log probabilities under the reference model.
    - ``rows``: (rows,), if rows have it: their ``row``, by which they are known.
    """

    def __init__(self, pad: int, prefix: int, *, together: bool = True) -> None:
        self.pad = pad
        self.prefix = prefix
        self.together = together

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> Batch:
        """The batch of ``rows``; of no rows, nothing."""
        if not rows:
            return {}
        sequences = [part for row in rows for part in self._sequences(row)]
        longest = max(len(prompt) + sum(len(answer) - 1 for answer in answers) for prompt, answers in sequences)
        batch = _Layout(len(sequences), longest, self.prefix, self.pad)
        apart = any(len(answers) > 1 for _prompt, answers in sequences)
        for number, (prompt, answers) in enumerate(sequences):
            batch.add(number, prompt, answers)
        made = batch.tensors(apart=apart)
        weights = [w for row in rows for answer in row.get("weights") or _ones(row["answers"]) for w in answer]
        made["weights"] = torch.tensor(weights, dtype=torch.float32)
        if rows[0].get("reference") is not None:
            made["reference"] = torch.tensor([each for row in rows for each in row["reference"]])
        if rows[0].get("row") is not None:
            made["rows"] = torch.tensor([row["row"] for row in rows])
        return made

    def _sequences(self, row: Mapping[str, Any]) -> list[tuple[list[int], list[list[int]]]]:
        prompt, answers = row["prompt"][self.prefix :], row["answers"]
        return [(prompt, answers)] if self.together else [(prompt, [answer]) for answer in answers]


def _ones(answers: Sequence[Sequence[int]]) -> list[list[float]]:
    return [[1.0] * len(answer) for answer in answers]


class _Layout:
    """Fills in a batch sequence by sequence."""

    def __init__(self, sequences: int, longest: int, prefix: int, pad: int) -> None:
        self.width, self.prefix = padded(longest), prefix
        width = self.width
        self.input_ids = torch.full((sequences, width), pad)
        self.segments = torch.full((sequences, width), -1)
        # Padding is masked; its positions only have to be some that there are.
        self.position_ids = prefix + torch.arange(width).clamp(max=longest - 1).repeat(sequences, 1)
        self.sources: list[int] = []
        self.targets: list[int] = []
        self.answers: list[int] = []
        self._answer = 0

    def add(self, sequence: int, prompt: Sequence[int], answers: Sequence[Sequence[int]]) -> None:
        tokens = [*prompt, *(token for answer in answers for token in answer[:-1])]
        self.input_ids[sequence, : len(tokens)] = torch.tensor(tokens)
        self.segments[sequence, : len(prompt)] = 0
        start = len(prompt)
        first = sequence * self.width
        for number, answer in enumerate(answers, start=1):
            inside = len(answer) - 1
            self.segments[sequence, start : start + inside] = number
            self.position_ids[sequence, start : start + inside] = self.prefix + len(prompt) + torch.arange(inside)
            self.sources += [first + len(prompt) - 1, *range(first + start, first + start + inside)]
            self.targets += answer
            self.answers += [self._answer] * len(answer)
            self._answer += 1
            start += inside

    def tensors(self, *, apart: bool) -> Batch:
        return {
            "input_ids": self.input_ids,
            "attention_mask": self._sees() if apart else (self.segments >= 0).long(),
            "position_ids": self.position_ids,
            "sources": torch.tensor(self.sources),
            "targets": torch.tensor(self.targets),
            "answers": torch.tensor(self.answers),
        }

    def _sees(self) -> torch.Tensor:
        """A token sees those before it that are of its prompt or of its own answer; padding sees itself."""
        asking, seen = self.segments[:, :, None], self.segments[:, None, :]
        causal = torch.ones(self.width, self.width, dtype=torch.bool).tril()
        return causal & ((seen == 0) | (seen == asking))
