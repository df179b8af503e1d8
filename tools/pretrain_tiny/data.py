"""From generated examples to padded batches: encode, mask, sort by length, cut by a token budget."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast

from .example import Example, Generator

#: Examples longer than this many tokens are left out of pretraining (the model itself takes more).
LONGEST = 640
#: How many times the answers of a skill count, where `by_turn` holds: decisions that hang on one token count more.
EMPHASIS = {
    "entity_sentiment": 5.0,
    "ner": 4.0,
    "entity_drill": 4.0,
    "table_drill": 4.0,
    **dict.fromkeys(
        ("sentiment", "choose", "stance", "type_of", "kind_drill", "rule_label", "shots", "group", "whose", "letter"),
        3.0,
    ),
    **dict.fromkeys(("phrase_drill", "tone_drill", "state_drill", "boundary_drill", "fixed_frame", "echo_long"), 2.0),
}

#: Token ids, and the loss weight of each.
Encoded = tuple[list[int], list[float]]


@dataclass(frozen=True)
class Batch:
    """Right-padded rows. `weights` is zero where a token carries no loss; it lines up with the next token's id."""

    ids: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    positions: torch.Tensor


def encode(tokenizer: PreTrainedTokenizerFast, examples: list[Example], by_turn: bool = False) -> list[Encoded]:
    """Return (ids, weights) for each example in ChatML; weights are zero outside the assistant's tokens and end marks.

    A long answer weighs more than a label, but not in proportion: the square root of its length. `by_turn` counts each
    turn so, times the skill's `EMPHASIS`; otherwise the conversation's answers count together.
    """
    texts: list[str] = []
    for example in examples:
        if example.system:
            texts.append(f"<|im_start|>system\n{example.system}<|im_end|>\n")
        for user, answer in example.turns:
            texts.append(f"<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n")
            texts.append(f"{answer}<|im_end|>")
    pieces = iter(tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False))
    newline = tokenizer.backend_tokenizer.encode("\n").ids
    rows = []
    for example in examples:
        ids: list[int] = list(next(pieces).ids) if example.system else []
        weights = [0.0] * len(ids)
        boost = EMPHASIS.get(example.skill, 1.0)
        for turn in range(len(example.turns)):
            if turn:
                ids, weights = ids + newline, weights + [0.0] * len(newline)
            asked, answered = next(pieces).ids, next(pieces).ids
            each = boost * len(answered) ** -0.5 if by_turn else 1.0
            ids, weights = ids + asked + answered, weights + [0.0] * len(asked) + [each] * len(answered)
        if not by_turn:
            factor = sum(weights) ** -0.5
            weights = [w * factor for w in weights]
        rows.append((ids, weights))
    return rows


def _collate(rows: list[Encoded], pad: int, rng: random.Random) -> Batch:
    width = -(-max(len(ids) for ids, _ in rows) // 8) * 8
    ids = torch.full((len(rows), width), pad)
    weights = torch.zeros(len(rows), width)
    positions = torch.arange(width).repeat(len(rows), 1)
    for i, (row, loss) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        weights[i, : len(row)] = torch.tensor(loss)
        if rng.random() < 0.3:  # a hole in the positions makes long distances familiar at no cost
            positions[i, rng.randrange(width) :] += int(900 * rng.random() ** 2)
    return Batch(ids, ids[:, 1:], weights[:, 1:], positions)


def batches(
    tokenizer: PreTrainedTokenizerFast, maker: Generator, seed: str, examples: int, tokens: int, by_turn: bool = False
) -> Iterator[Batch]:
    """One chunk of training data: `examples` fresh examples in shuffled batches of about `tokens` tokens each."""
    rng = random.Random(seed)
    rows = [r for r in encode(tokenizer, [maker(rng) for _ in range(examples)], by_turn) if len(r[0]) <= LONGEST]
    rows.sort(key=lambda row: len(row[0]))
    groups: list[list[Encoded]] = []
    room = 0
    for row in reversed(rows):
        if room <= 0:
            groups.append([])
            room = tokens
            width = -(-len(row[0]) // 8) * 8
        groups[-1].append(row)
        room -= width
    rng.shuffle(groups)
    for group in groups:
        yield _collate(group, tokenizer.pad_token_id, rng)
