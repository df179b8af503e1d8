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
import torch.nn.functional as F
from transformers import AttentionInterface, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from tasktune.training.sizes import LANES, padded

NAME = "tasktune_split"


class CannotSharePrefix(Exception):
    """The model does not keep, or not hand down, what sharing needs."""


class _PrefixLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values of the prefix, (1, heads, tokens, size), which the suffixes' own are not appended to.

    Behind the ``shared`` tokens of the prefix stand some of zeros, which nobody attends to.
    """

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.shared = keys.shape[2]
        missing = padded(self.shared, LANES) - self.shared
        self.keys, self.values = (F.pad(tensor, (0, 0, 0, missing)) for tensor in (keys, values))

    def get_seq_length(self) -> int:
        return self.shared

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
    cache.layers = [_GrowingLayer(layer.get_seq_length()) for layer in prefix.layers]
    return cache


_prefix: ContextVar[DynamicCache | None] = ContextVar("prefix", default=None)


@contextmanager
def attending_apart(decoder: Any, prefix: DynamicCache) -> Iterator[None]:
    """Inside the block the decoder attends by :func:`split_attention`, to ``prefix`` and what it is given."""
    with attending_as(decoder, (NAME, prefix)):
        yield


Attention = tuple[str, DynamicCache | None]
"""The name of an attention, and the prefix that it attends to apart."""


def current_attention(decoder: Any) -> Attention:
    """How the decoder attends now."""
    return decoder.config._attn_implementation, _prefix.get()


@contextmanager
def attending_as(decoder: Any, attention: Attention) -> Iterator[None]:
    """Inside the block the decoder attends in this way."""
    usual = decoder.config._attn_implementation
    decoder.config._attn_implementation, prefix = attention
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

    :raises CannotSharePrefix: there is no prefix, or the model drops weights of its attention.
    """
    prefix = _prefix.get()
    if prefix is None or dropout or getattr(module, "attention_dropout", 0.0):
        raise CannotSharePrefix
    layer = prefix.layers[module.layer_idx]
    rows, heads, tokens, size = query.shape
    groups = key.shape[1]
    kind = value.dtype
    # Query heads of one key head are neighbours; with the key head in front, the prefix is one product for all rows.
    asked = query.to(kind).view(rows, groups, -1, tokens, size).permute(1, 0, 2, 3, 4).reshape(groups, rows, -1, size)
    # Every token sees the whole prefix: full attention is the only kind of layer here.
    hidden = None if attention_mask is None else ~attention_mask[None, ..., layer.shared :]
    seen = _Attention.apply(  # type: ignore[no-untyped-call]
        asked,
        key.to(kind).transpose(0, 1),
        value.transpose(0, 1),
        layer.keys[0].to(kind),
        layer.values[0].to(kind),
        layer.shared,
        hidden,
        scaling,
        softcap,
    )
    by_row = seen.view(groups, rows, heads // groups, tokens, size).permute(1, 3, 0, 2, 4)
    return by_row.reshape(rows, tokens, heads, size), None


class _Attention(torch.autograd.Function):
    """The arithmetic of :func:`split_attention`, forward and back, keeping nothing but the weights of the attention.

    The weights of the prefix and those of the suffix are views of one tensor, which no product copies. The way back
    follows Dao et al. 2022 (FlashAttention, appendix B.2): with the output O and its gradient dO, the gradient of the
    scores is P ∘ (dP - rowsum(dO ∘ O)), which does not need both parts side by side.
    """

    @staticmethod
    def forward(
        context: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        prefix_key: torch.Tensor,
        prefix_value: torch.Tensor,
        shared: int,
        hidden: torch.Tensor | None,
        scaling: float,
        softcap: float | None,
    ) -> torch.Tensor:
        """``query`` is (groups, rows, queries, size), ``key`` and ``value`` (groups, rows, own, size), those of the
        prefix (groups, padded, size), of which the first ``shared`` tokens count; ``hidden`` is (1, rows, 1, tokens,
        own). Returns what ``query`` is like."""
        groups, rows, queries, size = query.shape
        first, own = prefix_key.shape[1], key.shape[2]
        last = first + own
        # The caller has chosen the number format; no operation in here is to change it.
        with torch.autocast(query.device.type, enabled=False):
            asked = query * scaling
            scores = query.new_empty(groups, rows, queries, padded(last, LANES))
            by_group, by_row = scores.view(groups, rows * queries, -1), scores.view(groups * rows, queries, -1)
            torch.bmm(asked.flatten(1, 2), prefix_key.transpose(1, 2), out=by_group[..., :first])
            torch.bmm(asked.flatten(0, 1), key.flatten(0, 1).transpose(1, 2), out=by_row[..., first:last])
            if softcap is not None:
                scores.div_(softcap).tanh_().mul_(softcap)
            capped = None if softcap is None else scores.clone()
            if hidden is not None:
                by_head = scores.view(groups, rows, -1, hidden.shape[3], scores.shape[3])
                by_head[..., first:last].masked_fill_(hidden, torch.finfo(scores.dtype).min)
            scores[..., shared:first] = scores[..., last:] = -torch.inf
            weights = torch.softmax(scores, -1)
            far, near = weights.view(groups, -1, weights.shape[3])[..., :first], weights[..., first:last]
            output = near @ value
            output.view(groups, -1, size).baddbmm_(far, prefix_value)
        context.save_for_backward(query, key, value, prefix_key, prefix_value, far, near, output, capped)
        context.scaling, context.softcap = scaling, softcap
        return output

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, prefix_key, prefix_value, far, near, output, capped = context.saved_tensors
        groups, size = query.shape[0], query.shape[3]
        of_output = gradients[0].contiguous()
        flat = of_output.view(groups, -1, size)
        common = (of_output * output).sum(-1, keepdim=True)
        # As a part of the product the subtraction costs nothing.
        subtracted = common.view(groups, -1, 1).expand(-1, -1, far.shape[2])
        of_far = torch.baddbmm(subtracted, flat, prefix_value.transpose(1, 2), beta=-1).mul_(far)
        of_near = (of_output @ value.transpose(2, 3)).sub_(common).mul_(near)
        if capped is not None:
            # The derivative of c · tanh(x / c) is 1 - tanh²(x / c).
            slope = 1 - (capped / context.softcap).square()
            first, own = far.shape[2], near.shape[3]
            of_far.mul_(slope[..., :first].flatten(1, 2))
            of_near.mul_(slope[..., first : first + own])
        of_query = of_near @ key
        of_query.view(groups, -1, size).baddbmm_(of_far, prefix_key)
        scaling = context.scaling
        return (
            of_query.mul_(scaling),
            (of_near.transpose(2, 3) @ query).mul_(scaling),
            near.transpose(2, 3) @ of_output,
            (of_far.transpose(1, 2) @ query.flatten(1, 2)).mul_(scaling),
            far.transpose(1, 2) @ flat,
            None,
            None,
            None,
            None,
        )


AttentionInterface.register(NAME, split_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
