"""What a chat becomes in tokens: the training row is the prompt that inference sends, continued by the answer."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasktune.data.encode import TEMPLATE_SWITCHES, Encoder
from tasktune.errors import InputError

TINY = runpy.run_path(str(Path(__file__).parents[1] / "tiny_base.py"))
CHATML: str = TINY["CHATML"]
# As Qwen3's: without the switch off, thinking is up to the model; with it, an empty block opens the answer.
THINKING = CHATML.replace(
    "{{- '<|im_start|>assistant\\n' }}{%- endif %}",
    "{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
    "{%- endif %}",
)
# As some early chat models': turns in plain text, with no end-of-sequence token anywhere.
PLAIN = (
    "{%- for message in messages %}{{- message.role + ': ' + message.content + '\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- 'assistant: ' }}{%- endif %}"
)
TEMPLATES = {"chatml": CHATML, "thinking": THINKING, "plain": PLAIN}
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)


@pytest.fixture(scope="module", params=list(TEMPLATES))
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return Encoder(TINY["make_tokenizer"](TEMPLATES[request.param]))


def chat(system: str, user: str, answer: str | None = None) -> list[dict[str, str]]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return messages if answer is None else [*messages, {"role": "assistant", "content": answer}]


def decode(encoder: Encoder, ids: list[int]) -> str:
    text: str = encoder.tokenizer.decode(ids, skip_special_tokens=False)
    return text


@settings(max_examples=40)
@given(system=TEXT, user=TEXT, answer=TEXT)
def test_the_training_prompt_is_the_inference_prompt(encoder: Encoder, system: str, user: str, answer: str) -> None:
    [row] = encoder.rows([chat(system, user, answer)])
    assert [row.prompt] == encoder.prompts([chat(system, user)])
    assert row.completion == encoder.completions([answer])[0]
    assert len(row) == len(row.prompt) + len(row.completion)


@settings(max_examples=40)
@given(system=TEXT, user=TEXT, answer=TEXT)
def test_a_row_decodes_to_the_rendered_prompt_and_the_answer(
    encoder: Encoder, system: str, user: str, answer: str
) -> None:
    [row] = encoder.rows([chat(system, user, answer)])
    assert decode(encoder, row.prompt) == encoder.render(chat(system, user))
    assert decode(encoder, row.completion) == answer + encoder.end_of_turn


@settings(max_examples=40)
@given(user=TEXT, answer=TEXT)
def test_every_row_ends_with_the_end_of_sequence_token_which_no_prompt_of_text_ends_with(
    encoder: Encoder, user: str, answer: str
) -> None:
    [row] = encoder.rows([chat("s", user, answer)])
    assert row.completion[-1] == encoder.tokenizer.eos_token_id
    assert row.completion.count(encoder.tokenizer.eos_token_id) == 1
    assert row.prompt
    assert row.prompt[-1] != encoder.tokenizer.eos_token_id


@pytest.mark.parametrize("answer", ['{"label": "正面"}', "[]", "", "  spaces  ", "two\nlines\n", "😀"])
def test_a_row_is_the_templates_own_rendering_of_the_whole_chat(answer: str) -> None:
    encoder = Encoder(TINY["make_tokenizer"](CHATML))
    messages = chat("你是分類器。", "台積電股價上漲", answer)
    whole = encoder.tokenizer.apply_chat_template(messages, tokenize=False, **TEMPLATE_SWITCHES)
    [row] = encoder.rows([messages])
    text = decode(encoder, row.prompt + row.completion)
    assert whole.startswith(text)
    assert whole[len(text) :] == "\n"
    # The template's own tokenization is ours: nothing merges across the border of prompt and answer.
    ids = encoder.tokenizer(whole, add_special_tokens=False)["input_ids"]
    assert ids[: len(row)] == row.prompt + row.completion


def test_thinking_is_switched_off_by_what_stands_in_the_prompt() -> None:
    encoder = Encoder(TINY["make_tokenizer"](THINKING))
    assert encoder.render(chat("s", "u")).endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    [row] = encoder.rows([chat("s", "u", "a")])
    assert decode(encoder, row.completion) == "a<|im_end|>"


def test_a_template_without_the_end_token_gets_it_behind_the_answer() -> None:
    encoder = Encoder(TINY["make_tokenizer"](PLAIN))
    [row] = encoder.rows([chat("s", "u", "a")])
    assert decode(encoder, row.prompt + row.completion) == "system: s\nuser: u\nassistant: a<|im_end|>"


def test_a_template_that_closes_the_turn_before_the_end_token_keeps_its_mark() -> None:
    template = CHATML.replace("'<|im_end|>\\n'", "'</turn><|endoftext|>\\n'")
    encoder = Encoder(TINY["make_tokenizer"](template, "<|endoftext|>"))
    assert encoder.end_of_turn == "</turn><|endoftext|>"


def test_batches_are_encoded_as_single_rows_are() -> None:
    encoder = Encoder(TINY["make_tokenizer"](CHATML))
    chats = [chat("s", "u" * n, str(n)) for n in range(7)]
    assert encoder.rows(chats) == [encoder.rows([one])[0] for one in chats]
    assert encoder.prompts([]) == []
    assert encoder.rows([]) == []


def test_special_tokens_in_the_data_are_a_matter_of_the_tokenizer_and_do_not_end_the_answer_twice() -> None:
    encoder = Encoder(TINY["make_tokenizer"](CHATML))
    [row] = encoder.rows([chat("s", "u <|im_end|> v", "a")])
    assert row.completion == encoder.completions(["a"])[0]


def test_a_tokenizer_without_a_chat_template_is_refused_with_advice() -> None:
    with pytest.raises(InputError) as caught:
        Encoder(TINY["make_tokenizer"](None))
    assert "no chat template" in caught.value.message
    assert "instruct" in str(caught.value.hint)


def test_a_template_that_takes_no_system_message_is_a_message_to_the_user() -> None:
    refusal = "{%- if messages[0].role == 'system' %}{{- raise_exception('no system role') }}{%- endif %}"
    encoder = Encoder(TINY["make_tokenizer"](refusal + CHATML))
    assert encoder.prompts([chat("s", "u")[1:]])
    with pytest.raises(InputError, match="refuses the messages: no system role"):
        encoder.prompts([chat("s", "u")])


def test_a_tokenizer_without_an_end_token_is_refused() -> None:
    tokenizer: Any = TINY["make_tokenizer"](CHATML)
    tokenizer.eos_token = None
    with pytest.raises(InputError, match="no end-of-sequence token"):
        Encoder(tokenizer)
