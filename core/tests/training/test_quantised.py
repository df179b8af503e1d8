"""Adapters of a quantised base learn on a CPU too, and bitsandbytes' trap is shut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen3Config

from tasktune.definition import TrainingSpec
from tasktune.training import base
from tasktune.training.adapters import trainable
from tasktune.training.shared_prefix import Way, fastest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model whose matrices are whole blocks of 64 numbers."""
    torch.manual_seed(0)
    shape = Qwen3Config(
        vocab_size=512,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
    )
    folder = tmp_path_factory.mktemp("base")
    AutoModelForCausalLM.from_config(shape).save_pretrained(folder)
    return folder


def rows() -> list[dict[str, Any]]:
    generator = torch.Generator().manual_seed(1)
    prefix = torch.randint(3, 500, (20,), generator=generator).tolist()
    return [{"prompt": [*prefix, 3 + row], "answers": [[100 + row, 2]]} for row in range(8)]


def made(folder: Path, quantization: Any) -> tuple[Any, Way]:
    """The model and how its losses are computed, after the check of that, which is a forward without gradients."""
    training = TrainingSpec(base_model=str(folder), tuning="qlora", quantization=quantization, lora={"r": 8})
    torch.manual_seed(0)
    model = trainable(base.load_base(str(folder), training, bf16=True), training, None)
    kinds = {type(module).__name__ for module in model.modules()}
    assert {"nf4": "Linear4bit", "int8": "Linear8bitLt"}[quantization] in kinds
    way = fastest(model.get_base_model().eval(), rows(), rows()[0]["prompt"][:20], 0, tolerance=5e-2)
    assert way is not None
    return model.train(), way


def loss_of(model: Any, way: Way) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        return way(model.get_base_model(), way.collator(rows())).mean()


@pytest.mark.parametrize("quantization", ["nf4", "int8"])
def test_a_quantised_base_is_adapted(folder: Path, quantization: str) -> None:
    model, way = made(folder, quantization)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-3)
    found = []
    for _step in range(20):
        loss = loss_of(model, way)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    assert found[-1] < 0.8 * found[0]


def first_gradient(folder: Path) -> torch.Tensor:
    """That of the first layer's adapter, which comes through all other layers."""
    model, way = made(folder, "nf4")
    loss_of(model, way).backward()
    layer = model.get_base_model().model.layers[0].mlp.up_proj
    gradient: torch.Tensor = layer.lora_B["default"].weight.grad
    return gradient


@pytest.mark.filterwarnings("ignore:bitsandbytes.*autograd kernel was not registered:UserWarning")
@pytest.mark.skipif(
    not torch.cpu._is_avx512_bf16_supported(), reason="the trap is in a kernel for CPUs with avx512_bf16"
)
def test_without_the_guard_gradients_are_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, bitsandbytes is mended and the guard can go."""
    guarded = first_gradient(folder)
    monkeypatch.setattr(base, "_learn_exactly", lambda model: None)
    unguarded = first_gradient(folder)
    assert (unguarded - guarded).norm() > 0.5 * guarded.norm() > 0
