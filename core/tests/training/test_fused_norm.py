"""An RMS norm computed as one operation gives what the library's gives, forward and back."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM, Gemma2Config, LlamaConfig, Qwen3Config
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from tasktune.training.fused_norm import fuse_norms

SIZES: dict[str, Any] = {
    "vocab_size": 96,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def frozen(config: Any) -> Any:
    """A model with norms that do something, of which only the embedding learns."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    for name, weight in model.named_parameters():
        if "norm" in name:
            nn.init.normal_(weight, mean=1.0, std=0.3)
        weight.requires_grad_("embed_tokens" in name)
    return model


def loss_and_gradient(model: Any) -> tuple[torch.Tensor, torch.Tensor]:
    model.zero_grad()
    ids = torch.randint(0, 96, (3, 11), generator=torch.Generator().manual_seed(1))
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    return loss.detach(), model.get_input_embeddings().weight.grad.clone()


@pytest.mark.parametrize(
    ("config", "norms"), [(Qwen3Config(**SIZES, head_dim=8), 2 * 4 + 1), (LlamaConfig(**SIZES), 2 * 2 + 1)]
)
def test_loss_and_gradient_are_the_librarys(config: Any, norms: int) -> None:
    model = frozen(config)
    loss, gradient = loss_and_gradient(model)
    assert fuse_norms(model) == norms
    found, found_gradient = loss_and_gradient(model)
    torch.testing.assert_close(found, loss, rtol=1e-6, atol=0)
    assert (found_gradient - gradient).norm() < 1e-6 * gradient.norm()


def test_in_bf16_too() -> None:
    model = frozen(Qwen3Config(**SIZES, head_dim=8)).bfloat16()
    loss, gradient = loss_and_gradient(model)
    fuse_norms(model)
    found, found_gradient = loss_and_gradient(model)
    torch.testing.assert_close(found, loss, rtol=1e-2, atol=0)
    assert (found_gradient - gradient).float().norm() < 0.1 * gradient.float().norm()


@pytest.mark.parametrize("kinds", [(torch.float32, torch.float32), (torch.bfloat16, torch.float32)])
def test_the_way_back_is_the_derivative_whatever_the_formats(kinds: tuple[torch.dtype, torch.dtype]) -> None:
    of_input, of_weight = kinds
    torch.manual_seed(0)
    norm = nn.ModuleList([LlamaRMSNorm(16, eps=1e-6)]).to(of_weight)
    nn.init.normal_(norm[0].weight, mean=1.0, std=0.3).requires_grad_(False)
    x, of_result = torch.randn(5, 3, 16).to(of_input), torch.randn(5, 3, 16).to(of_weight)

    def gradient() -> torch.Tensor:
        asked = x.clone().requires_grad_()
        norm[0](asked).backward(of_result)
        assert asked.grad is not None
        return asked.grad

    expected = gradient()
    assert fuse_norms(norm) == 1
    tolerance = 4 * torch.finfo(of_input).eps
    torch.testing.assert_close(gradient(), expected, rtol=tolerance, atol=tolerance)


def test_norms_that_learn_or_compute_something_else_are_left_alone() -> None:
    # Gemma's norm multiplies by 1 + w.
    assert fuse_norms(frozen(Gemma2Config(**SIZES, head_dim=8))) == 0
    learning = frozen(Qwen3Config(**SIZES, head_dim=8))
    learning.requires_grad_(True)
    assert fuse_norms(learning) == 0
