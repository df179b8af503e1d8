"""How probable answers are: what is computed beside the generation is what one forward pass over each answer gives."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, Gemma2Config, Qwen3Config

from tasktune.inference.constraints import ChoiceMatcher
from tasktune.inference.decoding import Decoding
from tasktune.inference.engine import TransformersEngine
from tasktune.inference.probabilities import NEGLIGIBLE, Choices, Measured, Spelling
from tasktune.inference.watch import Watch

SIZES: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
    "eos_token_id": 2,
}
MODELS = {
    "full attention": Qwen3Config(**SIZES),
    "a window shorter than the prefix": Gemma2Config(**SIZES, sliding_window=8),
}
DECODING = Decoding(
    mode="free", max_new_tokens=12, context=128, stop=("<end>",), chat_template_sha256="", template_switches={}
)
LABELS = [[7, 8, 9, 2], [7, 8, 10, 11, 2], [7, 12, 2], [20, 21, 22, 2], [20, 21, 23, 24, 2], [30, 2]]


class Numbers:
    """Decodes ids as their numbers."""

    eos_token_id = 2
    pad_token_id = 0

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        return " ".join(map(str, ids))


def engine(name: str, batch_size: int) -> TransformersEngine:
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(MODELS[name])
    # Larger weights make a random model's choices differ from prompt to prompt.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return TransformersEngine(model, Numbers(), DECODING, batch_size)


def prompts(shared: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(5)
    prefix = torch.randint(3, 64, (shared,), generator=generator).tolist()
    return [prefix + torch.randint(3, 64, (n,), generator=generator).tolist() for n in (5, 1, 9, 3, 20, 7, 2)]


@torch.inference_mode()
def logprob(used: TransformersEngine, prompt: list[int], answer: Sequence[int]) -> float:
    """The sum of the log-probabilities of an answer's tokens, by one pass of the plain model."""
    logits = used.model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].double().log_softmax(-1)
    return sum(float(logits[len(prompt) + place - 1, token]) for place, token in enumerate(answer))


def alone_at(label: Sequence[int], labels: Sequence[Sequence[int]]) -> int:
    """How many first tokens tell a label from all others."""
    return next(end for end in range(len(label) + 1) if sum(each[:end] == label[:end] for each in labels) == 1)


def expected(used: TransformersEngine, prompt: list[int], labels: Sequence[Sequence[int]]) -> list[float]:
    alone = [label[: alone_at(label, labels)] for label in labels]
    whole = torch.tensor([logprob(used, prompt, label) for label in alone], dtype=torch.float64)
    return [float(share) for share in whole.softmax(0)]


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("shared", [0, 30])
@pytest.mark.parametrize("name", MODELS)
def test_shares_of_labels_are_those_of_a_pass_over_each(name: str, shared: int, constrained: bool) -> None:
    used, asked, choices = engine(name, 3), prompts(shared), Choices(LABELS)
    plain = dict(pair for batch in used.generate(asked) for pair in batch)
    watch = Watch(dict.fromkeys(range(len(asked)), choices))
    bound = [functools.partial(ChoiceMatcher, choices.trie)] * len(asked) if constrained else None
    answers = dict(pair for batch in used.generate(asked, bound, watch=watch) for pair in batch)
    assert constrained or answers == plain
    spelled = 0
    for number, prompt in enumerate(asked):
        found = watch.found[number]
        assert found.rest <= NEGLIGIBLE + 1e-6
        for label, share in enumerate(expected(used, prompt, LABELS)):
            assert found.choices.get(label, 0.0) <= share + 1e-4
            assert share <= found.choices.get(label, 0.0) + found.rest + 1e-4
        spelled += len(found.choices)
        ids = [int(token) for token in answers[number].split()]
        written = [*ids, 2] if found.tokens > len(ids) else ids
        assert len(written) == found.tokens
        assert found.logprob == pytest.approx(logprob(used, prompt, written), abs=1e-3)
    assert spelled > len(asked), "a model that is sure of everything proves little"


def test_only_prompts_with_a_closed_set_have_shares() -> None:
    used, asked = engine("full attention", 4), prompts(30)
    watch = Watch({1: Choices(LABELS)})
    list(used.generate(asked, watch=watch))
    assert [number for number in range(len(asked)) if watch.found[number].choices] == [1]
    assert all(measured.logprob < 0 and measured.tokens for measured in watch.found.values())


TREES = st.lists(st.lists(st.integers(1, 3), max_size=4).map(lambda ids: (*ids, 0)), min_size=1, unique=True)


@given(TREES, st.data())
def test_a_search_over_any_set_is_right_to_a_negligible_share(
    sequences: list[tuple[int, ...]], data: st.DataObject
) -> None:
    choices = Choices(sequences)
    logs: dict[tuple[int, ...], list[float]] = {}

    def following(path: tuple[int, ...]) -> list[float]:
        if path not in logs:
            weights = data.draw(st.lists(st.floats(-12, 5), min_size=5, max_size=5))
            total = math.log(sum(map(math.exp, weights)))
            logs[path] = [weight - total for weight in weights]
        return [logs[path][token] for token in choices.trie.allowed(path)]

    spelling = Spelling(choices)
    if spelling.following(()):
        spelling.learn((), following(()))
    while wanted := spelling.wanted():
        for path, further in wanted:
            for end in range(len(path), len(further) + 1):
                spelling.learn(further[:end], following(further[:end]))
    found, rest = spelling.result()
    assert rest <= NEGLIGIBLE + 1e-9
    assert sum(found.values()) + rest == pytest.approx(1)
    whole = {}
    for number, sequence in enumerate(sequences):
        alone = sequence[: alone_at(sequence, sequences)]
        steps = [(alone[:end], token) for end, token in enumerate(alone)]
        for path, _token in steps:
            following(path)
        whole[number] = math.exp(sum(logs[path][token] for path, token in steps))
    total = sum(whole.values())
    for number, weight in whole.items():
        assert found.get(number, 0.0) <= weight / total + 1e-9
        assert weight / total <= found.get(number, 0.0) + rest + 1e-9


def test_a_model_that_gives_no_answer_any_probability_leaves_all_alike() -> None:
    spelling = Spelling(Choices([(1, 0), (2, 0)]))
    spelling.learn((), [-math.inf, -math.inf])
    assert spelling.result() == ({0: 0.5, 1: 0.5}, 0.0)


def test_measured_survives_json() -> None:
    one = Measured(logprob=-0.5, tokens=3, choices={4: 0.25}, rest=0.01)
    assert Measured.model_validate_json(one.model_dump_json()) == one
