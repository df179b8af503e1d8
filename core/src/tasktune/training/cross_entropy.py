"""The losses of labelled tokens from their hidden states, without ever holding the logits of all of them.

Behind a frozen output projection a token's loss has a gradient with regard to its own hidden state alone, so it can be
computed with the loss, a few tokens at a time, and multiplied by whatever comes back: what is kept is a hidden state's
size a token instead of several fp32 numbers for every entry of the vocabulary. The idea of computing gradients in the
forward pass is that of Hsu et al. 2024 (Liger Kernel, arXiv:2410.10989, section 3.2), which takes the mean of all
losses; this holds whatever weighs them.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from tasktune.training.sizes import tokens_at_once


def token_losses(model: Any, states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The cross entropy in nats of each token, (tokens,), in fp32.

    ``states`` are the hidden states that predict them, (tokens, size), and ``targets`` their ids. ``model`` is a causal
    language model, whose output projection and soft cap make logits of the states.
    """
    projection = model.get_output_embeddings()
    softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    if type(projection) is nn.Linear and projection.bias is None and not projection.weight.requires_grad:
        device = states.device.type
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else states.dtype
        losses: torch.Tensor = _Losses.apply(states, projection.weight, targets, softcap, kind)
        return losses
    logits = projection(states).float()
    if softcap is not None:
        logits = softcap * torch.tanh(logits / softcap)
    return F.cross_entropy(logits, targets, reduction="none")


class _Losses(torch.autograd.Function):
    """l = logsumexp(z) - z[target] with z = W h, or z = c · tanh(W h / c) under a soft cap c; W is frozen.

    The gradient with regard to h is (softmax(z) - onehot(target)) · W, under a soft cap times 1 - (z / c)² in between.
    The products are computed in the format ``kind``, all else in fp32.
    """

    @staticmethod
    def forward(
        context: Any,
        states: torch.Tensor,
        weight: torch.Tensor,
        targets: torch.Tensor,
        softcap: float | None,
        kind: torch.dtype,
    ) -> torch.Tensor:
        losses = states.new_empty(len(states), dtype=torch.float32)
        gradients = torch.empty_like(states, dtype=kind) if context.needs_input_grad[0] else None
        with torch.autocast(states.device.type, enabled=False):
            inputs, weight = states.to(kind), weight.to(kind)
            products, exact = _room(states, weight)
            for start in range(0, len(states), len(products)):
                part = slice(start, start + len(products))
                told = targets[part, None]
                product, logits = products[: len(told)], exact[: len(told)]
                logits.copy_(torch.mm(inputs[part], weight.t(), out=product))
                slope = None
                if softcap is not None:
                    logits.div_(softcap).tanh_()
                    slope = 1 - logits.square()
                    logits.mul_(softcap)
                highest, score = logits.amax(-1, keepdim=True), logits.gather(1, told)
                total = logits.sub_(highest).exp_().sum(-1, keepdim=True)
                losses[part] = (total.log() + highest - score)[:, 0]
                if gradients is not None:
                    logits.div_(total).scatter_add_(1, told, torch.full_like(score, -1))
                    if slope is not None:
                        logits.mul_(slope)
                    torch.mm(product.copy_(logits), weight, out=gradients[part])
        context.save_for_backward(gradients)
        context.kind = states.dtype
        return losses

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        [of_states] = context.saved_tensors
        return (of_states * gradients[0][:, None]).to(context.kind), None, None, None, None


def _room(states: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Where the logits of some tokens go, in the format of ``weight`` and in fp32: once for all tokens, for what comes
    anew from the system costs as much as what is done with it."""
    kind = "cpu" if states.device.type == "cpu" else "gpu"
    tokens = min(len(states), tokens_at_once(kind, len(weight)))
    products = weight.new_empty(tokens, len(weight))
    return products, products if weight.dtype == torch.float32 else torch.empty_like(products, dtype=torch.float32)
