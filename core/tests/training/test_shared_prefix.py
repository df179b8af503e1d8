"""Computing what prompts have in common once is exact: equal losses and gradients, LoRA and full, on several models."""

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

from tasktune.training.audit import common_prefix
from tasktune.training.batches import Collator
from tasktune.training.recomputation import recompute_blocks
from tasktune.training.shared_prefix import (
    TokenLosses,
    Way,
    fastest,
    plain_way,
    token_losses,
    token_losses_apart,
)
from tasktune.training.split_attention import CannotSharePrefix
from tasktune.training.steps import LengthAwareSampler

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
    "gemma2 without windows": Gemma2Config(
        **SIZES, head_dim=8, attn_logit_softcapping=2.0, layer_types=["full_attention"] * 2
    ),
    "phi3": Phi3Config(**SIZES),
}
PREFIX = 40


def rows(answers: int = 1) -> list[dict[str, Any]]:
    """Five rows behind one prefix, each with so many answers."""
    generator = torch.Generator().manual_seed(0)

    def tokens(length: int) -> list[int]:
        return torch.randint(3, 128, (length,), generator=generator).tolist()

    prefix = tokens(PREFIX)
    return [
        {"prompt": prefix + tokens(length), "answers": [tokens(3 + length % 3 + answer) for answer in range(answers)]}
        for length in (6, 1, 14, 3, 27)
    ]


def way_of(losses: TokenLosses, *, together: bool = False) -> Way:
    return Way(Collator(0, PREFIX, together=together), torch.tensor(rows()[0]["prompt"][:PREFIX]), losses)


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


@pytest.mark.parametrize("losses", [token_losses, token_losses_apart])
@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("name", MODELS)
def test_losses_and_gradients_equal_the_plain_forward(name: str, lora: bool, losses: TokenLosses) -> None:
    if losses is token_losses_apart and name in SLIDING:
        with pytest.raises(CannotSharePrefix):
            compare(name, lora, way_of(losses), rows())
    else:
        compare(name, lora, way_of(losses), rows())


@pytest.mark.parametrize("losses", [token_losses, token_losses_apart])
@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("name", sorted(MODELS.keys() - SLIDING))
def test_answers_behind_one_prompt_do_not_see_each_other(name: str, lora: bool, losses: TokenLosses) -> None:
    compare(name, lora, way_of(losses, together=True), rows(answers=2))


@pytest.mark.parametrize("losses", [token_losses, token_losses_apart])
@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("name", MODELS)
def test_blocks_that_are_computed_again_give_the_same(name: str, lora: bool, losses: TokenLosses) -> None:
    if losses is token_losses_apart and name in SLIDING:
        return
    together = name not in SLIDING
    compare(name, lora, way_of(losses, together=together), rows(answers=2), recomputed=True)


def test_blocks_that_are_computed_again_keep_less() -> None:
    def kept(recomputed: bool) -> int:
        _model, causal_lm = model_of(MODELS["qwen3"], lora=True)
        if recomputed:
            assert recompute_blocks(causal_lm.get_decoder()) == SIZES["num_hidden_layers"]
        way = way_of(token_losses_apart)
        sizes: dict[int, int] = {}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            way(causal_lm, way.collator(rows()))
        return sum(sizes.values())

    assert kept(recomputed=True) < 0.6 * kept(recomputed=False)


def test_answers_stand_together_without_a_prefix_too() -> None:
    alone = Way(Collator(0, 0, together=True), torch.tensor([], dtype=torch.long), token_losses)
    compare("qwen3", False, alone, rows(answers=2))


@pytest.mark.parametrize("together", [False, True])
def test_eager_attention_is_masked_as_well(together: bool) -> None:
    config = MODELS["qwen3"].__class__(**{**MODELS["qwen3"].to_dict(), "attn_implementation": "eager"})
    compare_configured(config, False, way_of(token_losses, together=together), rows(answers=2))


def compare(name: str, lora: bool, way: Way, given: list[dict[str, Any]], *, recomputed: bool = False) -> None:
    compare_configured(MODELS[name], lora, way, given, recomputed=recomputed)


