"""A pass over a prefix ends where nothing more is needed of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, DynamicCache, Qwen3Config

from tasktune.training.prefix_cache import keys_and_values
from tasktune.training.recomputation import blocks_of, recompute_blocks

PREFIX = torch.arange(3, 20)


@pytest.fixture
def decoder() -> Any:
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
    )
    return AutoModelForCausalLM.from_config(config).get_decoder().eval()


def passes_of(module: torch.nn.Module) -> list[int]:
    """Filled with the number of tokens of each pass through ``module``."""
    found: list[int] = []
    module.register_forward_hook(lambda _module, _arguments, result: found.append(result.shape[1]))
    return found


@torch.no_grad()
def test_keys_and_values_are_those_of_a_whole_pass(decoder: Any) -> None:
    whole = DynamicCache(config=decoder.config)
    decoder(input_ids=PREFIX[None], past_key_values=whole, use_cache=True)
    found = keys_and_values(decoder, PREFIX)
    assert len(found.layers) == len(whole.layers)
    for layer, expected in zip(found.layers, whole.layers, strict=True):
        assert type(layer) is type(expected)
        torch.testing.assert_close(layer.keys, expected.keys, rtol=0, atol=0)
        torch.testing.assert_close(layer.values, expected.values, rtol=0, atol=0)


@torch.no_grad()
def test_what_comes_behind_the_last_keys_and_values_is_not_computed(decoder: Any) -> None:
    first, last = passes_of(blocks_of(decoder)[0].mlp), passes_of(blocks_of(decoder)[-1].mlp)
    normed = passes_of(decoder.norm)
    keys_and_values(decoder, PREFIX)
    assert (first, last, normed) == ([len(PREFIX)], [], [])


@torch.no_grad()
@pytest.mark.parametrize("who", ["the block", "the decoder"])
def test_who_waits_for_the_end_of_a_pass_sees_it(decoder: Any, who: str) -> None:
    seen: list[str] = []
    module = blocks_of(decoder)[-1] if who == "the block" else decoder
    module.register_forward_hook(lambda *_arguments: seen.append(who))
    assert keys_and_values(decoder, PREFIX).get_seq_length() == len(PREFIX)
    assert seen == [who]


def test_blocks_that_are_computed_again_are_passed_through_whole(decoder: Any) -> None:
    normed = passes_of(decoder.norm)
    recompute_blocks(decoder)
    cache = keys_and_values(decoder, PREFIX)
    assert normed == [len(PREFIX)]
    cache.layers[-1].values.sum().backward()
    assert decoder.get_input_embeddings().weight.grad.abs().sum() > 0
