"""What `builtin:tiny` promises: its size, its vocabulary, its template, a light import, and that libraries load it."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasktune_tiny import PATH

MAX_BYTES = 16_000_000
MAX_PARAMETERS = 8_000_000


@cache
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(PATH)


@cache
def model() -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(PATH)


def level1(rows: range, low: list[int], codec: str, count: int) -> list[str]:
    """The level-1 characters of a two-byte codec, in its order."""
    found = []
    for row in rows:
        for column in low:
            try:
                found.append(bytes([row, column]).decode(codec))
            except UnicodeDecodeError:
                continue
    return [c for c in found if "\u4e00" <= c <= "\u9fff"][:count]


BIG5 = level1(range(0xA4, 0xC7), [*range(0x40, 0x7F), *range(0xA1, 0xFF)], "big5", 5401)
GB2312 = level1(range(0xB0, 0xD8), [*range(0xA1, 0xFF)], "gb2312", 3755)


def test_files_are_complete_and_small() -> None:
    names = {p.name for p in PATH.iterdir()}
    assert names == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    }
    assert (PATH / "model.safetensors").stat().st_size <= MAX_BYTES


def test_config_says_qwen3_with_tied_embeddings() -> None:
    config = json.loads((PATH / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["Qwen3ForCausalLM"]
    assert config["tie_word_embeddings"] is True
    assert config["max_position_embeddings"] >= 2048
    assert config["vocab_size"] == len(tokenizer())


def test_loads_as_qwen3_and_is_within_the_parameter_limit() -> None:
    loaded = model()
    assert type(loaded).__name__ == "Qwen3ForCausalLM"
    assert sum(p.numel() for p in loaded.parameters()) <= MAX_PARAMETERS


@pytest.mark.parametrize(("name", "characters"), [("Big5 level 1", BIG5), ("GB 2312 level 1", GB2312)])
def test_every_common_character_is_one_token(name: str, characters: list[str]) -> None:
    assert len(characters) in (5401, 3755)
    encoded = tokenizer()(characters, add_special_tokens=False)["input_ids"]
    assert [c for c, ids in zip(characters, encoded, strict=True) if len(ids) != 1] == [], name


def test_daily_punctuation_is_one_token_each() -> None:
    for mark in "，。、；：？！「」『』（）《》…—":
        assert len(tokenizer()(mark)["input_ids"]) == 1, mark


@settings(max_examples=200, database=None)
@given(st.text(max_size=60))
def test_any_text_comes_back_unchanged(text: str) -> None:
    text = text.replace("<|", "")  # the control tokens are not text
    ids = tokenizer()(text, add_special_tokens=False)["input_ids"]
    assert tokenizer().decode(ids) == text


@pytest.mark.parametrize(
    "text", ["台積電股價上漲 3.5%！\n", "𠮷野家 👨‍👩‍👧 naïve café", "e\u0301 \u00e9", "  two  spaces ", "\t\r\n", ""]
)
def test_ugly_text_comes_back_unchanged(text: str) -> None:
    assert tokenizer().decode(tokenizer()(text)["input_ids"]) == text


def test_special_tokens() -> None:
    assert tokenizer().eos_token == "<|im_end|>"
    assert tokenizer().pad_token == "<|endoftext|>"
    assert tokenizer().bos_token is None
    generation = json.loads((PATH / "generation_config.json").read_text(encoding="utf-8"))
    assert tokenizer().eos_token_id in generation["eos_token_id"]
    assert generation["pad_token_id"] == tokenizer().pad_token_id


def test_template_is_chatml_without_a_think_block() -> None:
    messages = [
        {"role": "system", "content": "你是助理。"},
        {"role": "user", "content": "嗨"},
        {"role": "assistant", "content": "你好"},
        {"role": "user", "content": "再見"},
    ]
    rendered = tokenizer().apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert rendered == (
        "<|im_start|>system\n你是助理。<|im_end|>\n<|im_start|>user\n嗨<|im_end|>\n"
        "<|im_start|>assistant\n你好<|im_end|>\n<|im_start|>user\n再見<|im_end|>\n<|im_start|>assistant\n"
    )


def test_template_adds_no_system_prompt_and_no_generation_prompt_unasked() -> None:
    rendered = tokenizer().apply_chat_template([{"role": "user", "content": "a"}], tokenize=False)
    assert rendered == "<|im_start|>user\na<|im_end|>\n"


def test_generation_marks_cover_the_answer_and_its_end() -> None:
    messages = [{"role": "user", "content": "嗨"}, {"role": "assistant", "content": "好"}]
    encoded = tokenizer().apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    marked = [i for i, m in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if m]
    assert tokenizer().decode(marked) == "好<|im_end|>"


def test_import_is_light() -> None:
    code = (
        "import sys, tasktune_tiny; heavy = {'torch', 'transformers', 'tokenizers', 'numpy'} & set(sys.modules); "
        "assert not heavy, heavy; assert tasktune_tiny.PATH.is_dir()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_entry_point_names_the_folder() -> None:
    found = [e for e in entry_points(group="tasktune.base_models") if e.name == "tiny"]
    if not found:
        pytest.skip("the distribution is not installed, only on the path")
    assert found[0].load() == PATH


def test_it_copies_a_string_it_has_never_seen() -> None:
    import torch

    wanted = "鯨燈渠1947"
    ids = tokenizer().apply_chat_template(
        [{"role": "user", "content": f"重複以下文字：\n{wanted}"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    with torch.inference_mode():
        out = model().generate(**ids, max_new_tokens=16, do_sample=False)
    assert tokenizer().decode(out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True) == wanted
