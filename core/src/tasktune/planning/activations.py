"""What the forward pass keeps for the backward pass, in bytes.

The method is that of Korthikanti et al. 2022 (Reducing Activation Recomputation in Large Transformer Models,
arXiv:2205.05198, section 4): go through a block operation by operation and count the tensors that each keeps. Their
34·s·b·h + 5·a·s²·b is for GPT's block in 16 bits. This is the same count for the block of today's open models (RMS
norm, rotary positions, grouped heads, gated feed-forward), as transformers and PEFT compute it: attention by torch's
scaled_dot_product_attention, which keeps no scores (Dao et al. 2022, FlashAttention, arXiv:2205.14135), frozen matrices
that keep no inputs, norms in fp32. ``core/tests/planning`` counts the very tensors on small models and compares.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from tasktune.planning.architecture import Architecture, Matrix, block
from tasktune.training.sizes import LANES, padded

FP32 = 4
BF16 = 2


class Pass(NamedTuple):
    """One run through the blocks: ``rows`` of ``queries`` tokens, which attend to ``keys`` tokens.

    ``masked``: rows differ in length, or begin behind a prefix, so attention has a mask. ``apart``: the prefix is
    attended to apart (:mod:`tasktune.training.split_attention`), which keeps the scores. ``to_keys``: the pass ends
    with the keys and values of the last block (:mod:`tasktune.training.prefix_cache`).
    """

    rows: int
    queries: int
    keys: int
    masked: bool = True
    apart: bool = False
    to_keys: bool = False

    @property
    def tokens(self) -> int:
        """Tokens that go through the blocks."""
        return self.rows * self.queries


class Kept(NamedTuple):
    """What decides which tensors are kept.

    ``trained`` are the names of a block's matrices that learn: all of them, or those with an adapter, then
    ``adapted`` with its ``rank`` and, for DoRA, ``magnitudes``. ``mixed``: matrix products run in bf16 under autocast.
    ``fused``: an adapter and its matrix are one operation (:mod:`tasktune.training.fused_lora`). ``norm`` are the bytes
    of an element that a norm keeps: frozen ones keep their input (:mod:`tasktune.training.fused_norm`).
    """

    trained: Collection[str]
    adapted: bool
    mixed: bool
    rank: int = 0
    magnitudes: bool = False
    fused: bool = False
    norm: int = FP32

    @property
    def operand(self) -> int:
        """Bytes of an element of a matrix product."""
        return BF16 if self.mixed else FP32


def of_block(of: Architecture, run: Pass, kept: Kept) -> int:
    """Bytes that one block keeps in one pass."""
    return run.tokens * _per_token(of, kept) + _attention(of, run, kept)


def of_blocks(of: Architecture, runs: Collection[Pass], kept: Kept, *, checkpointing: bool, residual: int) -> int:
    """Bytes that all blocks keep, and the last norm if it learns.

    With ``checkpointing`` a block keeps its input alone, ``residual`` bytes an element, and the tensors of one block at
    a time are there again in the backward pass (Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost,
    arXiv:1604.06174).
    """
    whole = sum(of_block(of, run, kept) for run in runs)
    saved = sum(of_block(of, run, kept) - run.tokens * _to_keys(of, kept) for run in runs if run.to_keys)
    inputs = of.hidden * sum(run.tokens for run in runs)
    last_norm = 0 if kept.adapted else 2 * FP32 * inputs
    if not checkpointing:
        return of.layers * whole - saved + last_norm
    return of.layers * inputs * residual + whole + last_norm


def _per_token(of: Architecture, kept: Kept) -> int:
    """Everything but attention, which alone depends on how many tokens there are."""
    matrices = [matrix for matrix in block(of) if matrix.name in kept.trained]
    full = not kept.adapted
    norms = kept.norm * of.hidden * of.block_norms * (2 if full else 1)
    if of.qk_norm:
        norms += (of.queries + of.keys) * (kept.norm + (kept.operand if full else 0))
    # Gate, its activation, and the other half: the product of the last two is what down_proj takes.
    gating = 3 * of.intermediate * kept.operand
    return norms + gating + _inputs(of, matrices, kept) + _adapters(matrices, kept)


def _to_keys(of: Architecture, kept: Kept) -> int:
    """What of a token is kept for the keys and values of a block: the first norm, and what makes them of its result."""
    names = ("k_proj", "v_proj", "qkv_proj")
    matrices = [matrix for matrix in block(of) if matrix.name in kept.trained and matrix.name.endswith(names)]
    twice = 1 if kept.adapted else 2
    norms = kept.norm * of.hidden * twice
    if of.qk_norm:
        norms += of.keys * (kept.norm + (0 if kept.adapted else kept.operand))
    return norms + _inputs(of, matrices, kept) + _adapters(matrices, kept)


def _adapters(matrices: Collection[Matrix], kept: Kept) -> int:
    if not kept.adapted:
        return 0
    return kept.operand * sum(kept.rank + (2 * matrix.outputs if kept.magnitudes else 0) for matrix in matrices)


def _inputs(of: Architecture, matrices: Collection[Matrix], kept: Kept) -> int:
    """The inputs of matrices that learn. Those of one source share it, unless autocast makes a bf16 copy for each.

    What o_proj takes is attention's result, which attention keeps itself; PEFT's way through fp32 copies it again.
    """
    if kept.mixed and kept.adapted and not kept.fused:
        return BF16 * sum(matrix.inputs for matrix in matrices)
    others = [matrix for matrix in matrices if not matrix.name.endswith("o_proj")]
    if kept.mixed and not kept.fused:
        return BF16 * sum(matrix.inputs for matrix in others)
    sources = {(matrix.name.partition(".")[0], matrix.inputs): matrix.inputs for matrix in others}
    return kept.operand * sum(sources.values())


def _attention(of: Architecture, run: Pass, kept: Kept) -> int:
    queries = run.tokens * of.queries
    if run.apart:
        prefix = padded(run.keys - run.queries, LANES)
        own, scores = run.tokens, run.tokens * of.heads * padded(prefix + run.queries, LANES)
        # Queries and results are laid out by key head; o_proj takes a copy that is laid out by token.
        copied = kept.fused or not (kept.mixed and kept.adapted)
        return kept.operand * (scores + (3 if copied else 2) * queries + 2 * of.keys * (own + prefix))
    # A mask keeps torch from grouped heads: keys and values are copied for every query head, and the mask
    # becomes numbers to add to the scores.
    width = of.queries if run.masked else of.keys
    mask = run.tokens * run.keys if run.masked else 0
    normaliser = FP32 * run.tokens * of.heads
    return kept.operand * (2 * queries + 2 * run.rows * run.keys * width + mask) + normaliser
