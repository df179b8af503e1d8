"""RMS norm as one operation: the same numbers, less work around them, and in bf16 half of what is kept.

The library's is six operations, of which automatic differentiation keeps fp32 copies.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def fuse_norms(model: Any) -> int:
    """Make frozen RMS norms of ``model`` compute as one operation; the number of those that do.

    A norm is known by what it does, not by its class: one that gives other numbers stays as it is.
    """
    fused = 0
    for module in model.modules():
        epsilon = getattr(module, "variance_epsilon", None)
        weight = getattr(module, "weight", None)
        if epsilon is None or weight is None or weight.requires_grad or not type(module).__name__.endswith("RMSNorm"):
            continue
        if _gives_the_same(module, weight, float(epsilon)):
            module.forward = _forward_of(module, float(epsilon))
            fused += 1
    return fused


def _forward_of(module: nn.Module, epsilon: float) -> Any:
    def forward(hidden_states: torch.Tensor) -> torch.Tensor:
        normed: torch.Tensor = _FusedRmsNorm.apply(hidden_states, module.weight, epsilon)  # type: ignore[no-untyped-call]
        return normed

    return forward


@torch.no_grad()
def _gives_the_same(module: nn.Module, weight: torch.Tensor, epsilon: float) -> bool:
    generator = torch.Generator().manual_seed(0)
    sample = torch.randn(2, weight.shape[-1], generator=generator).to(weight)
    ours = _FusedRmsNorm.apply(sample, weight, epsilon)  # type: ignore[no-untyped-call]
    theirs = module(sample)
    tolerance = 4 * torch.finfo(theirs.dtype).eps
    return ours.dtype == theirs.dtype and torch.allclose(ours, theirs, rtol=tolerance, atol=tolerance)


class _FusedRmsNorm(torch.autograd.Function):
    """y = w · x / √(mean(x²) + ε) over the last dimension (Zhang & Sennrich 2019, equation 4); w is frozen.

    The quotient is computed in fp32 and rounded to the format of x before w multiplies it, as transformers does.
    With h = x / √(…) and g = w · dy the gradient is (g - h · mean(g · h)) / √(…).
    """

    @staticmethod
    def forward(context: Any, x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
        exact = x.float()
        square = torch.linalg.vector_norm(exact, dim=-1, keepdim=True).square_().div_(x.shape[-1])
        scale = square.add_(epsilon).rsqrt_()
        context.save_for_backward(x, scale, weight)
        result: torch.Tensor = weight * (exact * scale).to(x.dtype)
        return result

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, scale, weight = context.saved_tensors
        # A weight in another format than x's makes results of its own format.
        at_once = x.device.type == "cpu" and gradients[0].dtype == x.dtype
        return (_way_back_at_once if at_once else _way_back)(gradients[0], x, scale, weight), None, None


def _way_back(of_result: torch.Tensor, x: torch.Tensor, scale: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The gradient with regard to x, step by step."""
    normed, of_normed = x * scale, (of_result * weight).float()
    common = (of_normed * normed).mean(-1, keepdim=True)
    return torch.addcmul(of_normed, normed, common, value=-1).mul_(scale).to(x.dtype)


def _way_back_at_once(
    of_result: torch.Tensor, x: torch.Tensor, scale: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """The same on a CPU by the kernel of layer norm, which passes over its inputs once.

    Told that the mean of x is zero, it gives (g - mean(g) - h · mean(g · h)) / √(…): only mean(g) is to be added again.
    """
    size = x.shape[-1]
    layer_norm, _of_weight, _of_bias = torch.ops.aten.native_layer_norm_backward(
        of_result, x, (size,), torch.zeros_like(scale), scale, weight.float(), None, (True, False, False)
    )
    of_mean = torch.mv(of_result.reshape(-1, size), weight.to(x.dtype)).view(scale.shape)
    added: torch.Tensor = layer_norm.add_((of_mean * scale).div_(size).to(x.dtype))
    return added
