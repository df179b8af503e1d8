"""Greedy generation with a local model: left-padded, length-sorted batches over one shared-prefix cache."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, DynamicCache, LogitsProcessorList

from tasktune.inference.constraints import Constrained, Constraint
from tasktune.inference.decoding import Decoding
from tasktune.inference.watch import Continuation, Watch
from tasktune.training.audit import SHORTEST_SHARED_PREFIX, common_prefix
from tasktune.training.split_attention import CannotSharePrefix, attending_apart, growing_behind, keep_apart


class TransformersEngine:
    """Runs a model by transformers' own ``generate``.

    Prompts of a task begin with the same tokens (system prompt, label list). Their keys and values are computed once
    per call of :meth:`generate` and expanded over every batch; the answers are those of one-by-one generation.
    """

    def __init__(self, model: Any, tokenizer: Any, decoding: Decoding, batch_size: int) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.decoding = decoding
        self.batch_size = batch_size
        ids = model.generation_config.eos_token_id
        known = ids if isinstance(ids, list) else [] if ids is None else [ids]
        self.stop_ids = sorted({*known, tokenizer.eos_token_id})
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id

    def batches(self, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
        """Which prompts go together, by index: equal lengths are neighbours, the longest first (to run out of memory at
        once or never)."""
        order = sorted(range(len(prompts)), key=lambda index: (-len(prompts[index]), index))
        return [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]

    @torch.inference_mode()
    def generate(
        self,
        prompts: Sequence[list[int]],
        constraints: Sequence[Constraint] | None = None,
        skip: frozenset[int] = frozenset(),
        watch: Watch | None = None,
    ) -> Iterator[list[tuple[int, str]]]:
        """Batch by batch, each prompt's index and answer; batches that are wholly in ``skip`` are passed over.

        ``constraints`` are one for each prompt; without them every token is allowed everywhere. ``watch`` learns how
        probable the answers are.
        """
        prefix = self._shared_prefix(prompts)
        cache = self._prefix_cache(prefix)
        apart = self._kept_apart(cache, prompts[0]) if prompts else None
        for batch in self.batches(prompts):
            if skip.issuperset(batch):
                continue
            bound = None if constraints is None else [constraints[i] for i in batch]
            with attending_apart(self.model.get_decoder(), apart) if apart is not None else nullcontext():
                answers = self._generate_batch([prompts[i] for i in batch], prefix, cache, apart, bound, watch, batch)
            yield list(zip(batch, answers, strict=True))

    def _shared_prefix(self, prompts: Sequence[list[int]]) -> list[int]:
        # Padding behind the prefix would push it out of a sliding window sooner than it should be.
        if any(layer.is_sliding for layer in DynamicCache(config=self.model.config).layers):
            return []
        prefix: list[int] | None = None
        for prompt in prompts:
            prefix = common_prefix(prefix, prompt)
        return prefix if prefix and len(prefix) >= SHORTEST_SHARED_PREFIX else []

    def _prefix_cache(self, prefix: list[int]) -> DynamicCache | None:
        if not prefix:
            return None
        cache = DynamicCache(config=self.model.config)
        ids = torch.tensor([prefix], device=self.model.device)
        self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return cache

    def _kept_apart(self, cache: DynamicCache | None, prompt: list[int]) -> DynamicCache | None:
        """The prefix for suffixes to attend to without a copy for every row, where that gives what the model gives.

        On a CPU the copies cost more than all the rest; a GPU's own kernels are faster with them.
        """
        if cache is None or self.model.device.type != "cpu":
            return None
        apart = DynamicCache()
        apart.layers = list(cache.layers)
        shared = cache.get_seq_length()
        try:
            keep_apart(apart)
            with attending_apart(self.model.get_decoder(), apart):
                found = self.model(
                    input_ids=torch.tensor([prompt[shared:]]),
                    attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                    past_key_values=growing_behind(apart),
                    logits_to_keep=1,
                ).logits
        except (CannotSharePrefix, RuntimeError):
            # An attention of the model's own has no use for half the keys: torch says that shapes do not fit.
            return None
        expected = self.model(input_ids=torch.tensor([prompt]), logits_to_keep=1).logits
        return apart if torch.allclose(found, expected, rtol=1e-3, atol=1e-3) else None

    def _expanded(self, cache: DynamicCache | None, rows: int) -> DynamicCache | None:
        if cache is None:
            return None
        expanded = DynamicCache(config=self.model.config)
        for layer, shared in zip(expanded.layers, cache.layers, strict=True):
            layer.lazy_initialization(shared.keys, shared.values)
            layer.keys = shared.keys.expand(rows, -1, -1, -1)
            layer.values = shared.values.expand(rows, -1, -1, -1)
        return expanded

    def _generate_batch(
        self,
        prompts: list[list[int]],
        prefix: list[int],
        cache: DynamicCache | None,
        apart: DynamicCache | None,
        constraints: list[Constraint] | None,
        watch: Watch | None,
        numbers: Sequence[int],
    ) -> list[str]:
        suffixes = [prompt[len(prefix) :] for prompt in prompts]
        width = max(map(len, suffixes))
        # The padding stands between prefix and suffix; the mask hides it and positions are counted without it.
        rows = [prefix + [self.pad] * (width - len(suffix)) + suffix for suffix in suffixes]
        masks = [[1] * len(prefix) + [0] * (width - len(suffix)) + [1] * len(suffix) for suffix in suffixes]
        start = len(prefix) + width
        arguments: dict[str, Any] = {}
        watched = None if watch is None else watch.batch(numbers, start)
        processors = [] if watched is None else [watched]
        if constraints is not None:
            matchers = [begin() for begin in constraints]
            processors.append(Constrained(matchers, start, self.pad))
        arguments["logits_processor"] = LogitsProcessorList(processors)
        if cache is not None:
            arguments["past_key_values"] = self._expanded(cache, len(rows)) if apart is None else growing_behind(apart)
        output = self.model.generate(
            input_ids=torch.tensor(rows, device=self.model.device),
            attention_mask=torch.tensor(masks, device=self.model.device),
            max_new_tokens=self.decoding.max_new_tokens,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            eos_token_id=self.stop_ids,
            pad_token_id=self.pad,
            # Each process has rows of its own. Of a model that was split over them the library would wait for all.
            synced_gpus=False,
            **arguments,
        )
        if watch is not None and watched is not None:
            ahead = functools.partial(self._ahead, output[:, :start], masks, arguments.get("past_key_values"), apart)
            watch.found |= watched.results(output, self.stop_ids, ahead, self.batch_size)
        return [self._text(row[start:].tolist()) for row in output]

    def _ahead(
        self,
        prompts: torch.Tensor,
        masks: list[list[int]],
        used: DynamicCache | None,
        apart: DynamicCache | None,
        continuations: Sequence[Continuation],
        known: int,
        last: int,
    ) -> torch.Tensor:
        """Logits of what answers could begin with; see :data:`tasktune.inference.watch.Ahead`.

        ``used`` is the cache with which the answers to ``prompts`` were generated.
        """
        start = prompts.shape[1] + known if used is not None else 0
        longest = max(len(path) for _row, path in continuations)
        ids, masked = [], []
        for row, path in continuations:
            # All end in the same column, so that logits are needed of few. The padding stands behind what the cache
            # has; without one in front, where it pushes nothing out of a sliding window.
            gap, tokens, seen = longest - len(path), [*prompts[row].tolist(), *path], [*masks[row], *[1] * len(path)]
            ids.append([*tokens[:start], *[self.pad] * gap, *tokens[start:]])
            masked.append([*seen[:start], *[0] * gap, *seen[start:]])
        mask = torch.tensor(masked, device=prompts.device)
        behind = None if used is None else self._behind(used, [row for row, _path in continuations], start, apart)
        logits: torch.Tensor = self.model(
            input_ids=torch.tensor(ids, device=prompts.device)[:, start:],
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0)[:, start:],
            past_key_values=behind,
            use_cache=behind is not None,
            logits_to_keep=last,
        ).logits
        return logits

    def _behind(self, used: DynamicCache, rows: list[int], length: int, apart: DynamicCache | None) -> DynamicCache:
        """The first ``length`` tokens of some rows of a cache, to go on from in another way."""
        again = DynamicCache(config=self.model.config) if apart is None else growing_behind(apart)
        for layer, full in zip(again.layers, used.layers, strict=True):
            own = length - (full.get_seq_length() - full.keys.shape[2])
            keys, values = full.keys[rows, :, :own], full.values[rows, :, :own]
            layer.lazy_initialization(keys, values)
            layer.keys, layer.values = keys, values
        return again

    def _text(self, ids: list[int]) -> str:
        end = next((index for index, token in enumerate(ids) if token in self.stop_ids), len(ids))
        text: str = self.tokenizer.decode(ids[:end], skip_special_tokens=True)
        return text


def load_version_model(base: str, revision: str | None, adapter: Path, model: Path) -> Any:
    """A trained version's model, ready to generate: its full weights, or the base with the adapter merged in memory."""
    where = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if where == "cuda" else torch.float32
    if model.is_dir():
        return AutoModelForCausalLM.from_pretrained(model, dtype=dtype).to(where)
    from peft import PeftModel

    loaded = AutoModelForCausalLM.from_pretrained(base, revision=revision, dtype=dtype)
    return PeftModel.from_pretrained(loaded, adapter).merge_and_unload().to(where)


def load_base_model(base: str, revision: str | None) -> Any:
    """The base model as it is, ready to generate."""
    where = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if where == "cuda" else torch.float32
    return AutoModelForCausalLM.from_pretrained(base, revision=revision, dtype=dtype).to(where)
