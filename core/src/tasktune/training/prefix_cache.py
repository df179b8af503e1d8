"""The keys and values of a prefix, and nothing that they do not need.

The last block's are the last that is wanted of a pass over the prefix: what the block would make of them, and whatever
comes after it, nobody reads. On a CPU, where models are small, that is a good part of the pass.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from tasktune.training.recomputation import blocks_of
from tasktune.training.split_attention import CannotSharePrefix


class _Complete(Exception):
    """The last layer has its keys and values."""


class _LastLayer(DynamicLayer):  # type: ignore[misc]
    """Ends the pass that fills it."""

    def update(self, *arguments: Any, **keywords: Any) -> tuple[torch.Tensor, torch.Tensor]:
        super().update(*arguments, **keywords)
        raise _Complete

    def ordinary(self) -> DynamicLayer:
        """The same keys and values in a layer that can be used."""
        layer = DynamicLayer()
        layer.lazy_initialization(self.keys, self.values)
        layer.keys, layer.values = self.keys, self.values
        return layer


def keys_and_values(decoder: Any, prefix: torch.Tensor) -> DynamicCache:
    """Those of every layer of ``decoder`` for ``prefix``, (tokens,), in a batch of one.

    :raises CannotSharePrefix: the model keeps no keys and values.
    """
    cache = DynamicCache(config=decoder.config)
    if type(cache.layers[-1]) is DynamicLayer and _may_break_off(decoder):
        last = cache.layers[-1] = _LastLayer()
        try:
            decoder(input_ids=prefix[None], past_key_values=cache, use_cache=True)
        except _Complete:
            cache.layers[-1] = last.ordinary()
        else:
            raise CannotSharePrefix
    else:
        decoder(input_ids=prefix[None], past_key_values=cache, use_cache=True)
    if cache.get_seq_length() != len(prefix):
        raise CannotSharePrefix
    return cache


def _may_break_off(decoder: Any) -> bool:
    """Whether nobody waits for the end of a pass through the decoder's last block: a hook of who splits the model, or
    what computes the block again."""
    blocks = blocks_of(decoder)
    return bool(blocks) and not any(
        module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module)
        for module in (decoder, blocks[-1])
    )
