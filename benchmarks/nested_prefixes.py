"""What rows share beyond the prefix of all, computed once: tokens and time of an epoch, on tasks with and without.

    python benchmarks/nested_prefixes.py [--base builtin:tiny]

Three tasks of random tokens, 192 rows each, behind 100 tokens that all rows begin with, in steps of 8 rows:

- entities: four questions each about texts of 40 to 120 tokens, the text first;
- kinds: each row behind one of two instructions of 150 and 200 tokens;
- unlike: nothing more is shared.

An epoch (forward and backward; LoRA r = 16 on every linear layer) is timed without branches, with them, and with them
and ``sampling: grouped``, in turn in one process; of several epochs, the fastest counts.

Limits: the losses are the same; with questions about one text kept together at most 0.6 of the tokens are computed,
and with two kinds of instructions at most 0.5; both take less time; and where nothing is shared the time is the same,
to a tenth.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import keep, limit

ROWS, STEP, PREFIX, ANSWER = 192, 8, 100, 6
WARM_UP, REPEATS = 1, 3
WAYS = ("alone", "branches", "grouped")


def tasks(vocabulary: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of each task; ``text`` is the number of the text that a row is about."""
    chance = random.Random(0)

    def tokens(least: int, most: int | None = None) -> list[int]:
        return [chance.randrange(10, vocabulary) for _token in range(chance.randint(least, most or least))]

    shared, kinds = tokens(PREFIX), [tokens(150), tokens(200)]
    texts = [tokens(40, 120) for _text in range(ROWS // 4)]
    prompts = {
        "entities": [texts[row // 4] + tokens(8, 14) for row in range(ROWS)],
        "kinds": [chance.choice(kinds) + tokens(20, 60) for _row in range(ROWS)],
        "unlike": [tokens(48, 134) for _row in range(ROWS)],
    }
    return {
        name: [{"prompt": shared + prompt, "answers": [tokens(ANSWER)], "text": row // 4} for row, prompt in some]
        for name, some in ((name, enumerate(found)) for name, found in prompts.items())
    }


def fastest(epochs: dict[str, Callable[[], tuple[float, int]]]) -> dict[str, dict[str, float]]:
    """The seconds of the fastest epoch of each way, with its loss and tokens."""
    found: dict[str, dict[str, float]] = {}
    for number in range(WARM_UP + REPEATS):
        for name, epoch in epochs.items():
            started = time.perf_counter()
            loss, tokens = epoch()
            seconds = time.perf_counter() - started
            if number >= WARM_UP:
                best = min(seconds, found.get(name, {}).get("seconds", seconds))
                found[name] = {"seconds": best, "loss": loss, "tokens": tokens}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="builtin:tiny")
    options = parser.parse_args()

    import torch

    from tasktune.base_models import locate
    from tasktune.definition import TrainingSpec
    from tasktune.training.adapters import trainable
    from tasktune.training.at_once import AtOnce
    from tasktune.training.base import load_base
    from tasktune.training.batches import Collator
    from tasktune.training.branches import Branching
    from tasktune.training.shared_prefix import Way, token_losses_apart
    from tasktune.training.steps import Cut, LengthAwareSampler, Steps

    training = TrainingSpec(base_model=options.base)
    torch.manual_seed(0)
    causal_lm = trainable(load_base(locate(options.base, Path()), training, bf16=False), training, None).train()
    causal_lm = causal_lm.get_base_model()

    def epoch_of(rows: list[dict[str, Any]], way: str) -> Callable[[], tuple[float, int]]:
        branching = None if way == "alone" else Branching.of(causal_lm)
        collator = Collator(0, PREFIX, branching=branching)
        losses = Way(collator, torch.tensor(rows[0]["prompt"][:PREFIX]), token_losses_apart)
        lengths = [len(row["prompt"]) + ANSWER for row in rows]
        beginnings = [row["text"] for row in rows] if way == "grouped" else None
        steps = list(Steps(LengthAwareSampler(lengths, STEP, seed=0, beginnings=beginnings)))

        def epoch() -> tuple[float, int]:
            total, tokens = 0.0, 0
            for step in steps:
                for batch in Cut(collator, AtOnce(rows=STEP))([rows[row] for row in step]):
                    loss = losses(causal_lm, batch).sum()
                    loss.backward()  # type: ignore[no-untyped-call]
                    total += float(loss)
                    tokens += batch["input_ids"].numel()
            return total / (ROWS * ANSWER), tokens

        return epoch

    table = {}
    for name, rows in tasks(causal_lm.config.vocab_size).items():
        ways = WAYS if name == "entities" else WAYS[:2]
        table[name] = fastest({way: epoch_of(rows, way) for way in ways})
        for way, told in table[name].items():
            print(f"{name:9} {way:9} {told['tokens']:7,} tokens {told['seconds']:7.2f} s", flush=True)

    def share(name: str, way: str, figure: str) -> float:
        return table[name][way][figure] / table[name]["alone"][figure]

    differ = max(abs(each["loss"] - told["alone"]["loss"]) for told in table.values() for each in told.values())
    limits = [
        limit("nats by which the losses differ", differ, 1e-4, at_least=False),
        limit("tokens of entities, grouped", share("entities", "grouped", "tokens"), 0.6, at_least=False),
        limit("tokens of two kinds of instructions", share("kinds", "branches", "tokens"), 0.5, at_least=False),
        limit("time of entities, grouped", share("entities", "grouped", "seconds"), 0.9, at_least=False),
        limit("time of two kinds of instructions", share("kinds", "branches", "seconds"), 0.8, at_least=False),
        limit("time where nothing is shared", share("unlike", "branches", "seconds"), 1.1, at_least=False),
    ]
    keep("nested_prefixes", {"rows": ROWS, "step": STEP, "prefix": PREFIX, "tasks": table, "limits": limits})


if __name__ == "__main__":
    main()
