"""Constrained decoding: at every step only those tokens that can still lead to a right form of answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy
import torch
from transformers import LogitsProcessor

from tasktune.inference.choices import ChoiceTrie


class GrammarError(ValueError):
    """The library refuses a grammar."""


class Matcher(Protocol):
    """Follows one answer as it is generated."""

    def allowed(self, generated: Sequence[int]) -> Any:
        """Which tokens may come next, as a list of ids or a mask over the vocabulary; none once it is complete."""


Constraint = Callable[[], Matcher]
"""Begins a new answer to one prompt."""


class ChoiceMatcher:
    """Spells one of a closed set of answers."""

    def __init__(self, trie: ChoiceTrie) -> None:
        self._trie = trie

    def allowed(self, generated: Sequence[int]) -> list[int]:
        return self._trie.allowed(generated)


class GrammarMatcher:
    """Follows a grammar by llguidance's matcher, over a vocabulary of ``width`` tokens."""

    def __init__(self, matcher: Any, width: int) -> None:
        self._matcher = matcher
        self._width = width
        self._mask = numpy.zeros((1, (width + 31) // 32), dtype=numpy.int32)
        self._taken = 0

    def allowed(self, generated: Sequence[int]) -> Any:
        from llguidance.numpy import fill_next_token_bitmask

        for token in generated[self._taken :]:
            if not self._matcher.is_stopped():
                self._matcher.consume_token(token)
        self._taken = len(generated)
        if self._matcher.is_stopped():
            return []
        fill_next_token_bitmask(self._matcher, self._mask, 0)
        bits = numpy.unpackbits(self._mask.view(numpy.uint8)[0], bitorder="little", count=self._width)
        return numpy.flatnonzero(bits)


class GrammarConstraints:
    """Makes constraints from grammars, for one tokenizer and one model's vocabulary and stop tokens."""

    def __init__(self, tokenizer: Any, vocabulary: int, stop_ids: Sequence[int]) -> None:
        from llguidance.hf import from_tokenizer

        self._tokenizer = from_tokenizer(tokenizer, n_vocab=vocabulary, eos_token=list(stop_ids))
        self._width = vocabulary
        # A task's rows often share one grammar; compiling it takes longer than an answer's steps.
        self._compiled = functools.lru_cache(maxsize=4)(self._compile)

    def of(self, grammar: str) -> Constraint:
        """The constraint of one grammar. Beginning an answer under it raises GrammarError if it is not a grammar."""
        return lambda: GrammarMatcher(self._compiled(grammar).deep_copy(), self._width)

    def _compile(self, grammar: str) -> Any:
        from llguidance import LLMatcher, grammar_from

        matcher = LLMatcher(self._tokenizer, grammar_from("lark", grammar))
        if matcher.is_error():
            raise GrammarError(matcher.get_error())
        return matcher


class Constrained(LogitsProcessor):  # type: ignore[misc]
    """Forbids what a batch's matchers do not allow; ``start`` is where its answers begin."""

    def __init__(self, matchers: Sequence[Matcher], start: int, pad: int) -> None:
        self._matchers, self._start, self._pad = matchers, start, pad

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        forbidden = torch.ones(scores.shape, dtype=torch.bool)
        for row, matcher in enumerate(self._matchers):
            allowed = matcher.allowed(input_ids[row, self._start :].tolist())
            forbidden[row, allowed if len(allowed) else [self._pad]] = False
        return scores.masked_fill(forbidden.to(scores.device), -torch.inf)
