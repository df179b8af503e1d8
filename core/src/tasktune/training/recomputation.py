"""Gradient checkpointing that knows a shared prefix: a block keeps its input, and is computed again on the way back.

Chen et al. 2016 (Training Deep Nets with Sublinear Memory Cost, arXiv:1604.06174). The library's own takes the cache
away from the blocks, and with it the prefix that rows attend to. Here a block's second pass sees what its first one
saw: the same keys and values, and the same attention.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint
from transformers.modeling_layers import GradientCheckpointingLayer

from tasktune.training.split_attention import attending_as, current_attention


def recompute_blocks(decoder: Any) -> int:
    """Make the blocks of a decoder compute themselves again in the backward pass; how many there are."""
    blocks = blocks_of(decoder)
    for block in blocks:
        block.forward = _recomputed(block.forward, decoder, place_of(block))
    return len(blocks)


def blocks_of(decoder: Any) -> list[Any]:
    """The blocks of a decoder."""
    return [module for module in decoder.modules() if isinstance(module, GradientCheckpointingLayer)]


def place_of(block: Any) -> int:
    """Which layer of a cache is the block's."""
    return next(int(module.layer_idx) for module in block.modules() if getattr(module, "layer_idx", None) is not None)


def _recomputed(forward: Callable[..., Any], decoder: Any, place: int) -> Callable[..., Any]:
    def run(hidden: torch.Tensor, *arguments: Any, past_key_values: Any = None, **keywords: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(hidden, *arguments, past_key_values=past_key_values, **keywords)
        attention = current_attention(decoder)
        before = None if past_key_values is None else copy(past_key_values.layers[place])
        # Taken out by the first pass: the cache as it is afterwards must not live until the second.
        caches = [past_key_values]

        def block(hidden: torch.Tensor) -> Any:
            if caches:
                return forward(hidden, *arguments, past_key_values=caches.pop(), **keywords)
            again = None if before is None else _OneLayer(copy(before))
            with attending_as(decoder, attention):
                return forward(hidden, *arguments, past_key_values=again, **keywords)

        return checkpoint(block, hidden, use_reentrant=False)

    return run


class _OneLayer:
    """What of a cache a block uses: its own layer."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, _place: int, *arguments: Any, **keywords: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The keys and values of earlier tokens with these."""
        found: tuple[torch.Tensor, torch.Tensor] = self._layer.update(keys, values, *arguments, **keywords)
        return found
