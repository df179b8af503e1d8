"""The probabilities of a closed set of answers, found by looking only where it can matter.

With x the prompt and a_1 … a_n the first tokens of an answer, as many as it takes until it can be no other answer of
the set, the model gives the answer the probability P(a | x) = Π P(a_i | x, a_1 … a_{i-1}). What follows is forced: a
model that has learnt the task writes it with a probability of nearly 1, and constrained decoding writes nothing else.
The answers that can still be spelled after some tokens have together no more than the probability of these tokens, so
most of a set is known to be nearly impossible without a look at each of it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from tasktune.inference.choices import ChoiceTrie
from tasktune.types import Value

NEGLIGIBLE = 0.05
"""The share of the set's probability that need not be spelled out. It is known all the same, but not of which
answers."""
MOST_AT_ONCE = 8
"""Beginnings of answers that are spelled on for one prompt at a time; a model that knows nothing would want all."""

Path = tuple[int, ...]


class Measured(Value):
    """What a model thinks of one prompt's answer.

    ``logprob`` is the natural logarithm of the probability of the text that it wrote, before anything was forbidden:
    the sum over its ``tokens``, the end of turn among them if it came. ``choices``: of a closed set, the share of each
    answer (by its number in the prompt's choices) in the probability of the set, at least; ``rest`` is the share of
    those that are not spelled out, at most.
    """

    logprob: float
    tokens: int
    choices: Mapping[int, float] = {}
    rest: float = 0.0


class Choices:
    """A closed set of answers as different token sequences that end with the end-of-turn token.

    ``numbers`` has each sequence's place by its first tokens, as many as it takes until it can be no other.
    """

    def __init__(self, sequences: Sequence[Sequence[int]]) -> None:
        self.trie = ChoiceTrie(sequences)
        sharing = Counter(tuple(each[:end]) for each in sequences for end in range(len(each) + 1))
        self.numbers: dict[Path, int] = {}
        for number, each in enumerate(sequences):
            alone = next(end for end in range(len(each) + 1) if sharing[tuple(each[:end])] == 1)
            self.numbers[tuple(each[:alone])] = number


class Spelling:
    """Finds the probabilities of a set's answers to one prompt, beginning by beginning."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        only = choices.numbers.get(())
        self._open: dict[Path, float] = {(): 0.0} if only is None else {}
        self._whole: dict[int, float] = {} if only is None else {only: 0.0}

    def following(self, path: Path) -> list[int]:
        """The tokens that lead on from the beginning ``path`` of an answer, if they are not known yet."""
        return self._choices.trie.allowed(path) if path in self._open else []

    def learn(self, path: Path, logprobs: Sequence[float]) -> None:
        """Take in the log-probabilities of the tokens :meth:`following` ``path``, in their order."""
        tokens = self.following(path)
        until = self._open.pop(path)
        for token, logprob in zip(tokens, logprobs, strict=True):
            longer = (*path, token)
            number = self._choices.numbers.get(longer)
            if number is None:
                self._open[longer] = until + logprob
            else:
                self._whole[number] = until + logprob

    def wanted(self) -> list[tuple[Path, Path]]:
        """Beginnings that matter, the most probable first, each with what it becomes where only one token can follow.

        None when those that are not spelled out have a negligible share of the set's probability.
        """
        shares = self._shares()
        left = sum(share for path, share in shares.items() if not isinstance(path, int))
        found: list[tuple[Path, Path]] = []
        for path in sorted(self._open, key=lambda each: (-shares[each], each)):
            if left <= NEGLIGIBLE or len(found) == MOST_AT_ONCE:
                break
            left -= shares[path]
            further = path
            while (
                len(only := self._choices.trie.allowed(further)) == 1 and (*further, *only) not in self._choices.numbers
            ):
                further = (*further, *only)
            found.append((path, further))
        return found

    def result(self) -> tuple[dict[int, float], float]:
        """The share of each answer that is spelled out, and of all others together at most; they add up to 1."""
        shares = self._shares()
        whole = {number: share for number, share in shares.items() if isinstance(number, int)}
        return whole, max(0.0, 1.0 - sum(whole.values()))

    def _shares(self) -> dict[int | Path, float]:
        logs: dict[int | Path, float] = {}
        logs.update(self._whole.items())
        logs.update(self._open.items())
        highest = max(logs.values())
        if highest == -math.inf:
            return dict.fromkeys(logs, 1 / len(logs))
        weights = {key: math.exp(log - highest) for key, log in logs.items()}
        total = sum(weights.values())
        return {key: weight / total for key, weight in weights.items()}
