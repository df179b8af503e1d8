"""Sizes that training chooses, and that the plan of a run has to know without importing torch."""

from __future__ import annotations

WIDTH_STEP = 4
"""The width of a batch is a multiple of this. Kernels are made for every shape that is new, which on a CPU takes
as long as half a step; a few tokens of padding cost less than a new shape in most batches."""

LANES = 32
"""The scores of a prefix that is attended to apart are a multiple of this: as many numbers as a CPU's widest register
holds of the shortest format (bf16 and AVX-512). A softmax over rows of another width takes half as long again."""

LOGITS_AT_ONCE = {"cpu": 2**20, "gpu": 2**26}
"""How many logits of a frozen output projection are there at a time: on a CPU 4 MiB of them, which stay in its caches,
and on a GPU as many as keep it busy."""
FEWEST_TOKENS = 64
"""Tokens whose logits are there at a time at the least: fewer make slow matrix products."""


def padded(width: int, step: int = WIDTH_STEP) -> int:
    """The width of a batch whose longest row has ``width`` tokens: the next multiple of ``step``."""
    return -(-width // step) * step


def tokens_at_once(kind: str, vocabulary: int) -> int:
    """How many tokens have their logits at a time behind a frozen projection, on a ``cpu`` or a ``gpu``."""
    return max(FEWEST_TOKENS, LOGITS_AT_ONCE[kind] // vocabulary)
