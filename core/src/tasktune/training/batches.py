"""How the rows of a batch become tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from tasktune.training.sizes import padded

Batch = dict[str, torch.Tensor]


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

    def tokens(self, row: Mapping[str, Any]) -> int:
        """The tokens that a row alone takes, with padding."""
        sequences = self._sequences(row)
        longest = max(len(prompt) + sum(len(answer) - 1 for answer in answers) for prompt, answers in sequences)
        return len(sequences) * padded(longest)

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