def compare_configured(
    config: PreTrainedConfig, lora: bool, way: Way, given: list[dict[str, Any]], *, recomputed: bool = False
) -> None:
    model, causal_lm = model_of(config, lora)
    found = []
    for each in (plain_way(0), way):
        if each is way and recomputed:
            recompute_blocks(causal_lm.get_decoder())
        model.zero_grad()
        losses = each(causal_lm, each.collator(given))
        # Not all alike, so that a loss at another token's place is noticed.
        (losses * torch.linspace(0.5, 2.0, len(losses))).sum().backward()
        found.append((losses.detach(), gradients(model)))
    (plain, plain_gradients), (shared, shared_gradients) = found
    torch.testing.assert_close(shared, plain, rtol=1e-5, atol=1e-5)
    assert (shared_gradients - plain_gradients).norm() / plain_gradients.norm() < 1e-5


def test_the_losses_are_the_models_own() -> None:
    _model, causal_lm = model_of(MODELS["qwen3"], lora=False)
    [row] = rows()[:1]
    ids = torch.tensor([row["prompt"] + row["answers"][0]])
    labels = torch.tensor([[-100] * len(row["prompt"]) + row["answers"][0]])
    own = causal_lm(input_ids=ids, labels=labels).loss
    way = plain_way(0)
    assert way(causal_lm, way.collator([row])).mean().item() == pytest.approx(own.item(), rel=1e-5)


def test_a_model_that_ignores_the_cache_is_noticed() -> None:
    _model, causal_lm = model_of(MODELS["qwen3"], lora=False)
    decoder = causal_lm.model
    forward = decoder.forward
    prefix = rows()[0]["prompt"][:PREFIX]
    way = fastest(causal_lm, rows(), prefix, 0, tolerance=1e-4)
    assert way is not None
    assert way.token_losses is token_losses_apart

    def forgetful(**arguments: Any) -> Any:
        if "past_key_values" in arguments:
            arguments["past_key_values"] = None
            if arguments.get("attention_mask") is not None:
                arguments["attention_mask"] = arguments["attention_mask"][:, -arguments["input_ids"].shape[1] :]
        return forward(**arguments)

    decoder.forward = forgetful
    assert fastest(causal_lm, rows(), prefix, 0, tolerance=1e-4) is None


def test_a_model_with_an_attention_of_its_own_shares_it_the_other_way() -> None:
    _model, causal_lm = model_of(MODELS["qwen3"], lora=False)
    forward = causal_lm.model.forward

    def own_attention(**arguments: Any) -> Any:
        asked, causal_lm.model.config._attn_implementation = causal_lm.model.config._attn_implementation, "eager"
        try:
            return forward(**arguments)
        finally:
            causal_lm.model.config._attn_implementation = asked

    causal_lm.model.forward = own_attention
    way = fastest(causal_lm, rows(), rows()[0]["prompt"][:PREFIX], 0, tolerance=1e-4)
    assert way is not None
    assert way.token_losses is token_losses


@pytest.mark.parametrize("name", MODELS)
def test_pairs_stand_together_unless_the_model_has_windows(name: str) -> None:
    _model, causal_lm = model_of(MODELS[name], lora=False)
    given = rows(answers=2)
    way = fastest(causal_lm, given, given[0]["prompt"][:PREFIX], 0, tolerance=1e-4)
    assert way is not None
    assert way.collator.together is (name not in SLIDING)


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
    sampler = LengthAwareSampler(lengths, batch_size, seed=7)
    sampler.set_epoch(epoch)
    order = list(sampler)
    assert sorted(order) == list(range(len(lengths)))
    again = LengthAwareSampler(lengths, batch_size, seed=7)
    again.set_epoch(epoch)
    assert list(again) == order


@given(
    st.lists(st.sampled_from("aaaaab"), min_size=2, max_size=100).filter(lambda groups: len(set(groups)) == 2),
    st.integers(0, 3),
)
def test_balanced_sampling_shows_every_class_as_often(groups: list[str], epoch: int) -> None:
    sampler = LengthAwareSampler([1] * len(groups), 4, seed=7, groups=groups)
    sampler.set_epoch(epoch)
    order = list(sampler)
    assert len(order) == len(groups)
    shown = [sum(groups[row] == group for row in order) for group in "ab"]
    assert abs(shown[0] - shown[1]) <= 1
    # No row comes again before every other of its class has come.
    for group in "ab":
        times = [order.count(row) for row, of_row in enumerate(groups) if of_row == group]
        assert max(times) - min(times) <= 1


def test_padding_shrinks() -> None:
    lengths = torch.randint(5, 100, (640,), generator=torch.Generator().manual_seed(1)).tolist()

    def padded(order: list[int]) -> int:
        return sum(8 * max(lengths[i] for i in order[s : s + 8]) for s in range(0, len(order), 8))

    assert padded(list(LengthAwareSampler(lengths, 8, seed=0))) < 0.75 * padded(list(range(640)))
