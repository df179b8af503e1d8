"""Constrained decoding over a closed set of answers: a trie of their token ids, walked as they are generated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Node = dict[int, Any]


class ChoiceTrie:
    """The token sequences of all allowed answers, each ending with the end-of-turn token."""

    def __init__(self, sequences: Iterable[Sequence[int]]) -> None:
        self._root: Node = {}
        for sequence in sequences:
            node = self._root
            for token in sequence:
                node = node.setdefault(token, {})

    def allowed(self, generated: Sequence[int]) -> list[int]:
        """Which tokens may follow what has been generated; none once an answer is complete."""
        node = self._root
        for token in generated:
            if token not in node:
                return []
            node = node[token]
        return list(node)
