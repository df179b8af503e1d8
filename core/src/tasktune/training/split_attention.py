"""Attention of many suffixes to one prefix without a copy of the prefix per row.

The library's attention wants keys and values of the same batch as the queries, so a shared prefix is copied for every
row and, with grouped heads, for every query head. Here the queries of all rows meet the prefix in one matrix product,
each row meets its own suffix, and one softmax runs over both scores: the same numbers, and no copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from transformers import AttentionInterface, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

NAME = "tasktune_split"


class CannotSharePrefix(Exception):
    """The model does not keep, or not hand down, what sharing needs."""


class _PrefixLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values of the prefix, (1, heads, tokens, size), which the suffixes' own are not appended to."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values = keys, values

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_arguments: Any, **_keywords: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return key_states, value_states


class _GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values of suffixes that grow token by token behind a prefix of ``shared`` tokens, which it lacks."""

    def __init__(self, shared: int) -> None:
        super().__init__()
        self.shared = shared

    def get_seq_length(self) -> int:
        return self.shared + int(super().get_seq_length())


def keep_apart(cache: DynamicCache) -> None:
    """Make the prefix in ``cache`` one that suffixes attend to apart.

    :raises CannotSharePrefix: a layer keeps something else than all keys and values.
    """
    if any(type(layer) is not DynamicLayer for layer in cache.layers):
        raise CannotSharePrefix
    cache.layers = [_PrefixLayer(layer.keys, layer.values) for layer in cache.layers]


def growing_behind(prefix: DynamicCache) -> DynamicCache:
    """A cache for the suffixes of a batch that is generated behind a prefix kept apart."""
    cache = DynamicCache()
    cache.layers = [_GrowingLayer(layer.keys.shape[2]) for layer in prefix.layers]
    return cache


_prefix: ContextVar[DynamicCache | None] = ContextVar("prefix", default=None)


@contextmanager
def attending_apart(decoder: Any, prefix: DynamicCache) -> Iterator[None]:
    """Inside the block the decoder attends by :func:`split_attention`, to ``prefix`` and what it is given."""
    usual = decoder.config._attn_implementation
    decoder.config._attn_implementation = NAME
    before = _prefix.set(prefix)
    try:
        yield
    finally:
        _prefix.reset(before)
        decoder.config._attn_implementation = usual


def split_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    softcap: float | None = None,
    **_others: Any,
) -> tuple[torch.Tensor, None]:
    """Attention over the prefix and a row's own suffix.

    ``query`` is (rows, heads, tokens, size), ``key`` and ``value`` (rows, key heads, own, size) of the suffixes so
    far; ``attention_mask`` is boolean, (rows, 1, tokens, prefix + own). Returns (rows, tokens, heads, size).

    :raises CannotSharePrefix: there is no prefix.
    """
    prefix = _prefix.get()
    if prefix is None:
        raise CannotSharePrefix
    layer = prefix.layers[module.layer_idx]
    rows, heads, tokens, size = query.shape
    groups, own = key.shape[1], key.shape[2]
    shared = layer.keys.shape[2]
    # Query heads of one key head are neighbours; with the key head in front, the prefix is one product for all rows.
    asked = (query * scaling).reshape(rows, groups, -1, tokens, size).transpose(0, 1).reshape(groups, rows, -1, size)
    far = (asked.flatten(1, 2) @ layer.keys[0].transpose(-1, -2)).unflatten(1, (rows, -1))
    near = asked @ key.transpose(0, 1).transpose(-1, -2)
    if softcap is not None:
        far, near = softcap * torch.tanh(far / softcap), softcap * torch.tanh(near / softcap)
    if attention_mask is not None:
        # Every token sees the whole prefix: full attention is the only kind of layer here.
        hidden = ~attention_mask[..., shared:]
        by_head = near.view(groups, rows, heads // groups, tokens, -1)
        near = by_head.masked_fill(hidden, torch.finfo(near.dtype).min).flatten(2, 3)
    weights = torch.softmax(torch.cat([far, near], -1), -1, dtype=torch.float32).to(value.dtype)
    weights = torch.nn.functional.dropout(weights, dropout, training=module.training)
    # Split, not sliced twice: the gradients of slices are padded with zeros and added up.
    of_prefix, of_suffix = torch.split_with_sizes(weights, [shared, own], -1)
    seen = (of_prefix.flatten(1, 2) @ layer.values[0]).unflatten(1, (rows, -1)) + of_suffix @ value.transpose(0, 1)
    return seen.view(groups, rows, -1, tokens, size).permute(1, 3, 0, 2, 4).reshape(rows, tokens, heads, size), None


AttentionInterface.register(NAME, split_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
