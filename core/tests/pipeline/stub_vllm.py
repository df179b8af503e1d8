"""Stands in for vLLM: takes what its documented interface takes, keeps it, and answers every prompt alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

made: list[LLM] = []


@dataclass
class StructuredOutputsParams:
    choice: list[str] | None = None
    grammar: str | None = None


@dataclass
class LoRARequest:
    lora_name: str
    lora_int_id: int
    lora_path: str


@dataclass
class SamplingParams:
    temperature: float = 1.0
    max_tokens: int = 16
    stop: list[str] = field(default_factory=list)
    structured_outputs: StructuredOutputsParams | None = None


@dataclass
class CompletionOutput:
    text: str


@dataclass
class RequestOutput:
    outputs: list[CompletionOutput]


class LLM:
    def __init__(
        self,
        model: str,
        *,
        tokenizer: str | None = None,
        revision: str | None = None,
        tokenizer_revision: str | None = None,
        enable_lora: bool = False,
        max_lora_rank: int = 16,
        max_model_len: int | None = None,
        seed: int = 0,
        structured_outputs_config: dict[str, str] | None = None,
    ) -> None:
        self.options = dict(locals())
        self.calls: list[tuple[Sequence[dict[str, list[int]]], Sequence[SamplingParams], LoRARequest | None]] = []
        made.append(self)

    def generate(
        self,
        prompts: Sequence[dict[str, list[int]]],
        sampling_params: Sequence[SamplingParams],
        *,
        use_tqdm: bool = True,
        lora_request: LoRARequest | None = None,
    ) -> list[Any]:
        assert len(prompts) == len(sampling_params)
        self.calls.append((prompts, sampling_params, lora_request))
        return [RequestOutput([CompletionOutput('{"label": "yes"}')]) for _prompt in prompts]
