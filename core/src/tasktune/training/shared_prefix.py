"""The loss of a batch whose rows begin with the same tokens, that prefix computed once.

The prefix runs through the model as a batch of one and leaves its keys and values in a cache; expanded (not copied)
over the batch, they are what the suffixes attend to. Attention is causal, so the prefix's hidden states do not depend
on what follows: the loss is the same number, and the gradients flow back through the cache. The vocabulary
projection runs only where there are labels. Both are exact rearrangements; :func:`agrees` checks it on a model.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from tasktune.training.batches import IGNORED

Batch = dict[str, torch.Tensor]


def summed_loss(model: Any, prefix: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Cross entropy in nats, summed over the labelled positions of a batch of suffixes.

    ``model`` is a causal language model without adapters' wrappers around it (``PeftModel.get_base_model()``);
    ``prefix`` has shape (tokens,) and may be empty; ``batch`` is a :class:`~tasktune.training.batches.Collator`'s.
    """
    hidden = _suffix_states(model.get_decoder(), prefix, batch)
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


def agrees(model: Any, prefix: torch.Tensor, batch: Batch, tolerance: float) -> bool:
    """Whether both ways give this model the same loss on a batch, to a relative ``tolerance``."""
    with torch.no_grad():
        shared, plain = summed_loss(model, prefix, batch), plain_summed_loss(model, prefix, batch)
    return bool(torch.isclose(shared, plain, rtol=tolerance, atol=0.0))


def _suffix_states(decoder: Any, prefix: torch.Tensor, batch: Batch) -> torch.Tensor:
    input_ids, mask = batch["input_ids"], batch["attention_mask"]
    if not len(prefix):
        alone: torch.Tensor = decoder(input_ids=input_ids, attention_mask=mask, use_cache=False).last_hidden_state
        return alone
    from transformers import DynamicCache

    cache = DynamicCache(config=decoder.config)
    decoder(input_ids=prefix[None], past_key_values=cache, use_cache=True)
    rows, width = input_ids.shape
    for layer in cache.layers:
        layer.keys = layer.keys.expand(rows, -1, -1, -1)
        layer.values = layer.values.expand(rows, -1, -1, -1)
    positions = torch.arange(len(prefix), len(prefix) + width, device=input_ids.device)
    shared: torch.Tensor = decoder(
        input_ids=input_ids,
        attention_mask=torch.cat([mask.new_ones(rows, len(prefix)), mask], 1),
        position_ids=positions[None].expand(rows, -1),
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state
    return shared
