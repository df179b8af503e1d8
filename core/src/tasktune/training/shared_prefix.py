"""The losses of a batch's labelled tokens, what its prompts have in common computed once.

The prefix of a task runs through the model as a batch of one and leaves its keys and values in a cache, which the rest
of every row attends to: on a CPU apart from its own (:mod:`tasktune.training.split_attention`), elsewhere expanded over
the batch. The chosen and the rejected answer of a row stand behind one copy of its prompt, and do not see each other;
so do rows whose prompts go on alike beyond the prefix (:mod:`tasktune.training.branches`).
Attention is causal, so hidden states do not depend on what follows: the losses are the same numbers, and the gradients
flow back through the cache. The vocabulary projection runs only where there are labels. All are exact rearrangements;
:func:`fastest` checks that on the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from transformers import DynamicCache

from tasktune.training import cross_entropy
from tasktune.training.batches import Batch, Collator
from tasktune.training.branches import ALWAYS, Branching
from tasktune.training.prefix_cache import keys_and_values
from tasktune.training.split_attention import CannotSharePrefix, attending_apart, keep_apart

TOLERANCE = {False: 1e-3, True: 5e-2}
"""How far the summed losses of two ways may be apart, relatively, by whether they are computed in bfloat16."""

TokenLosses = Callable[[Any, torch.Tensor, Batch], torch.Tensor]


@dataclass(frozen=True)
class Way:
    """How a batch is laid out and run: the collator, the prefix's tokens, and the losses of what comes out."""

    collator: Collator
    prefix: torch.Tensor
    token_losses: TokenLosses

    def __call__(self, model: Any, batch: Batch) -> torch.Tensor:
        """The cross entropy in nats of each labelled token of a batch.

        ``model`` is a causal language model without adapters' wrappers around it (``PeftModel.get_base_model()``).
        """
        return self.token_losses(model, self.prefix, batch)


def token_losses(model: Any, prefix: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The losses of a batch behind ``prefix``, (tokens,), which may be empty.

    :raises CannotSharePrefix: the model keeps no keys and values.
    """
    return _losses(model, _states(model.get_decoder(), prefix, batch, apart=False), batch)


def token_losses_apart(model: Any, prefix: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The same, rows attending to the prefix apart from their own tokens.

    :raises CannotSharePrefix: a layer attends to something else than all tokens before.
    """
    return _losses(model, _states(model.get_decoder(), prefix, batch, apart=True), batch)


def plain_token_losses(model: Any, prefix: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The same by the model's own forward, for a batch of whole rows with an answer each: there is no prefix."""
    assert not len(prefix)
    logits = model(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
    ).logits.flatten(0, 1)[batch["sources"]]
    return F.cross_entropy(logits.float(), batch["targets"], reduction="none")


def plain_way(pad: int) -> Way:
    """Every row in full, every answer in a row of its own."""
    return Way(Collator(pad, 0, together=False), torch.empty(0, dtype=torch.long), plain_token_losses)


def fastest(
    model: Any,
    rows: Sequence[Mapping[str, Any]],
    prefix: Sequence[int],
    pad: int,
    tolerance: float,
    *,
    own_masks: bool = True,
    alike: Sequence[Mapping[str, Any]] = (),
) -> Way | None:
    """The fastest way that gives the model's own losses for ``rows``, to a relative ``tolerance``; None: none does.

    Without ``own_masks`` no way is tried that tells the model which tokens see which. ``alike`` are rows, if any, that
    share more than the prefix: such ones then stand behind one copy of it, which is tried with these.
    """
    device = model.device
    shared = torch.tensor(prefix, dtype=torch.long, device=device)
    masks = own_masks and not _has_windows(model)
    kinds = [token_losses_apart, token_losses] if len(prefix) and device.type == "cpu" else [token_losses]

    def first(collator: Collator, tried: Collator, rows: Sequence[Mapping[str, Any]]) -> Way | None:
        """The first way that is right for ``rows`` as one collator lays them out, with the other."""
        with torch.no_grad():
            expected = plain_way(pad)(model, on(device, plain_way(pad).collator(rows)))
            for losses in kinds:
                try:
                    found = losses(model, shared, on(device, tried(rows)))
                except (CannotSharePrefix, RuntimeError):
                    # An attention of the model's own has no use for half the keys: torch says that shapes do not fit.
                    continue
                # Summed, as training does: single losses differ more where arithmetic is coarse.
                if torch.isclose(found.sum(), expected.sum(), rtol=tolerance, atol=0.0):
                    return Way(collator, shared, losses)
        return None

    way = None
    if masks and alike:
        branching = Collator(pad, len(prefix), branching=Branching.of(model))
        way = first(branching, Collator(pad, len(prefix), branching=ALWAYS), alike)
    if way is None and masks and len(rows[0]["answers"]) > 1:
        together = Collator(pad, len(prefix))
        way = first(together, together, rows)
    if way is None:
        apart = Collator(pad, len(prefix), together=False)
        way = first(apart, apart, rows)
    return way


def on(device: torch.device, batch: Batch) -> Batch:
    """The batch on a device."""
    return {name: tensor.to(device) for name, tensor in batch.items()}


def _has_windows(model: Any) -> bool:
    # A mask of ours would hide a layer's own from it.
    return any(layer.is_sliding for layer in DynamicCache(config=model.config).layers)


def _losses(model: Any, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
    return cross_entropy.token_losses(model, hidden.flatten(0, 1)[batch["sources"]], batch["targets"])


def _states(decoder: Any, prefix: torch.Tensor, batch: Batch, apart: bool) -> torch.Tensor:
    mask = _behind(len(prefix), batch["attention_mask"])
    if mask.dim() == 4 and not apart and decoder.config._attn_implementation == "eager":
        # Eager attention adds its mask to the scores.
        mask = torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, torch.finfo(torch.float32).min)
    arguments = {"input_ids": batch["input_ids"], "attention_mask": mask, "position_ids": batch["position_ids"]}
    if not len(prefix):
        alone: torch.Tensor = decoder(**arguments, use_cache=False).last_hidden_state
        return alone
    cache = keys_and_values(decoder, prefix)
    if apart:
        keep_apart(cache)
        with attending_apart(decoder, cache):
            states: torch.Tensor = decoder(**arguments, past_key_values=cache, use_cache=True).last_hidden_state
        return states
    rows = len(batch["input_ids"])
    for layer in cache.layers:
        layer.keys = layer.keys.expand(rows, -1, -1, -1)
        layer.values = layer.values.expand(rows, -1, -1, -1)
    expanded: torch.Tensor = decoder(**arguments, past_key_values=cache, use_cache=True).last_hidden_state
    return expanded


def _behind(prefix: int, mask: torch.Tensor) -> torch.Tensor:
    """A batch's mask with the prefix, which every token sees, before it; of several answers, with room for heads."""
    seen = torch.cat([mask.new_ones(*mask.shape[:-1], prefix), mask], -1)
    return seen[:, None] if mask.dim() == 3 else seen
