"""Rows that share more than the prefix stand behind one copy of it: the same losses and gradients, fewer tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from datasets import Dataset
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

from tasktune.training.at_once import AtOnce
from tasktune.training.batches import Collator
from tasktune.training.branches import Branching, alike, beginnings
from tasktune.training.recomputation import recompute_blocks
from tasktune.training.shared_prefix import TokenLosses, Way, fastest, plain_way, token_losses, token_losses_apart
from tasktune.training.steps import Cut

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
SEEING_ALL: dict[str, PreTrainedConfig] = {
    "qwen3": Qwen3Config(**SIZES, head_dim=8),
    "qwen2": Qwen2Config(**SIZES),
    "llama": LlamaConfig(**SIZES),
    "gemma2 without windows": Gemma2Config(
        **SIZES, head_dim=8, attn_logit_softcapping=2.0, layer_types=["full_attention"] * 2
    ),
    "phi3": Phi3Config(**SIZES),
}
WITH_WINDOWS: dict[str, PreTrainedConfig] = {
    "mistral": MistralConfig(**SIZES, sliding_window=16),
    "gemma2": Gemma2Config(**SIZES, head_dim=8, sliding_window=16),
}
BRANCHING = Branching(even=6 * 32)
PREFIX = 40


def tokens(generator: torch.Generator, length: int) -> list[int]:
    return torch.randint(3, 128, (length,), generator=generator).tolist()


def rows(answers: int = 1, prefix: int = PREFIX) -> list[dict[str, Any]]:
    """Behind one prefix, not in the order of their texts: three questions about one text and two about another, a row
    alone, and one prompt twice."""
    generator = torch.Generator().manual_seed(0)
    beginning, one, other = (tokens(generator, length) for length in (prefix, 30, 24))
    prompts = [
        one + tokens(generator, 4),
        other + tokens(generator, 1),
        tokens(generator, 20),
        one + tokens(generator, 7),
        one + tokens(generator, 2),
        other + tokens(generator, 6),
    ]
    return [
        {
            "prompt": beginning + prompt,
            "answers": [tokens(generator, 3 + place % 3 + answer) for answer in range(answers)],
        }
        for place, prompt in enumerate([*prompts, prompts[1]])
    ]


def way_of(losses: TokenLosses, branching: Branching | None = BRANCHING, prefix: int = PREFIX) -> Way:
    shared = torch.tensor(rows(prefix=prefix)[0]["prompt"][:prefix], dtype=torch.long)
    return Way(Collator(0, prefix, branching=branching), shared, losses)


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


def compare(
    config: PreTrainedConfig, lora: bool, way: Way, given: list[dict[str, Any]], *, recomputed: bool = False
) -> None:
    """Each token's loss, and the gradient of all, by ``way`` and by the model's own forward."""
    model, causal_lm = model_of(config, lora)
    found = []
    for each in (plain_way(0), way):
        if each is way and recomputed:
            recompute_blocks(causal_lm.get_decoder())
        model.zero_grad()
        losses = each(causal_lm, each.collator(given))
        # Not all alike, so that a loss at another token's place is noticed.
        (losses * torch.linspace(0.5, 2.0, len(losses))).sum().backward()
        gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        found.append((losses.detach(), gradient))
    (plain, plain_gradient), (branched, branched_gradient) = found
    torch.testing.assert_close(branched, plain, rtol=1e-5, atol=1e-5)
    assert (branched_gradient - plain_gradient).norm() / plain_gradient.norm() < 1e-5


@pytest.mark.parametrize("answers", [1, 2])
@pytest.mark.parametrize("losses", [token_losses, token_losses_apart])
@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("name", SEEING_ALL)
def test_losses_and_gradients_equal_the_plain_forward(name: str, lora: bool, losses: TokenLosses, answers: int) -> None:
    given = rows(answers)
    assert len(way_of(losses).collator(given)["input_ids"]) == 3
    compare(SEEING_ALL[name], lora, way_of(losses), given)


@pytest.mark.parametrize("losses", [token_losses, token_losses_apart])
def test_blocks_that_are_computed_again_give_the_same(losses: TokenLosses) -> None:
    compare(SEEING_ALL["qwen3"], True, way_of(losses), rows(2), recomputed=True)


def test_rows_share_without_a_prefix_of_all_too() -> None:
    compare(SEEING_ALL["qwen3"], False, way_of(token_losses, prefix=0), rows(prefix=0))


def test_eager_attention_is_masked_as_well() -> None:
    config = SEEING_ALL["qwen3"].__class__(**{**SEEING_ALL["qwen3"].to_dict(), "attn_implementation": "eager"})
    compare(config, False, way_of(token_losses), rows(2))


def test_every_answer_of_several_behind_a_prompt_of_its_own_can_share_it() -> None:
    apart = Collator(0, PREFIX, together=False, branching=BRANCHING)
    way = Way(apart, torch.tensor(rows()[0]["prompt"][:PREFIX]), token_losses)
    assert len(apart(rows(2))["input_ids"]) < 14
    compare(SEEING_ALL["qwen3"], False, way, rows(2))


@pytest.mark.parametrize("name", [*SEEING_ALL, *WITH_WINDOWS])
def test_branches_are_taken_unless_the_model_has_windows(name: str) -> None:
    config = SEEING_ALL.get(name) or WITH_WINDOWS[name]
    _model, causal_lm = model_of(config, lora=False)
    way = fastest(causal_lm, rows(), rows()[0]["prompt"][:PREFIX], 0, tolerance=1e-4, alike=rows())
    assert way is not None
    assert (way.collator.branching is not None) == (name in SEEING_ALL)


def test_branches_are_not_taken_unasked_nor_where_the_model_makes_its_own_masks() -> None:
    _model, causal_lm = model_of(SEEING_ALL["qwen3"], lora=False)
    prefix = rows()[0]["prompt"][:PREFIX]
    for options in ({}, {"alike": rows(), "own_masks": False}):
        way = fastest(causal_lm, rows(), prefix, 0, tolerance=1e-4, **options)
        assert way is not None
        assert way.collator.branching is None


def test_a_model_that_drops_masks_takes_no_branches() -> None:
    _model, causal_lm = model_of(SEEING_ALL["qwen3"], lora=False)
    forward = causal_lm.model.forward

    def causal(**arguments: Any) -> Any:
        mask = arguments.get("attention_mask")
        if mask is not None and mask.dim() == 4:
            arguments["attention_mask"] = None
        return forward(**arguments)

    causal_lm.model.forward = causal
    way = fastest(causal_lm, rows(), rows()[0]["prompt"][:PREFIX], 0, tolerance=1e-4, alike=rows())
    assert way is not None
    assert way.collator.branching is None


TEXT = st.lists(st.integers(3, 5), min_size=1, max_size=40)
QUESTIONS = st.lists(st.tuples(st.integers(0, 2), TEXT, st.lists(TEXT, min_size=1, max_size=2)), min_size=1, max_size=9)


@given(st.lists(TEXT, min_size=3, max_size=3), QUESTIONS, st.booleans())
def test_every_token_sees_what_it_would_see_alone(
    texts: list[list[int]], questions: list[tuple[int, list[int], list[list[int]]]], together: bool
) -> None:
    """What a token sees, with the positions, is the row up to it, whatever the layout; and no batch grows by it."""
    given = [{"prompt": texts[text] * 2 + rest, "answers": answers} for text, rest, answers in questions]
    given = [{**row, "answers": row["answers"][:1] * len(questions[0][2])} for row in given]
    plain = Collator(0, 0, together=False)(given)
    branched = Collator(0, 0, together=together, branching=BRANCHING)(given)
    assert branched["input_ids"].numel() <= Collator(0, 0, together=together)(given)["input_ids"].numel()
    for name in ("targets", "answers", "weights"):
        assert torch.equal(branched[name], plain[name])
    for one, other in zip(seen(branched), seen(plain), strict=True):
        assert one == other


def seen(batch: dict[str, torch.Tensor]) -> list[list[tuple[int, int]]]:
    """For each labelled token the (position, id) of all that its prediction sees, in order."""
    width = batch["input_ids"].shape[1]
    found = []
    for source in batch["sources"].tolist():
        sequence, place = divmod(source, width)
        mask = batch["attention_mask"][sequence]
        mask = mask[place] if mask.dim() == 2 else (mask.bool() & (torch.arange(width) <= place))
        places = mask.nonzero().flatten()
        pairs = zip(
            batch["position_ids"][sequence, places].tolist(), batch["input_ids"][sequence, places].tolist(), strict=True
        )
        found.append(sorted(pairs))
    return found


def test_one_long_group_does_not_make_others_longer() -> None:
    generator = torch.Generator().manual_seed(1)
    text = tokens(generator, 60)
    answers = [[7, 8]]
    group = [{"prompt": text + tokens(generator, 40), "answers": answers} for _row in range(4)]
    alone = [{"prompt": tokens(generator, 100), "answers": answers} for _row in range(30)]
    collator = Collator(0, 0, branching=Branching(even=6 * 1024))
    assert collator(group)["input_ids"].shape == (1, 60 + 4 * 41)
    assert len(collator([*group, *alone])["input_ids"]) == 34


def test_a_group_is_not_longer_than_masks_can_be() -> None:
    generator = torch.Generator().manual_seed(1)
    text = tokens(generator, 700)
    given = [{"prompt": text + tokens(generator, 300), "answers": [[7]]} for _row in range(12)]
    sequences, width = Collator(0, 0, branching=Branching(even=6 * 4096))(given)["input_ids"].shape
    assert (sequences, width) == (3, 700 + 4 * 300)
    longer = [{"prompt": row["prompt"] * 3, "answers": [[7]]} for row in given[:2]]
    assert Collator(0, 0, branching=Branching(even=6 * 4096))(longer)["input_ids"].shape == (2, 3000)


def test_a_step_brings_rows_of_one_text_together_and_leaves_others_as_they_are() -> None:
    collator = Collator(0, PREFIX, branching=BRANCHING)
    given = [{**row, "row": number} for number, row in enumerate(rows())]
    batches = Cut(collator, AtOnce(rows=3))(given)
    assert [batch["rows"].tolist() for batch in batches] == [[2, 1, 5], [6, 0, 3], [4]]
    unlike = [{**row, "row": number, "prompt": row["prompt"][: PREFIX + 1]} for number, row in enumerate(rows())]
    batches = Cut(collator, AtOnce(rows=3))(unlike)
    assert [batch["rows"].tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    prompts = [row["prompt"] for row in rows()]
    return Dataset.from_dict({"prompt": [*prompts, prompts[0][: PREFIX + 3], prompts[0][: PREFIX + 3]]})


def test_beginnings_are_the_same_where_the_tokens_are(dataset: Dataset) -> None:
    keys = beginnings(dataset, PREFIX).tolist()
    assert keys[0] == keys[3] == keys[4]
    assert keys[1] == keys[5] == keys[6]
    # Those that end before it have a beginning each, as the row alone has.
    assert len(set(keys)) == 5
    assert numpy.array_equal(beginnings(dataset.select(range(3)).flatten_indices(), PREFIX)[:3], keys[:3])


def test_rows_that_share_are_found(dataset: Dataset) -> None:
    assert alike(dataset, PREFIX) in {(0, 3), (1, 5), (3, 4), (5, 6)}
    assert alike(dataset.select([0, 1, 2]).flatten_indices(), PREFIX) is None
