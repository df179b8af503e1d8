"""A class weighs the tokens of the parts of an answer that speak of it, and the loss is what follows by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, ByT5Tokenizer, PreTrainedTokenizerFast, Qwen3Config

from tasktune.data.encode import Encoder
from tasktune.errors import InputError
from tasktune.training.class_weights import weights_of
from tasktune.training.objectives import Orpo, Sft
from tasktune.training.shared_prefix import plain_way
from tasktune.training.token_weights import token_weights
from tasktune.training.tokens import encode_version, load_tokens

ORG, PER = '{"text": "TSMC", "label": "ORG"}', '{"text": "魏哲家", "label": "PER"}'
BOTH = f"[{ORG}, {PER}]"
QUESTION = [{"role": "system", "content": "Find entities."}, {"role": "user", "content": "TSMC 魏哲家"}]
SHAPE = Qwen3Config(
    vocab_size=512,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=8,
)


def row(number: int, answer: str, *parts: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A row as it is written; ``parts`` are the texts in the answer and their classes, in order."""
    spans = [{"name": name, "start": answer.index(part), "end": answer.index(part) + len(part)} for part, name in parts]
    return {
        "id": f"data/train.jsonl:{number}",
        "inputs": {},
        "target": answer,
        "classes": [name for _part, name in parts],
        "messages": [*QUESTION, {"role": "assistant", "content": answer}],
        "class_spans": spans,
        **more,
    }


TWO_TYPES, ONE_TYPE, NONE = row(1, BOTH, (ORG, "ORG"), (PER, "PER")), row(2, f"[{ORG}]", (ORG, "ORG")), row(3, "[]")


def encoded(folder: Path, tokenizer: Any, *rows: Any, pairs: bool = False, **weights: float) -> list[dict[str, Any]]:
    """The rows as training gets them."""
    for name, written in (("pairs" if pairs else "train", rows), ("valid", ())):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in written), "utf-8")
    encode_version(folder, Encoder(tokenizer), 512, "refuse", pairs=pairs, weights=weights)
    return list(load_tokens(folder, "train"))


def by_bytes(answer: str, *heavy: tuple[str, float]) -> list[float]:
    """The weights of an answer's bytes, each a token, and of the end of its turn."""
    weights = [1.0] * (len(answer.encode()) + 1)
    for part, weight in heavy:
        start = answer.encode().index(part.encode())
        weights[start : start + len(part.encode())] = [weight] * len(part.encode())
    return weights


