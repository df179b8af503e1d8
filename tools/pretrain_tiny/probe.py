"""Measure a model folder: each skill zero-shot on fresh examples, then how well and how fast it fine-tunes.

The tuning probe uses rows whose words, frames and names pretraining does not contain (see probe_data.py).
"""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from . import copying, probe_data, stages
from .example import Example
from .probe_data import Row

SEED = "probe"


@dataclass(frozen=True)
class Setting:
    """How to fine-tune: LoRA rank (0: all weights), peak learning rate, epochs, batch size."""

    rank: int
    rate: float
    epochs: int
    batch: int = 16


def prompts(tokenizer: Any, chats: Sequence[list[dict[str, str]]]) -> list[list[int]]:
    """Token ids of each conversation, ready for an answer."""
    return [tokenizer.apply_chat_template(c, add_generation_prompt=True, return_dict=False) for c in chats]


def answers(
    model: Any, tokenizer: Any, chats: Sequence[list[dict[str, str]]], batch: int = 64, longest: int = 160
) -> list[str]:
    """Greedy answers, in batches of similar length, padded on the left."""
    encoded = prompts(tokenizer, chats)
    order = sorted(range(len(chats)), key=lambda i: len(encoded[i]))
    found: dict[int, str] = {}
    model.eval()
    for start in range(0, len(order), batch):
        group = order[start : start + batch]
        width = max(len(encoded[i]) for i in group)
        ids = torch.tensor([[tokenizer.pad_token_id] * (width - len(encoded[i])) + encoded[i] for i in group])
        mask = torch.tensor([[0] * (width - len(encoded[i])) + [1] * len(encoded[i]) for i in group])
        with torch.inference_mode():
            out = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=longest, do_sample=False)
        for i, row in zip(group, out, strict=True):
            found[i] = tokenizer.decode(row[width:], skip_special_tokens=True)
    return [found[i] for i in range(len(chats))]


def zero_shot(model: Any, tokenizer: Any, count: int = 600) -> dict[str, tuple[float, int]]:
    """Exact-match accuracy and number of examples for each skill; the last turn of each conversation is asked."""
    rng = random.Random(SEED)
    examples: list[Example] = [stages.everything(rng) for _ in range(count)] + [
        copying.copying(rng) for _ in range(count // 3)
    ]
    chats = [e.messages()[:-1] for e in examples]
    got = answers(model, tokenizer, chats)
    hits: dict[str, list[bool]] = defaultdict(list)
    for example, text in zip(examples, got, strict=True):
        hits[example.skill].append(text == example.turns[-1][1])
    return {skill: (sum(h) / len(h), len(h)) for skill, h in sorted(hits.items())}


def _chat(row: Row) -> list[dict[str, str]]:
    return [{"role": "system", "content": row.system}, {"role": "user", "content": row.user}]


def tune(folder: Path, rows: list[Row], setting: Setting) -> tuple[Any, Any, float]:
    """Fine-tune on rows; return (model, tokenizer, seconds)."""
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if setting.rank:
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(
            r=setting.rank, lora_alpha=2 * setting.rank, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        model = get_peft_model(model, config)
    base = model.get_base_model() if setting.rank else model
    encoded = []
    for row in rows:
        prompt = prompts(tokenizer, [_chat(row)])[0]
        answer = tokenizer(row.answer + "<|im_end|>", add_special_tokens=False)["input_ids"]
        encoded.append((prompt + answer, len(prompt)))
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=setting.rate, weight_decay=0.01)
    steps = setting.epochs * -(-len(rows) // setting.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / max(1, steps // 20), max(0.0, 1 - s / steps))
    )
    rng = random.Random(0)
    model.train()
    started = time.monotonic()
    for _ in range(setting.epochs):
        rng.shuffle(encoded)
        for start in range(0, len(encoded), setting.batch):
            group = encoded[start : start + setting.batch]
            width = max(len(ids) for ids, _ in group)
            ids = torch.tensor([i + [tokenizer.pad_token_id] * (width - len(i)) for i, _ in group])
            wanted = torch.tensor([[-100] * n + i[n:] + [-100] * (width - len(i)) for i, n in group])
            mask = torch.tensor([[1] * len(i) + [0] * (width - len(i)) for i, _ in group])
            with torch.autocast("cpu", torch.bfloat16):
                hidden = base.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
                chosen = wanted[:, 1:] != -100
                logits = base.lm_head(hidden[:, :-1][chosen])
            loss = torch.nn.functional.cross_entropy(logits.float(), wanted[:, 1:][chosen])
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    return model, tokenizer, time.monotonic() - started


def macro_f1(gold: Sequence[str], got: Sequence[str]) -> float:
    """Mean of the classes' F1; an answer outside the classes is wrong for all."""
    scores = []
    for label in sorted(set(gold)):
        hit = sum(g == label == o for g, o in zip(gold, got, strict=True))
        said, real = sum(o == label for o in got), sum(g == label for g in gold)
        scores.append(2 * hit / (said + real) if said + real else 0.0)
    return sum(scores) / len(scores)


def entity_f1(gold: Sequence[str], got: Sequence[str]) -> float:
    """Strict micro F1 over (text, label) pairs; an unreadable answer counts as empty."""
    hit = said = real = 0
    for want, text in zip(gold, got, strict=True):
        expected = {(e["text"], e["label"]) for e in json.loads(want)}
        try:
            found = {(e["text"], e["label"]) for e in json.loads(text)}
        except (ValueError, TypeError, KeyError):
            found = set()
        hit, said, real = hit + len(expected & found), said + len(found), real + len(expected)
    return 2 * hit / (said + real) if said + real else 0.0


def score(model: Any, tokenizer: Any, rows: list[Row], ner: bool) -> float:
    """Answer the rows and score them."""
    got = answers(model, tokenizer, [_chat(r) for r in rows])
    return (entity_f1 if ner else macro_f1)([r.answer for r in rows], got)


SETTINGS = [Setting(16, 5e-4, 2), Setting(16, 1e-3, 2), Setting(0, 1e-4, 2), Setting(0, 5e-4, 3)]


def main(folder: Path, tuning: bool = True) -> None:
    """Print the whole probe."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    for skill, (accuracy, number) in zero_shot(model, tokenizer).items():
        print(f"zero-shot {skill:18s} {accuracy:.2f} of {number}", flush=True)
    for ner in (False, True):
        maker = probe_data.ner if ner else probe_data.entity_sentiment
        train, test = maker(800 if ner else 700, False, 1), maker(150 if ner else 240, True, 2)
        name = "ner strict F1" if ner else "entity sentiment macro-F1"
        print(f"{name}: before tuning {score(model, tokenizer, test, ner):.3f}", flush=True)
        for setting in SETTINGS if tuning else []:
            tuned, words, seconds = tune(folder, train, setting)
            print(f"{name}: {setting} {score(tuned, words, test, ner):.3f} after {seconds:.0f} s", flush=True)
