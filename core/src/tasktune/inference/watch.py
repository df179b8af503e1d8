"""Watches a model write its answers, to tell how probable they are; for closed sets, how probable every answer is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import torch
from transformers import LogitsProcessor

from tasktune.inference.probabilities import Choices, Measured, Path, Spelling

Continuation = tuple[int, Path]
"""A row of a batch, and tokens that its answer could begin with."""

_ROUNDS = 4
"""How often a batch's answers are spelled on; each time goes at least one branch further."""

Ahead = Callable[[Sequence[Continuation], int, int], torch.Tensor]
"""``ahead(continuations, known, last)``: logits behind each continuation, and behind it without its last token and so
on, (continuations, last, vocabulary), the whole continuation's at the end. Its first ``known`` tokens are those that
were generated."""


class Watch:
    """What is found of each prompt's answer, by the prompt's number.

    ``choices`` has the closed sets, by the same numbers; of a prompt without one only the answer's own probability is
    found.
    """

    def __init__(self, choices: Mapping[int, Choices] | None = None) -> None:
        self.choices = choices or {}
        self.found: dict[int, Measured] = {}

    def batch(self, numbers: Sequence[int], start: int) -> WatchedBatch:
        """Watch the prompts ``numbers`` being answered together, from column ``start`` on."""
        return WatchedBatch(numbers, [self.choices.get(number) for number in numbers], start)


class WatchedBatch(LogitsProcessor):  # type: ignore[misc]
    """One batch's answers. It changes no score; it must come before what does."""

    def __init__(self, numbers: Sequence[int], choices: Sequence[Choices | None], start: int) -> None:
        self._numbers, self._start = numbers, start
        self._spellings = {row: Spelling(each) for row, each in enumerate(choices) if each is not None}
        self._paths: dict[int, Path] = dict.fromkeys(self._spellings, ())
        self._last: tuple[torch.Tensor, torch.Tensor] | None = None
        self._logprobs: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        if self._last is not None:
            self._keep(input_ids[:, -1])
            if self._paths:
                tokens = input_ids[:, -1].tolist()
                self._paths = {row: (*path, tokens[row]) for row, path in self._paths.items()}
        total = scores.logsumexp(-1)
        # What may be forbidden in place later is never what is chosen.
        self._last = scores, total
        asked = {
            row: following for row, path in self._paths.items() if (following := self._spellings[row].following(path))
        }
        for row, logprobs in _picked(scores, total, asked).items():
            self._spellings[row].learn(self._paths[row], logprobs)
        self._paths = {row: self._paths[row] for row in asked}
        return scores

    def _keep(self, chosen: torch.Tensor) -> None:
        assert self._last is not None
        scores, total = self._last
        self._logprobs.append(scores.gather(1, chosen[:, None])[:, 0] - total)

    def results(self, output: torch.Tensor, stop_ids: Sequence[int], ahead: Ahead, at_once: int) -> dict[int, Measured]:
        """What was found, by the prompts' numbers, after the batch's answers are written: ``output`` has prompts and
        answers. ``at_once`` continuations are computed together."""
        self._keep(output[:, -1])
        logprobs = torch.stack(self._logprobs, 1).double().tolist()
        answers = output[:, self._start :].tolist()
        self._spell_out(answers, ahead, at_once)
        found = {}
        for row, number in enumerate(self._numbers):
            stop = next((place + 1 for place, token in enumerate(answers[row]) if token in stop_ids), len(answers[row]))
            choices, rest = self._spellings[row].result() if row in self._spellings else ({}, 0.0)
            found[number] = Measured(
                logprob=round(sum(logprobs[row][:stop]), 6),
                tokens=stop,
                choices={choice: round(share, 6) for choice, share in choices.items() if share >= 5e-7},
                rest=round(rest, 6),
            )
        return found

    def _spell_out(self, answers: Sequence[Sequence[int]], ahead: Ahead, at_once: int) -> None:
        for _round in range(_ROUNDS):
            wanted = [(row, *each) for row, spelling in self._spellings.items() for each in spelling.wanted()]
            if not wanted:
                return
            # Alike in length and alike in what was generated, so that little is computed in vain.
            wanted.sort(key=lambda each: (_known(each[1], answers[each[0]]), len(each[2]), each))
            for start in range(0, len(wanted), at_once):
                self._learn_ahead(wanted[start : start + at_once], answers, ahead)

    def _learn_ahead(
        self, chunk: Sequence[tuple[int, Path, Path]], answers: Sequence[Sequence[int]], ahead: Ahead
    ) -> None:
        known = min(_known(path, answers[row]) for row, path, _further in chunk)
        last = max(len(further) - len(path) for _row, path, further in chunk) + 1
        scores = ahead([(row, further) for row, _path, further in chunk], known, last).float()
        total = scores.logsumexp(-1)
        for back in range(last, 0, -1):
            asked = {
                place: self._spellings[row].following(further[: len(further) + 1 - back])
                for place, (row, path, further) in enumerate(chunk)
                if len(path) <= len(further) + 1 - back
            }
            for place, logprobs in _picked(scores[:, -back], total[:, -back], asked).items():
                row, _path, further = chunk[place]
                self._spellings[row].learn(further[: len(further) + 1 - back], logprobs)


def _known(path: Path, answer: Sequence[int]) -> int:
    """How many of the path's first tokens were generated; not the last one, which the model has yet to see."""
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(path[:-1], answer, strict=False))
    return sum(1 for _pair in same)


def _picked(scores: torch.Tensor, total: torch.Tensor, asked: Mapping[int, Sequence[int]]) -> dict[int, list[float]]:
    """The log-probabilities of some tokens in some rows."""
    rows = [row for row, tokens in asked.items() for _token in tokens]
    tokens = [token for tokens in asked.values() for token in tokens]
    if not rows:
        return {}
    values = iter((scores[rows, tokens] - total[rows]).double().tolist())
    return {row: list(itertools.islice(values, len(each))) for row, each in asked.items()}
