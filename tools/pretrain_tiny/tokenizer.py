"""The byte-level BPE tokenizer: one token per common Chinese character, learnt merges for Latin text.

Every merge is a pair of existing tokens and the list is in rank order, so any implementation of byte-level BPE
(``tokenizers``, llama.cpp) encodes a text the same way. A Chinese character of three bytes needs two merges: its first
two bytes, then the third. No other merge joins those bytes, so a character that has a token always becomes that token.
The pre-tokenizer is Qwen2's, letter for letter, and there is no normalizer: decoding returns the exact text.
"""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from . import ascii_words, charset

#: Qwen2's split pattern; a GGUF converter recognises the pre-tokenizer "qwen2" by it.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VOCABULARY_SIZE = 8192
#: Longest sequence the model is meant for, in tokens.
MAX_LENGTH = 2048

#: ChatML as Qwen writes it, without a think block. The generation marks tell trainers what the assistant wrote.
CHAT_TEMPLATE = """{%- for message in messages %}
{%- if message.role == 'assistant' %}
{{- '<|im_start|>assistant\\n' }}
{%- generation %}
{{- message.content + '<|im_end|>' }}
{%- endgeneration %}
{{- '\\n' }}
{%- else %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}"""


def _byte_symbols() -> list[str]:
    """The printable stand-in for each byte value 0-255 that byte-level BPE uses (GPT-2's table)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in table:
            table[byte] = chr(256 + len(table) - len(printable))
    return [table[byte] for byte in range(256)]


def _split_and_bytes() -> pre_tokenizers.Sequence:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def _latin_merges(count: int) -> list[tuple[str, str]]:
    """Learn up to `count` merges from the project's own ASCII lines."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = _split_and_bytes()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + count,
        initial_alphabet=sorted(_byte_symbols()),
        special_tokens=[],
        show_progress=False,
    )
    learner.train_from_iterator(ascii_words.lines(), trainer)
    learnt = json.loads(learner.to_str())["model"]["merges"]
    return [(pair[0], pair[1]) for pair in learnt]


def build() -> PreTrainedTokenizerFast:
    """Build the tokenizer from nothing; the same on every machine."""
    symbols = _byte_symbols()
    specials = [END_OF_TEXT, TURN_START, TURN_END]
    merges: dict[tuple[str, str], None] = {}
    characters = [[symbols[b] for b in c.encode()] for c in charset.common_characters()]
    for length in (2, 3):  # all two-byte prefixes rank before the third bytes
        for parts in characters:
            if len(parts) >= length:
                merges[("".join(parts[: length - 1]), parts[length - 1])] = None
    room = VOCABULARY_SIZE - len(specials) - 256 - len(merges)
    merges.update(dict.fromkeys(_latin_merges(room)))
    vocabulary = {symbol: index for index, symbol in enumerate(symbols)}
    for left, right in merges:
        vocabulary.setdefault(left + right, len(vocabulary))

    core = Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges)))
    core.pre_tokenizer = _split_and_bytes()
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in specials])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        bos_token=None,
        unk_token=None,
        chat_template=CHAT_TEMPLATE,
        model_max_length=MAX_LENGTH,
        clean_up_tokenization_spaces=False,
    )


def save(folder: Path) -> PreTrainedTokenizerFast:
    """Build and write tokenizer.json, tokenizer_config.json and chat_template.jinja."""
    tokenizer = build()
    tokenizer.save_pretrained(folder)
    return tokenizer