def test_every_part_has_the_weight_of_its_class(tmp_path: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    two, one, none = encoded(tmp_path, byte_tokenizer, TWO_TYPES, ONE_TYPE, NONE, PER=5.0, ORG=0.5)
    assert two["weights"] == [by_bytes(BOTH, (PER, 5.0), (ORG, 0.5))]
    assert one["weights"] == [by_bytes(f"[{ORG}]", (ORG, 0.5))]
    assert none["weights"] == [[1.0, 1.0, 1.0]]


def test_what_the_template_puts_around_an_answer_moves_nothing(
    tmp_path: Path, byte_tokenizer: PreTrainedTokenizerFast
) -> None:
    """As Qwen3's template, which opens an answer with an empty think block and strips what follows it."""
    thinking = PreTrainedTokenizerFast(
        tokenizer_object=byte_tokenizer.backend_tokenizer,
        eos_token="<|im_end|>",
        chat_template="{% for m in messages %}<|im_start|>{{ m.role }}\n"
        "{{ '<think>\n\n</think>\n\n' if m.role == 'assistant' else '' }}{{ m.content | trim }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n\n</think>\n\n{% endif %}",
    )
    answer = f" {BOTH}"
    [plain] = encoded(tmp_path, byte_tokenizer, row(1, answer, (PER, "PER")), PER=5.0)
    (tmp_path / "audit.json").unlink()
    [other] = encoded(tmp_path, thinking, row(1, answer, (PER, "PER")), PER=5.0)
    assert thinking.decode(other["prompt"]).endswith("<think>\n\n</think>\n\n")
    assert other["answers"] == plain["answers"]
    assert other["weights"] == plain["weights"] == [by_bytes(answer, (PER, 5.0))]


def test_the_loss_of_two_types_in_one_answer_by_hand(tmp_path: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    """Σ w·l / Σ w over both rows, the losses from the model's logits token by token."""
    rows = encoded(tmp_path, byte_tokenizer, TWO_TYPES, ONE_TYPE, PER=5.0)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(SHAPE).eval()
    weighed = weight = 0.0
    for answer, encoded_row in ((BOTH, rows[0]), (f"[{ORG}]", rows[1])):
        ids = byte_tokenizer(answer, add_special_tokens=False)["input_ids"] + [byte_tokenizer.eos_token_id]
        prompt = encoded_row["prompt"]
        with torch.no_grad():
            logits = model(torch.tensor([prompt + ids])).logits[0].double().log_softmax(-1)
        inside = answer.encode().find(PER.encode())
        for place, token in enumerate(ids):
            of_token = 5.0 if 0 <= inside <= place < inside + len(PER.encode()) else 1.0
            weighed -= of_token * float(logits[len(prompt) + place - 1, token])
            weight += of_token

    way = plain_way(0)
    batch = way.collator(rows)
    with torch.no_grad():
        total, _told = Sft().total(way(model, batch), batch)
    assert (total / Sft().size(batch)).item() == pytest.approx(weighed / weight, rel=1e-6)
    assert Sft().size(batch).item() == weight


def test_a_pair_weighs_the_mean_of_its_chosen_answer(tmp_path: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    pair = {**TWO_TYPES, "rejected": "no idea"}
    [encoded_pair] = encoded(tmp_path, byte_tokenizer, pair, pairs=True, PER=5.0)
    chosen, rejected = encoded_pair["weights"]
    assert chosen == by_bytes(BOTH, (PER, 5.0))
    assert rejected == [1.0] * len(encoded_pair["answers"][1])
    batch = plain_way(0).collator([encoded_pair])
    assert Orpo(0.1).size(batch).item() == pytest.approx(sum(chosen) / len(chosen), rel=1e-6)


def test_balanced_counts_entities(tmp_path: Path) -> None:
    rows = [TWO_TYPES, row(2, f"[{ORG}, {ORG}]", (ORG, "ORG"), (ORG, "ORG")), NONE]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows), "utf-8")
    # Of four entities three are ORG: 4 / (2 · 3) and 4 / (2 · 1).
    assert weights_of("balanced", tmp_path / "train.jsonl") == {"ORG": pytest.approx(4 / 6), "PER": 2.0}


def test_a_tokenizer_that_does_not_tell_is_an_error(tmp_path: Path) -> None:
    tokenizer = ByT5Tokenizer()
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}</s>{% endfor %}"
    with pytest.raises(InputError, match=r"does not tell which characters of the answer in data/train\.jsonl:1"):
        encoded(tmp_path, tokenizer, TWO_TYPES, PER=5.0)
    assert not (tmp_path / "audit.json").exists()
    # Where whole answers are weighed, nobody needs to know.
    whole = {name: value for name, value in TWO_TYPES.items() if name != "class_spans"}
    [by_row] = encoded(tmp_path, tokenizer, whole, PER=5.0)
    assert by_row["weights"] == [[3.0] * len(by_row["answers"][0])]


def test_tokens_on_an_edge_weigh_what_their_characters_do() -> None:
    # [{" and "}, of a list: one character and two outside of the object, that is two and one.
    assert token_weights([(0, 3), (3, 8), (8, 11), (11, 21)], [(1, 10, 5.0)]) == [
        pytest.approx(11 / 3),
        5.0,
        pytest.approx(11 / 3),
        1.0,
    ]
    assert token_weights([(0, 2), (2, 4)], [(0, 3, 5.0), (3, 4, 2.0)]) == [5.0, 3.5]


def test_parts_of_a_character_and_tokens_without_any() -> None:
    assert token_weights([(0, 0), (0, 1), (0, 1), (1, 2)], [(0, 1, 5.0)]) == [1.0, 5.0, 5.0, 1.0]
    assert token_weights([], []) == []


@given(st.data())
def test_where_no_token_straddles_the_weights_of_characters_add_up(data: st.DataObject) -> None:
    """Cut anywhere between spans or within, tokens of one character each weigh as much in all as longer ones."""
    cuts = sorted(data.draw(st.sets(st.integers(1, 30), min_size=1, max_size=12)))
    offsets = list(zip([0, *cuts], cuts, strict=False))
    weights = [data.draw(st.sampled_from([None, 0.25, 1.2, 5.0])) for _token in offsets]
    spans = [(*offset, weight) for offset, weight in zip(offsets, weights, strict=True) if weight is not None]
    found = token_weights(offsets, spans)
    assert found == [pytest.approx(1.0 if weight is None else weight, rel=1e-12) for weight in weights]
    characters = token_weights([(place, place + 1) for place in range(cuts[-1])], spans)
    covered = sum(weight * (end - start) for weight, (start, end) in zip(found, offsets, strict=True))
    assert math.isclose(covered, sum(characters), rel_tol=1e-9)
