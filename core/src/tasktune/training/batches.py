"""How the rows of a batch become tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from tasktune.training.branches import Branching, Group
from tasktune.training.sizes import padded

Batch = dict[str, torch.Tensor]
Piece = tuple[list[int], list[list[int]]]
"""A prompt without the prefix, and the answers that stand behind it."""


class Collator:
    """Makes a batch of rows, leaving out the ``prefix`` tokens that all prompts begin with.

    A row has ``prompt``, ``answers`` (one, or a chosen and a rejected one) and, where tokens weigh differently,
    ``weights`` of the same shape. The answers of a row stand behind one prompt if ``together``, and behind one each if
    not. With ``branching``, rows whose prompts go on alike stand behind one copy of that, where it pays. The last token
    of an answer is only predicted, so no row holds it. A batch has, padded to one width:

    - ``input_ids``, ``attention_mask``, ``position_ids``: (sequences, width). The mask is (sequences, width, width) if
      a sequence holds several rows or answers, which must not see each other: true where a token (row) sees another
      (column).
    - ``sources``, ``targets``, ``answers``, ``weights``: (labelled tokens,), for each token of an answer the place, in
      the flattened sequences, of the hidden state that predicts it; its id; the number of its answer; its weight.
    - ``reference``: (answers,), if rows have it: log probabilities under the reference model.
    - ``rows``: (rows,), if rows have it: their ``row``, by which they are known.
    """

    def __init__(self, pad: int, prefix: int, *, together: bool = True, branching: Branching | None = None) -> None:
        self.pad = pad
        self.prefix = prefix
        self.together = together
        self.branching = branching

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> Batch:
        """The batch of ``rows``; of no rows, nothing."""
        if not rows:
            return {}
        pieces = [piece for row in rows for piece in self._pieces(row)]
        lengths = [_tokens(piece) for piece in pieces]
        groups = [Group(0, (place,)) for place in range(len(pieces))]
        if self.branching is not None:
            groups = self.branching.of_batch([prompt for prompt, _answers in pieces], lengths, self.prefix)
        longest = max(group.tokens(lengths) for group in groups)
        batch = _Layout(len(groups), longest, self.prefix, self.pad)
        for number, group in enumerate(groups):
            batch.add(number, group, pieces)
        apart = len(groups) < len(pieces) or any(len(answers) > 1 for _prompt, answers in pieces)
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
        lengths = [_tokens(piece) for piece in self._pieces(row)]
        return len(lengths) * padded(max(lengths))

    def arranged(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
        """The rows of a step, those next to each other that should meet in a batch; without such ones as they are."""
        if self.branching is None:
            return [[row] for row in rows]
        prompts = [row["prompt"][self.prefix :] for row in rows]
        groups = self.branching.of_step(prompts, [self.tokens(row) for row in rows], self.prefix)
        return [[rows[member] for member in group.members] for group in groups]

    def _pieces(self, row: Mapping[str, Any]) -> list[Piece]:
        prompt, answers = row["prompt"][self.prefix :], row["answers"]
        return [(prompt, answers)] if self.together else [(prompt, [answer]) for answer in answers]


def _tokens(piece: Piece) -> int:
    prompt, answers = piece
    return len(prompt) + sum(len(answer) - 1 for answer in answers)


def _ones(answers: Sequence[Sequence[int]]) -> list[list[float]]:
    return [[1.0] * len(answer) for answer in answers]


class _Layout:
    """Fills in a batch sequence by sequence."""

    def __init__(self, sequences: int, longest: int, prefix: int, pad: int) -> None:
        self.width, self.prefix = padded(longest), prefix
        width = self.width
        self.input_ids = torch.full((sequences, width), pad)
        # Padding is masked; its positions only have to be some that there are.
        self.position_ids = prefix + torch.arange(width).repeat(sequences, 1)
        self._last = prefix
        self._lengths = [0] * sequences
        self._labels: dict[int, list[tuple[list[int], list[int]]]] = {}
        self._parts: list[tuple[tuple[int, slice], int, int]] = []
        """Of what stands in a branch or an answer of several: where it is, which branch and which answer, from 1."""

    def add(self, sequence: int, group: Group, pieces: Sequence[Piece]) -> None:
        """The sequence of a group of pieces, by their places, which is their order among the labelled tokens."""
        first = pieces[group.members[0]]
        start, first_token = group.shared, sequence * self.width
        self._put(sequence, 0, first[0][:start], 0)
        answered = 0
        for branch, member in enumerate(group.members, start=1 if len(group.members) > 1 else 0):
            prompt, answers = pieces[member]
            rest = prompt[group.shared :]
            self._put(sequence, start, rest, group.shared, branch)
            start += len(rest)
            asking = first_token + (start if rest else group.shared) - 1
            self._labels[member] = []
            for answer in answers:
                answered += 1
                inside = len(answer) - 1
                self._put(sequence, start, answer[:-1], len(prompt), branch, answered if len(answers) > 1 else 0)
                self._labels[member].append(
                    ([asking, *range(first_token + start, first_token + start + inside)], answer)
                )
                start += inside

    def _put(
        self, sequence: int, start: int, tokens: Sequence[int], position: int, branch: int = 0, answer: int = 0
    ) -> None:
        if not tokens:
            return
        end = start + len(tokens)
        where = sequence, slice(start, end)
        self.input_ids[where] = torch.tensor(tokens)
        if position != start:
            self.position_ids[where] -= start - position
        self._last = max(self._last, self.prefix + position + len(tokens) - 1)
        self._lengths[sequence] = end
        if branch or answer:
            self._parts.append((where, branch, answer))

    def tensors(self, *, apart: bool) -> Batch:
        labels = [label for _place, piece in sorted(self._labels.items()) for label in piece]
        real = torch.arange(self.width) < torch.tensor(self._lengths)[:, None]
        return {
            "input_ids": self.input_ids,
            "attention_mask": self._sees(real) if apart else real.long(),
            "position_ids": self.position_ids.clamp_(max=self._last),
            "sources": torch.tensor([source for sources, _answer in labels for source in sources]),
            "targets": torch.tensor([token for _sources, answer in labels for token in answer]),
            "answers": torch.tensor([number for number, (_sources, answer) in enumerate(labels) for _token in answer]),
        }

    def _sees(self, real: torch.Tensor) -> torch.Tensor:
        """A token sees those before it that stand before its branch or in it, and in its prompt or its own answer;
        padding sees itself."""
        branches, answers = real.long() - 1, torch.zeros_like(self.input_ids)
        for where, branch, answer in self._parts:
            branches[where], answers[where] = branch, answer
        sees = torch.ones(self.width, self.width, dtype=torch.bool).tril()
        for parts in (branches, answers):
            asking, seen = parts[:, :, None], parts[:, None, :]
            sees = sees & ((seen == 0) | (seen == asking))
        return sees
