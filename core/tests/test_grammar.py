"""Answers under a grammar: a random model writes nothing else."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
import torch
from jsonschema import Draft202012Validator
from transformers import LlamaConfig, LlamaForCausalLM

from tasktune.grammar import accepts, mistake_in
from tasktune.inference.constraints import GrammarConstraints, GrammarError
from tasktune.inference.decoding import Decoding
from tasktune.inference.engine import TransformersEngine

SCHEMA = {
    "type": "object",
    "properties": {"level": {"enum": ["高", "低"]}, "count": {"type": "integer", "minimum": 1, "maximum": 9}},
    "required": ["level", "count"],
    "additionalProperties": False,
}
SUBSTRING = 'start: "<" PART ">"\nPART: %regex {"substring_chars": "台積電在新竹擴廠"}\n'


@pytest.fixture(scope="module")
def engine() -> TransformersEngine:
    """A random model over bytes, whose logits are wider than its vocabulary, as Qwen's are."""
    tokenizer = runpy.run_path(str(Path(__file__).with_name("tiny_base.py")))["make_tokenizer"]()
    torch.manual_seed(1)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer) + 13,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    decoding = Decoding(
        mode="constrained", max_new_tokens=120, context=256, stop=(), chat_template_sha256="", template_switches={}
    )
    return TransformersEngine(model, tokenizer, decoding, batch_size=3)


def answers(engine: TransformersEngine, grammars: list[str]) -> list[str]:
    constraints = GrammarConstraints(engine.tokenizer, engine.model.config.vocab_size, engine.stop_ids)
    prompts = [list(range(3, 5 + number)) for number in range(len(grammars))]
    found = dict(pair for batch in engine.generate(prompts, [constraints.of(g) for g in grammars]) for pair in batch)
    return [found[number] for number in range(len(grammars))]


def test_a_random_model_writes_what_the_schema_accepts(engine: TransformersEngine) -> None:
    grammar = f"start: %json {json.dumps(SCHEMA | {'x-guidance': {'whitespace_flexible': False}})}\n"
    for text in answers(engine, [grammar] * 7):
        assert not list(Draft202012Validator(SCHEMA).iter_errors(json.loads(text))), text


def test_each_prompt_has_its_own_grammar(engine: TransformersEngine) -> None:
    first, second, third = answers(engine, ['start: "一二"\n', SUBSTRING, 'start: "三"\n'])
    assert (first, third) == ("一二", "三")
    assert second.startswith("<")
    assert second[1:].rstrip(">") in "台積電在新竹擴廠"


def test_what_is_no_grammar_is_an_error_and_no_empty_answer(engine: TransformersEngine) -> None:
    with pytest.raises(GrammarError, match="nowhere"):
        answers(engine, ["start: nowhere\n"])


def test_accepting_and_mistakes_are_told_without_a_model() -> None:
    assert mistake_in(SUBSTRING) is None
    assert "nowhere" in (mistake_in("start: nowhere\n") or "")
    assert accepts(SUBSTRING, "<電在新>")
    assert not accepts(SUBSTRING, "<電新>")
    assert not accepts(SUBSTRING, "<電在")
    assert not accepts(SUBSTRING, "<電在新> ")
