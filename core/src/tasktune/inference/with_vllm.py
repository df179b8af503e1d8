"""A trained version's answers by vLLM in this process, on the very token ids that transformers is given.

Written by vLLM's documentation ("Offline Inference", "LoRA Adapters", "Structured Outputs"; 0.12 or newer) and not run
by us on a GPU yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tasktune.data.encode import Encoder
from tasktune.data.rows import chat
from tasktune.errors import InputError
from tasktune.grammar import free_text, grammar_of
from tasktune.inference.decoding import read_decoding
from tasktune.inference.generate import refuse_longer_than
from tasktune.inference.partial import Output
from tasktune.inference.prompts import blind_prompt
from tasktune.training.base import load_tokenizer
from tasktune.types import Prompt, Record

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.workspace.versions import Version

_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM's max_lora_rank may be."""
_AT_ONCE = 512
"""Rows that are handed over together: vLLM makes its own batches of them, and what is answered is kept in between."""


class VllmGenerator:
    """A trained version in vLLM behind one method: outputs for records."""

    def __init__(self, task: Task, version: Version) -> None:
        training = task.spec.training
        base, tokenizer = load_tokenizer(training.base_model, training.revision, task.folder)
        self._task = task
        self._vllm: Any = import_module("vllm")
        self._encoder = Encoder(tokenizer)
        self._decoding = read_decoding(version.decoding)
        self._adapter: Any = None
        options: dict[str, Any] = {"model": str(version.model), "tokenizer": base}
        if not version.model.is_dir():
            self._adapter = import_module("vllm.lora.request").LoRARequest(version.name, 1, str(version.adapter))
            rank = next((each for each in _RANKS if each >= training.lora.r), _RANKS[-1])
            options |= {"model": base, "revision": training.revision, "enable_lora": True, "max_lora_rank": rank}
        if self._decoding.mode == "constrained":
            # The grammars of task types are in llguidance's dialect.
            options["structured_outputs_config"] = {"backend": "guidance"}
        longest = self._decoding.context + self._decoding.max_new_tokens
        self._llm = self._vllm.LLM(**options, tokenizer_revision=training.revision, max_model_len=longest, seed=0)

    def outputs(
        self, records: Sequence[Record], skip: frozenset[int] = frozenset()
    ) -> Iterator[list[tuple[int, Output]]]:
        """Some records at a time, the index of each and the model's answer to it; those in ``skip`` are left out."""
        prompts = [blind_prompt(self._task, record) for record in records]
        ids = self._encoder.prompts([chat(prompt) for prompt in prompts])
        refuse_longer_than(self._decoding.context, records, ids)
        left = [index for index in range(len(records)) if index not in skip]
        for start in range(0, len(left), _AT_ONCE):
            batch = left[start : start + _AT_ONCE]
            made = self._llm.generate(
                [{"prompt_token_ids": ids[index]} for index in batch],
                [self._rules(records[index], prompts[index]) for index in batch],
                lora_request=self._adapter,
                use_tqdm=False,
            )
            yield [(index, Output(each.outputs[0].text)) for index, each in zip(batch, made, strict=True)]

    def _rules(self, record: Record, prompt: Prompt) -> Any:
        rules = {
            "temperature": self._decoding.temperature,
            "max_tokens": self._decoding.max_new_tokens,
            "stop": list(self._decoding.stop),
        }
        if self._decoding.mode == "constrained":
            rules["structured_outputs"] = self._form(record, prompt)
        return self._vllm.SamplingParams(**rules)

    def _form(self, record: Record, prompt: Prompt) -> Any:
        make = import_module("vllm.sampling_params").StructuredOutputsParams
        if prompt.choices is not None:
            return make(choice=list(prompt.choices))
        grammar = grammar_of(self._task, record, prompt)
        if grammar is None:
            raise InputError("", problems=[free_text(self._task)])
        return make(grammar=grammar)
