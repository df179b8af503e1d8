"""Which characters the tokens of an answer are: right for every kind of tokenizer, or known to be wrong."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from tasktune.data.encode import Encoder
from tasktune.data.offsets import Offset, without_gaps

TINY = runpy.run_path(str(Path(__file__).parents[1] / "tiny_base.py"))
CORPUS = ('[{"text": "台積電", "label": "ORG"}, {"text": "Ada Lin", "label": "PER"}]', "[]", "the  école  😀 of 台北\n")
# The pattern of Llama 3 and Qwen in short: words take the space before them, punctuation stays together.
WORDS = pre_tokenizers.Split(Regex(r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"), "isolated")
BYTES = pre_tokenizers.Sequence([WORDS, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
ALPHABET = pre_tokenizers.ByteLevel.alphabet()
FALLBACK = [f"<0x{byte:02X}>" for byte in range(256)]


def byte_level(trim: bool, normalizer: Any = None) -> Tokenizer:
    """As GPT-2's, Llama's and, with a normalizer, Qwen's."""
    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer, tokenizer.decoder = BYTES, decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=trim)
    return trained(tokenizer, 400, ALPHABET)


def sentence_piece() -> Tokenizer:
    """As Llama 2's and Gemma's: blanks are letters, characters without a token fall back to bytes."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<0x00>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return trained(tokenizer, 500, [], FALLBACK)


def trained(tokenizer: Tokenizer, size: int, alphabet: list[str], special: list[str] | None = None) -> Tokenizer:
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, special_tokens=special or [], show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS * 20, trainer)
    tokenizer.add_special_tokens([AddedToken("<|im_end|>", special=True, normalized=False)])
    return tokenizer


def encoder_of(tokenizer: Tokenizer) -> Encoder:
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", chat_template=TINY["CHATML"])
    return Encoder(fast)


TOKENIZERS = {
    "single bytes": lambda: Encoder(TINY["make_tokenizer"]()),
    "byte level": lambda: encoder_of(byte_level(trim=False)),
    "byte level, trimmed": lambda: encoder_of(byte_level(trim=True)),
    "byte level, composed": lambda: encoder_of(byte_level(trim=False, normalizer=normalizers.NFC())),
    "pieces": lambda: encoder_of(sentence_piece()),
}
TEXT = st.text(
    st.characters(codec="utf-8")
    | st.sampled_from('[]{}": ,  \n')
    | st.sampled_from(list("aeoAdaLin台積電"))
    | st.sampled_from("\u0301\u0302\u0323\u1100\u1161\u11a8\u200d\u3000\u00a0"),
    max_size=30,
)


@pytest.fixture(scope="module", params=list(TOKENIZERS))
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return TOKENIZERS[request.param]()


def offsets_of(encoder: Encoder, text: str) -> list[Offset]:
    [offsets] = encoder.offsets([text])
    assert offsets is not None
    return offsets


@settings(max_examples=150, deadline=None)
@given(text=TEXT)
@example(text=CORPUS[0])
@example(text="e\u0301cole Vie\u0323\u0302t \u1112\u1161\u11ab  x\u0301 ")
def test_the_tokens_of_an_answer_cover_it_in_order(encoder: Encoder, text: str) -> None:
    offsets = offsets_of(encoder, text)
    assert len(offsets) == len(encoder.completions([text])[0])
    assert offsets[0][0] == 0
    assert offsets[-1][1] == len(text + encoder.end_of_turn)
    assert all(start <= later <= end for (start, end), (later, _end) in pairwise(offsets))


@settings(max_examples=150, deadline=None)
@given(text=TEXT.filter(lambda text: "▁" not in text))
@example(text=CORPUS[0])
def test_what_a_token_decodes_to_is_the_text_at_its_place(encoder: Encoder, text: str) -> None:
    if encoder.tokenizer.backend_tokenizer.normalizer.__class__ is normalizers.NFC:
        text = normalizers.NFC().normalize_str(text)
    [ids] = encoder.completions([text])
    for run in whole_characters(offsets_of(encoder, text)):
        start, end = run[0][1][0], run[-1][1][1]
        decoded = encoder.tokenizer.decode([ids[number] for number, _offset in run], clean_up_tokenization_spaces=False)
        assert decoded == (text + encoder.end_of_turn)[start:end]


def whole_characters(offsets: list[Offset]) -> Iterator[list[tuple[int, Offset]]]:
    """Tokens with their numbers, those that share a character together."""
    run: list[tuple[int, Offset]] = []
    for number, offset in enumerate(offsets):
        if run and offset[0] >= run[-1][1][1]:
            yield run
            run = []
        run.append((number, offset))
    yield run


@pytest.mark.parametrize(
    ("text", "reported", "expected"),
    [
        ("a b", [(0, 1), (2, 3)], [(0, 1), (1, 3)]),
        ("a  b", [(0, 1), (2, 2), (3, 4)], [(0, 1), (1, 2), (2, 4)]),
        ("e\u0301b", [(0, 1), (2, 3)], [(0, 1), (1, 3)]),
        ("😀", [(0, 1), (0, 1)], [(0, 1), (0, 1)]),
        ("a", [(0, 0), (0, 1)], [(0, 0), (0, 1)]),
        ("", [], []),
    ],
)
def test_what_tokenizers_leave_out_goes_to_the_token_behind(
    text: str, reported: list[Offset], expected: list[Offset]
) -> None:
    assert without_gaps(text, reported) == expected


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        # As an early tokenizer of Llama 3 reported: tokens without width, at their ends.
        ("text here", [(0, 0), (4, 4), (4, 9)]),
        # Bytes in place of characters.
        ("台積電", [(0, 3), (3, 6), (6, 9)]),
        ("ab", [(1, 2), (0, 1)]),
        ("ab", [(0, 1), (2, 1)]),
        ("ab", [(0, 1)]),
        ("電積", [(0, 1), (2, 2)]),
        ("ab", []),
    ],
)
def test_wrong_offsets_are_known_for_such(text: str, reported: list[Offset]) -> None:
    assert without_gaps(text, reported) is None


def test_a_tokenizer_in_python_tells_nothing() -> None:
    tokenizer = ByT5Tokenizer()
    tokenizer.chat_template = TINY["CHATML"]
    assert Encoder(tokenizer).offsets(["a", "b"]) == [None, None]
