"""The fast engine answers what one-by-one generation answers, on prompts with a common prefix and without."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma2Config, LlamaConfig, Qwen3Config

from tasktune.inference.choices import ChoiceTrie
from tasktune.inference.constraints import ChoiceMatcher
from tasktune.inference.decoding import Decoding
from tasktune.inference.engine import TransformersEngine

SIZES: dict[str, Any] = {
    "vocab_size": 64,
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
    "llama": LlamaConfig(**SIZES),
    "gemma2 with a window shorter than the prefix": Gemma2Config(**SIZES, head_dim=8, sliding_window=8),
}
DECODING = Decoding(
    mode="free",
    max_new_tokens=12,
    context=128,
    stop=("<end>",),
    chat_template_sha256="",
    template_switches={},
)


class IdTokenizer:
    """Decodes ids as their numbers, which is all that the engine asks of a tokenizer."""

    eos_token_id = 2
    pad_token_id = 0

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        assert skip_special_tokens
        return " ".join(map(str, ids))


def engine(name: str, batch_size: int) -> TransformersEngine:
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(MODELS[name])
    # Larger weights make a random model's choices differ from prompt to prompt.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return TransformersEngine(model, IdTokenizer(), DECODING, batch_size)


def prompts(shared: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(5)
    prefix = torch.randint(3, 64, (shared,), generator=generator).tolist()
    return [prefix + torch.randint(3, 64, (n,), generator=generator).tolist() for n in (5, 1, 9, 3, 20, 7, 2)]


def naive(used: TransformersEngine, prompt: list[int]) -> str:
    output = used.model.generate(
        input_ids=torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        max_new_tokens=DECODING.max_new_tokens,
        do_sample=False,
        eos_token_id=used.stop_ids,
        pad_token_id=used.pad,
    )[0, len(prompt) :].tolist()
    ids = output[: output.index(2)] if 2 in output else output
    return " ".join(map(str, ids))


@pytest.mark.parametrize("shared", [0, 30])
@pytest.mark.parametrize("batch_size", [1, 3, 16])
@pytest.mark.parametrize("name", MODELS)
def test_batches_over_a_shared_cache_answer_as_one_by_one(name: str, batch_size: int, shared: int) -> None:
    used = engine(name, batch_size)
    asked = prompts(shared)
    answers = dict(pair for batch in used.generate(asked) for pair in batch)
    expected = {index: naive(used, prompt) for index, prompt in enumerate(asked)}
    assert answers == expected
    assert len(set(expected.values())) > 1, "a model that answers everything alike proves nothing"


def test_a_model_with_an_attention_of_its_own_answers_the_same() -> None:
    used = engine("qwen3", 3)
    asked = prompts(30)
    expected = {index: naive(used, prompt) for index, prompt in enumerate(asked)}
    forward = used.model.model.forward

    def own_attention(*inputs: Any, **arguments: Any) -> Any:
        config = used.model.model.config
        asked_for, config._attn_implementation = config._attn_implementation, "eager"
        try:
            return forward(*inputs, **arguments)
        finally:
            config._attn_implementation = asked_for

    used.model.model.forward = own_attention
    assert dict(pair for batch in used.generate(asked) for pair in batch) == expected


def test_finished_batches_are_skipped() -> None:
    used = engine("qwen3", 3)
    asked = prompts(30)
    first, *_rest = used.batches(asked)
    answers = dict(pair for batch in used.generate(asked, skip=frozenset(first)) for pair in batch)
    assert sorted([*answers, *first]) == list(range(len(asked)))


def test_each_prompt_gets_one_of_its_own_choices() -> None:
    used = engine("qwen3", 4)
    tries = [ChoiceTrie([[7, 8, 2], [7, 9, 2], [11, 2]]), ChoiceTrie([[5, 2], [6, 2]])]
    asked = prompts(30)
    constraints = [functools.partial(ChoiceMatcher, tries[number % 2]) for number in range(len(asked))]
    answers = dict(pair for batch in used.generate(asked, constraints) for pair in batch)
    assert sorted(answers) == list(range(len(asked)))
    assert {answers[number] for number in answers if number % 2 == 0} <= {"7 8", "7 9", "11"}
    assert {answers[number] for number in answers if number % 2 == 1} <= {"5", "6"}
