"""The loss audit counts every row and token, and no row is cut: it is refused or left out, by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

from tasktune.data.encode import Encoder
from tasktune.errors import InputError, RunError
from tasktune.training.class_weights import weights_of
from tasktune.training.tokens import encode_version, load_tokens

SYSTEM = {"role": "system", "content": "Answer yes or no."}


def row(number: int, text: str, answer: str) -> dict[str, Any]:
    chat = [SYSTEM, {"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    return {"id": f"data/train.jsonl:{number}", "inputs": {}, "target": answer, "classes": [answer], "messages": chat}


ROWS = [row(1, "good", "yes"), row(2, "bad, very bad", "no"), row(3, "fine", "yes")]


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(made) + "\n" for made in ROWS), "utf-8")
    (tmp_path / "valid.jsonl").write_text("", "utf-8")
    return tmp_path


def test_ids_and_audit_agree_with_the_template(prepared: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    audit = encode_version(prepared, Encoder(byte_tokenizer), 512, "refuse")
    rows = load_tokens(prepared, "train")
    assert len(rows) == audit.train.rows == len(ROWS)
    completions = 0
    for made, encoded in zip(ROWS, rows, strict=True):
        [answer] = encoded["answers"]
        whole = byte_tokenizer.decode(encoded["prompt"] + answer)
        assert whole + "\n" == byte_tokenizer.apply_chat_template(made["messages"], tokenize=False)
        assert byte_tokenizer.decode(answer) == made["target"] + "<|im_end|>"
        completions += len(answer)
    assert audit.train.completion_tokens == completions
    assert audit.train.longest == max(len(row["prompt"]) + len(row["answers"][0]) for row in rows)
    assert {name: found.rows for name, found in audit.train.classes.items()} == {"no": 1, "yes": 2}
    assert audit.train.classes["no"].completion_tokens == len("no") + 1
    prefix = byte_tokenizer.decode(rows[0]["prompt"][: audit.train.prefix])
    assert prefix == "<|im_start|>system\nAnswer yes or no.<|im_end|>\n<|im_start|>user\n"
    assert audit.valid is None


def test_rows_that_are_too_long_are_refused_by_name(prepared: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    limit = encode_version(prepared, Encoder(byte_tokenizer), 512, "refuse").train.longest - 1
    (prepared / "audit.json").unlink()
    with pytest.raises(InputError) as caught:
        encode_version(prepared, Encoder(byte_tokenizer), limit, "refuse")
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == ("data/train.jsonl", 2)
    assert not (prepared / "audit.json").exists()


def test_dropped_rows_are_in_the_audit(prepared: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    limit = encode_version(prepared, Encoder(byte_tokenizer), 512, "refuse").train.longest - 1
    (prepared / "audit.json").unlink()
    audit = encode_version(prepared, Encoder(byte_tokenizer), limit, "drop")
    assert audit.train.dropped == ("data/train.jsonl:2",)
    assert audit.train.rows == len(load_tokens(prepared, "train")) == 2


def test_nothing_left_after_dropping_is_an_error(prepared: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(RunError):
        encode_version(prepared, Encoder(byte_tokenizer), 3, "drop")


def test_an_encoded_version_is_not_encoded_again(prepared: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    first = encode_version(prepared, Encoder(byte_tokenizer), 512, "refuse")
    (prepared / "train.jsonl").write_text("", "utf-8")
    assert encode_version(prepared, Encoder(byte_tokenizer), 512, "refuse") == first


def test_a_pair_has_both_answers_and_counts_with_the_longer(
    prepared: Path, byte_tokenizer: PreTrainedTokenizerFast
) -> None:
    pair = {**ROWS[0], "rejected": "certainly not"}
    (prepared / "pairs.jsonl").write_text(json.dumps(pair) + "\n", "utf-8")
    audit = encode_version(prepared, Encoder(byte_tokenizer), 512, "refuse", pairs=True)
    [row] = load_tokens(prepared, "train")
    assert [byte_tokenizer.decode(answer) for answer in row["answers"]] == ["yes<|im_end|>", "certainly not<|im_end|>"]
    assert audit.train.longest == len(row["prompt"]) + len(row["answers"][1])
    assert audit.train.completion_tokens == sum(map(len, row["answers"]))


def test_every_token_has_the_weight_of_its_class(prepared: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    weights = weights_of("balanced", prepared / "train.jsonl")
    # Of three rows two are "yes": 3 / (2 · 2) and 3 / (2 · 1).
    assert weights == {"yes": 0.75, "no": 1.5}
    encode_version(prepared, Encoder(byte_tokenizer), 512, "refuse", weights=weights, balanced=True)
    rows = load_tokens(prepared, "train")
    for made, row in zip(ROWS, rows, strict=True):
        assert row["weights"] == [[weights[made["target"]]] * len(row["answers"][0])]
    assert rows["group"] == ["yes", "no", "yes"]


def test_classes_that_are_not_named_weigh_one(prepared: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    assert weights_of(None, prepared / "train.jsonl") is None
    encode_version(
        prepared, Encoder(byte_tokenizer), 512, "refuse", weights=weights_of({"no": 3.0}, prepared / "train.jsonl")
    )
    assert [row["weights"][0][0] for row in load_tokens(prepared, "train")] == [1.0, 3.0, 1.0]
