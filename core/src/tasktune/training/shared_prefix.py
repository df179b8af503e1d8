"""The loss of a batch whose rows begin with the same tokens, that prefix computed once.

The prefix runs through the model as a batch of one and leaves its keys and values in a cache, which the suffixes
attend to: on a CPU apart from their own (:mod:`tasktune.training.split_attention`), elsewhere expanded over the batch.
Attention is causal, so the prefix's hidden states do not depend on what follows: the loss is the same number, and the
gradients flow back through the cache. The vocabulary projection runs only where there are labels. All are exact
rearrangements; :func:`fastest_loss` checks that on the model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from transformers import DynamicCache

from tasktune.training.batches import IGNORED
from tasktune.training.split_attention import CannotSharePrefix, attending_apart, keep_apart

Batch = dict[str, torch.Tensor]
SummedLoss = Callable[[Any, torch.Tensor, Batch], torch.Tensor]


def summed_loss(model: Any, prefix: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Cross entropy in nats, summed over the labelled positions of a batch of suffixes.

    ``model`` is a causal language model without adapters' wrappers around it (``PeftModel.get_base_model()``);
    ``prefix`` has shape (tokens,) and may be empty; ``batch`` is a :class:`~tasktune.training.batches.Collator`'s.

    :raises CannotSharePrefix: the model keeps no keys and values.
    """
    return _summed_loss(model, _suffix_states(model.get_decoder(), prefix, batch, apart=False), batch)


def summed_loss_apart(model: Any, prefix: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The same, the suffixes attending to the prefix apart from their own tokens.

    :raises CannotSharePrefix: a layer attends to something else than all tokens before.
    """
    return _summed_loss(model, _suffix_states(model.get_decoder(), prefix, batch, apart=True), batch)


def _summed_loss(model: Any, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
    targets = batch["labels"][:, 1:]
    labelled = targets != IGNORED
    logits = model.get_output_embeddings()(hidden[:, :-1][labelled]).float()
    softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    if softcap is not None:
        logits = softcap * torch.tanh(logits / softcap)
    return F.cross_entropy(logits, targets[labelled], reduction="sum")


def plain_summed_loss(model: Any, prefix: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The same loss by the model's own forward, every row in full."""
    rows = len(batch["labels"])
    ones = torch.ones_like(prefix)[None].expand(rows, -1)
    logits = model(
        input_ids=torch.cat([prefix[None].expand(rows, -1), batch["input_ids"]], 1),
        attention_mask=torch.cat([ones, batch["attention_mask"]], 1),
        use_cache=False,
    ).logits[:, len(prefix) :]
    targets = batch["labels"][:, 1:]
    return F.cross_entropy(
        logits[:, :-1].float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )


def fastest_loss(model: Any, prefix: torch.Tensor, batch: Batch, tolerance: float) -> SummedLoss | None:
    """The fastest way that gives this model's plain loss on a batch, to a relative ``tolerance``; None if none does."""
    ways = [summed_loss_apart, summed_loss] if len(prefix) and model.device.type == "cpu" else [summed_loss]
    with torch.no_grad():
        plain = plain_summed_loss(model, prefix, batch)
        for way in ways:
            try:
                found = way(model, prefix, batch)
            except (CannotSharePrefix, RuntimeError):
                # An attention of the model's own has no use for half the keys: torch says that shapes do not fit.
                continue
            if torch.isclose(found, plain, rtol=tolerance, atol=0.0):
                return way
    return None


def _suffix_states(decoder: Any, prefix: torch.Tensor, batch: Batch, apart: bool) -> torch.Tensor:
    input_ids, mask = batch["input_ids"], batch["attention_mask"]
    if not len(prefix):
        alone: torch.Tensor = decoder(input_ids=input_ids, attention_mask=mask, use_cache=False).last_hidden_state
        return alone
    cache = DynamicCache(config=decoder.config)
    decoder(input_ids=prefix[None], past_key_values=cache, use_cache=True)
    if cache.get_seq_length() != len(prefix):
        raise CannotSharePrefix
    rows, width = input_ids.shape
    positions = torch.arange(len(prefix), len(prefix) + width, device=input_ids.device)
    arguments = {
        "input_ids": input_ids,
        "attention_mask": torch.cat([mask.new_ones(rows, len(prefix)), mask], 1),
        "position_ids": positions[None].expand(rows, -1),
        "past_key_values": cache,
        "use_cache": True,
    }
    if apart:
        keep_apart(cache)
        with attending_apart(decoder, cache):
            states: torch.Tensor = decoder(**arguments).last_hidden_state
        return states
    for layer in cache.layers:
        layer.keys = layer.keys.expand(rows, -1, -1, -1)
        layer.values = layer.values.expand(rows, -1, -1, -1)
    expanded: torch.Tensor = decoder(**arguments).last_hidden_state
    return expanded
