"""The losses of tokens behind a frozen projection are those of torch's cross entropy, and so are their gradients."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tasktune.training.cross_entropy import token_losses

VOCABULARY, HIDDEN = 2**15, 8
"""A vocabulary so large that 64 tokens have their logits at a time."""


def model_with(projection: nn.Module, softcap: float | None = None) -> Any:
    config = SimpleNamespace(final_logit_softcapping=softcap)
    return SimpleNamespace(
        get_output_embeddings=lambda: projection, config=SimpleNamespace(get_text_config=lambda: config)
    )


def frozen(scale: float = 1.0) -> nn.Linear:
    projection = nn.Linear(HIDDEN, VOCABULARY, bias=False)
    nn.init.normal_(projection.weight, std=scale)
    return projection.requires_grad_(False)


def by_torch(states: torch.Tensor, projection: nn.Linear, targets: torch.Tensor, softcap: float | None) -> torch.Tensor:
    logits = projection(states).float()
    if softcap is not None:
        logits = softcap * torch.tanh(logits / softcap)
    return F.cross_entropy(logits, targets, reduction="none")


@given(
    tokens=st.integers(1, 200),
    softcap=st.sampled_from([None, 3.0, 30.0]),
    scale=st.sampled_from([0.1, 1.0, 20.0]),
    seed=st.integers(0, 99),
)
def test_losses_and_gradients_are_torchs_however_the_losses_are_weighted(
    tokens: int, softcap: float | None, scale: float, seed: int
) -> None:
    torch.manual_seed(seed)
    projection = frozen(scale)
    states = torch.randn(tokens, HIDDEN, requires_grad=True)
    targets = torch.randint(0, VOCABULARY, (tokens,))
    weights = torch.randn(tokens)
    expected = by_torch(states, projection, targets, softcap)
    [gradient] = torch.autograd.grad((expected * weights).sum(), states)
    found = token_losses(model_with(projection, softcap), states, targets)
    [found_gradient] = torch.autograd.grad((found * weights).sum(), states)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    # Under a soft cap the gradient is a small difference of numbers as large as the projection's.
    assert (found_gradient - gradient).norm() <= 1e-5 * gradient.norm() + 1e-7 * scale * tokens**0.5


def test_a_projection_that_learns_gets_its_gradient() -> None:
    projection = frozen().requires_grad_(True)
    states = torch.randn(70, HIDDEN, requires_grad=True)
    targets = torch.randint(0, VOCABULARY, (70,))
    expected = torch.autograd.grad(by_torch(states, projection, targets, None).sum(), [states, projection.weight])
    found = torch.autograd.grad(
        token_losses(model_with(projection), states, targets).sum(), [states, projection.weight]
    )
    torch.testing.assert_close(found, expected)


def test_in_bf16_losses_are_as_far_from_the_exact_ones_as_torchs() -> None:
    torch.manual_seed(0)
    projection = frozen()
    states = torch.randn(150, HIDDEN, requires_grad=True)
    targets = torch.randint(0, VOCABULARY, (150,))
    [exact] = torch.autograd.grad(by_torch(states, projection, targets, None).sum(), states)
    with torch.autocast("cpu", torch.bfloat16):
        [theirs] = torch.autograd.grad(by_torch(states, projection, targets, None).sum(), states)
        [ours] = torch.autograd.grad(token_losses(model_with(projection), states, targets).sum(), states)
    assert ours.dtype == torch.float32
    assert (ours - exact).norm() < 1.5 * (theirs - exact).norm()


class LargestStorage(TorchDispatchMode):
    """Notes the bytes of the largest storage that any operation makes."""

    bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        made = [leaf.untyped_storage().nbytes() for leaf in tree_leaves(out) if isinstance(leaf, torch.Tensor)]
        self.bytes = max([self.bytes, *made])
        return out


@pytest.mark.parametrize("tokens", [64, 1000])
def test_the_logits_of_all_tokens_are_never_there_at_once(tokens: int) -> None:
    projection = frozen()
    states = torch.randn(tokens, HIDDEN, requires_grad=True)
    targets = torch.randint(0, VOCABULARY, (tokens,))
    with LargestStorage() as largest:
        token_losses(model_with(projection), states, targets).sum().backward()
    assert largest.bytes == 64 * VOCABULARY * 4
