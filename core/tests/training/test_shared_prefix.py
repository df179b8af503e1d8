"""Computing the rows' common prefix once is exact: equal loss and gradients, for LoRA and full, on several models."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    LlamaConfig,
    MistralConfig,
    Phi3Config,
    PreTrainedConfig,
    Qwen2Config,
    Qwen3Config,
)

from tasktune.training.batches import IGNORED, Collator
from tasktune.training.shared_prefix import SummedLoss, fastest_loss, plain_summed_loss, summed_loss, summed_loss_apart
from tasktune.training.split_attention import CannotSharePrefix
from tasktune.training.tokens import common_prefix

SIZES: dict[str, Any] = {
    "vocab_size": 128,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
MODELS = {
    "qwen3": Qwen3Config(**SIZES, head_dim=8),
    "qwen2": Qwen2Config(**SIZES),
    "llama": LlamaConfig(**SIZES),
    "mistral with a window shorter than the prefix": MistralConfig(**SIZES, sliding_window=16),
    "gemma2, soft-capped logits": Gemma2Config(**SIZES, head_dim=8, sliding_window=16),
    "phi3": Phi3Config(**SIZES),
}
PREFIX = 40


def rows() -> list[dict[str, Any]]:
    generator = torch.Generator().manual_seed(0)
    prefix = torch.randint(3, 128, (PREFIX,), generator=generator).tolist()
    made = []
    for length in (9, 4, 17, 6, 30):
        suffix = torch.randint(3, 128, (length,), generator=generator).tolist()
        made.append({"input_ids": prefix + suffix, "prompt_length": PREFIX + length - 3})
    return made


def model_of(config: PreTrainedConfig, lora: bool) -> tuple[torch.nn.Module, Any]:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    if not lora:
        return model.train(), model
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    return adapted.train(), adapted.get_base_model()


def gradients(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


SLIDING = {"mistral with a window shorter than the prefix", "gemma2, soft-capped logits"}


@pytest.mark.parametrize("way", [summed_loss, summed_loss_apart])
@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("name", MODELS)
def test_loss_and_gradients_equal_the_plain_forward(name: str, lora: bool, way: SummedLoss) -> None:
    if way is summed_loss_apart and name in SLIDING:
        with pytest.raises(CannotSharePrefix):
            compare(name, lora, way)
    else:
        compare(name, lora, way)


def compare(name: str, lora: bool, way: SummedLoss) -> None:
    model, causal_lm = model_of(MODELS[name], lora)
    found = []
    for shared in (0, PREFIX):
        batch = Collator(pad=0, prefix=shared)(rows())
        prefix = torch.tensor(rows()[0]["input_ids"][:shared], dtype=torch.long)
        model.zero_grad()
        loss = way(causal_lm, prefix, batch) if shared else plain_summed_loss(causal_lm, prefix, batch)
        loss.backward()
        found.append((loss.item(), gradients(model)))
    (plain, plain_gradients), (shared_loss, shared_gradients) = found
    assert shared_loss == pytest.approx(plain, rel=1e-5)
    assert (shared_gradients - plain_gradients).norm() / plain_gradients.norm() < 1e-5


def test_the_loss_equals_the_models_own() -> None:
    _model, causal_lm = model_of(MODELS["qwen3"], lora=False)
    batch = Collator(pad=0, prefix=0)(rows())
    labelled = (batch["labels"] != IGNORED).sum()
    own = causal_lm(**batch).loss
    ours = summed_loss(causal_lm, torch.tensor([], dtype=torch.long), batch) / labelled
    assert ours.item() == pytest.approx(own.item(), rel=1e-5)


def test_a_model_that_ignores_the_cache_is_noticed() -> None:
    _model, causal_lm = model_of(MODELS["qwen3"], lora=False)
    decoder = causal_lm.model
    forward = decoder.forward
    batch = Collator(pad=0, prefix=PREFIX)(rows())
    prefix = torch.tensor(rows()[0]["input_ids"][:PREFIX])
    assert fastest_loss(causal_lm, prefix, batch, tolerance=1e-4) is summed_loss_apart

    def forgetful(**arguments: Any) -> Any:
        if "past_key_values" in arguments:
            arguments["past_key_values"] = None
            if arguments.get("attention_mask") is not None:
                arguments["attention_mask"] = arguments["attention_mask"][:, -arguments["input_ids"].shape[1] :]
        return forward(**arguments)

    decoder.forward = forgetful
    assert fastest_loss(causal_lm, prefix, batch, tolerance=1e-4) is None


def test_a_model_with_an_attention_of_its_own_shares_it_the_other_way() -> None:
    _model, causal_lm = model_of(MODELS["qwen3"], lora=False)
    batch = Collator(pad=0, prefix=PREFIX)(rows())
    prefix = torch.tensor(rows()[0]["input_ids"][:PREFIX])
    forward = causal_lm.model.forward

    def own_attention(**arguments: Any) -> Any:
        asked, causal_lm.model.config._attn_implementation = causal_lm.model.config._attn_implementation, "eager"
        try:
            return forward(**arguments)
        finally:
            causal_lm.model.config._attn_implementation = asked

    causal_lm.model.forward = own_attention
    assert fastest_loss(causal_lm, prefix, batch, tolerance=1e-4) is summed_loss


TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=12)


@given(st.lists(TOKENS, min_size=1, max_size=6))
def test_the_common_prefix_is_the_longest_that_leaves_every_prompt_a_token(prompts: list[list[int]]) -> None:
    prefix: list[int] | None = None
    for prompt in prompts:
        prefix = common_prefix(prefix, prompt)
    assert prefix is not None
    expected = 0
    while all(len(p) > expected + 1 and p[expected] == prompts[0][expected] for p in prompts):
        expected += 1
    assert prefix == prompts[0][:expected]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=200), st.integers(1, 9), st.integers(0, 3))
def test_every_row_is_in_every_epoch_once_and_batches_are_alike_in_length(
    lengths: list[int], batch_size: int, epoch: int
) -> None:
    from tasktune.training.batches import LengthAwareSampler

    sampler = LengthAwareSampler(lengths, batch_size, seed=7)
    sampler.set_epoch(epoch)
    order = list(sampler)
    assert sorted(order) == list(range(len(lengths)))
    again = LengthAwareSampler(lengths, batch_size, seed=7)
    again.set_epoch(epoch)
    assert list(again) == order


def test_padding_shrinks() -> None:
    from tasktune.training.batches import LengthAwareSampler

    lengths = torch.randint(5, 100, (640,), generator=torch.Generator().manual_seed(1)).tolist()

    def padded(order: list[int]) -> int:
        return sum(8 * max(lengths[i] for i in order[s : s + 8]) for s in range(0, len(order), 8))

    assert padded(list(LengthAwareSampler(lengths, 8, seed=0))) < 0.75 * padded(list(range(640)))
