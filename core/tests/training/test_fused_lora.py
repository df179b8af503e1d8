"""A LoRA layer computed as one operation gives what peft's own layers give, forward and back."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, PreTrainedConfig, Qwen2Config, Qwen3Config

from tasktune.training.fused_lora import fuse

SIZES: dict[str, Any] = {
    "vocab_size": 96,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
# Qwen2's projections of queries, keys and values have a bias.
MODELS = {"qwen3": Qwen3Config(**SIZES, head_dim=8), "qwen2": Qwen2Config(**SIZES)}
LINEAR_LAYERS = 2 * 7


def adapted(config: PreTrainedConfig, **lora: Any) -> Any:
    torch.manual_seed(0)
    settings = {"r": 4, "lora_alpha": 6, "target_modules": "all-linear", "task_type": "CAUSAL_LM", **lora}
    model = get_peft_model(AutoModelForCausalLM.from_config(config), LoraConfig(**settings))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.5)
    return model.train()


def loss_and_gradients(model: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model.zero_grad()
    ids = torch.randint(0, 96, (3, 11), generator=torch.Generator().manual_seed(1))
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    return loss.detach(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("rslora", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_loss_and_gradients_are_pefts(name: str, rslora: bool) -> None:
    model = adapted(MODELS[name], use_rslora=rslora)
    expected, of_each = loss_and_gradients(model)
    assert fuse(model) == LINEAR_LAYERS
    found, found_of_each = loss_and_gradients(model)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)
    assert found_of_each.keys() == of_each.keys()
    for parameter, gradient in of_each.items():
        torch.testing.assert_close(found_of_each[parameter], gradient, rtol=1e-4, atol=1e-7)


def test_in_bf16_the_error_is_that_of_the_format() -> None:
    model = adapted(MODELS["qwen3"])
    exact, exact_of_each = loss_and_gradients(model)
    fuse(model)
    with torch.autocast("cpu", torch.bfloat16):
        found, found_of_each = loss_and_gradients(model)
    torch.testing.assert_close(found, exact, rtol=1e-2, atol=0)
    for name, gradient in exact_of_each.items():
        assert found_of_each[name].dtype == torch.float32
        assert (found_of_each[name] - gradient).norm() < 0.1 * gradient.norm()


def test_a_base_in_bf16_keeps_its_format_between_the_layers() -> None:
    model = adapted(MODELS["qwen3"])
    exact, _of_each = loss_and_gradients(model)
    model.get_base_model().bfloat16()
    fuse(model)
    found, _of_each = loss_and_gradients(model)
    torch.testing.assert_close(found.float(), exact, rtol=2e-2, atol=0)


@pytest.mark.parametrize("settings", [{"lora_dropout": 0.5}, {"use_dora": True}])
def test_what_is_not_plain_lora_is_left_alone(settings: dict[str, Any]) -> None:
    assert fuse(adapted(MODELS["qwen3"], **settings)) == 0


def test_switching_the_adapter_off_still_shows_the_base() -> None:
    model = adapted(MODELS["qwen3"])
    ids = torch.arange(9)[None]
    with torch.no_grad(), model.disable_adapter():
        expected = model(input_ids=ids).logits
    fuse(model)
    with torch.no_grad():
        with model.disable_adapter():
            torch.testing.assert_close(model(input_ids=ids).logits, expected)
        assert not torch.allclose(model(input_ids=ids).logits, expected, atol=1e-2)
