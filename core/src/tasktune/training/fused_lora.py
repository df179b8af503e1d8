"""A frozen linear layer and its LoRA adapter as one operation: the same numbers, less work around them.

peft adds W x and s · B (A x) up from separate operations, and automatic differentiation keeps and adds up the parts of
each: for small ranks the time goes into copies, conversions and sums rather than into products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from peft.tuners.lora.layer import Linear as LoraLinear
from torch import nn


def fuse(model: Any) -> int:
    """Make the LoRA layers of ``model`` compute as one operation where that is exact; the number of those that do.

    Layers with dropout, DoRA or a quantised base stay as they are, and so does what is saved.
    """
    fused = 0
    for module in model.modules():
        if _is_plain(module):
            module.forward = _forward_of(module, module.forward)
            fused += 1
    return fused


def _is_plain(module: Any) -> bool:
    if type(module) is not LoraLinear or type(module.base_layer) is not nn.Linear or len(module.active_adapters) != 1:
        return False
    [name] = module.active_adapters
    return (
        name in module.lora_A
        and name not in module.lora_variant
        and isinstance(module.lora_dropout[name], nn.Identity)
        and module.lora_B[name].bias is None
        and not module.fan_in_fan_out
        and not module.base_layer.weight.requires_grad
    )


def _forward_of(module: Any, usual: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    [name] = module.active_adapters

    def forward(x: torch.Tensor, *arguments: Any, **keywords: Any) -> torch.Tensor:
        if module.disable_adapters or module.merged or keywords.get("adapter_names") is not None:
            return usual(x, *arguments, **keywords)
        device = x.device.type
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
        base, scaling = module.base_layer, module.scaling[name]
        result: torch.Tensor = _FusedLora.apply(  # type: ignore[no-untyped-call]
            x, base.weight, base.bias, module.lora_A[name].weight, module.lora_B[name].weight, scaling, kind
        )
        return result

    return forward


class _FusedLora(torch.autograd.Function):
    """y = x Wᵀ + b + s · (x Aᵀ) Bᵀ (Hu et al. 2021, equation 3), computed in the format ``kind``; W and b are frozen.

    ``x`` is (…, inputs), W (outputs, inputs), A (rank, inputs), B (outputs, rank). The gradients are those of the
    formula, in the formats of x, A and B.
    """

    @staticmethod
    def forward(
        context: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
        scaling: float,
        kind: torch.dtype,
    ) -> torch.Tensor:
        with torch.autocast(x.device.type, enabled=False):
            inputs = x.reshape(-1, x.shape[-1]).to(kind)
            weight, down_, up_ = weight.to(kind), down.to(kind), up.to(kind)
            result = inputs @ weight.t() if bias is None else torch.addmm(bias.to(kind), inputs, weight.t())
            low = inputs @ down_.t()
            result.addmm_(low, up_.t(), alpha=scaling)
        context.save_for_backward(inputs, low, weight, down_, up_)
        context.scaling, context.shape, context.kinds = scaling, x.shape, (x.dtype, down.dtype, up.dtype)
        return result.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, low, weight, down, up = context.saved_tensors
        kind_of_x, kind_of_down, kind_of_up = context.kinds
        of_result = gradients[0].reshape(-1, weight.shape[0]).to(inputs.dtype)
        of_low = (of_result @ up).mul_(context.scaling)
        of_x = None
        if context.needs_input_grad[0]:
            of_x = (of_result @ weight).addmm_(of_low, down).to(kind_of_x).view(context.shape)
        of_down = (of_low.t() @ inputs).to(kind_of_down)
        of_up = (of_result.t() @ low).mul_(context.scaling).to(kind_of_up)
        return of_x, None, None, of_down, of_up, None, None
