"""How the cost of a training step grows with the prefix that all rows share: a table and a plot.

    python benchmarks/prefix_length.py [--base builtin:tiny]

Batches of 32 rows with suffixes and answers like those of short classification, behind prefixes of 0 to 2,000 tokens.
A step (forward, backward, AdamW; LoRA r = 16 on every linear layer) is timed with the prefix computed once per batch
and with every row in full, one after the other in one process; of several, the fastest counts. Besides
``results/prefix_length.json`` it draws ``results/prefix_length.svg``.

Limits: the loss is the same; a step behind 2,000 shared tokens takes at most 5 times as long as one behind none; and in
full at least 10 times as long as shared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import RESULTS, keep, limit

PREFIXES = (0, 250, 500, 1000, 1500, 2000)
ROWS, SUFFIX, ANSWER = 32, 15, 13
WARM_UP, REPEATS = 1, 3


def make_rows(prefix: int, vocabulary: int) -> list[dict[str, Any]]:
    """Rows of random tokens behind one prefix."""
    import torch

    generator = torch.Generator().manual_seed(prefix)

    def tokens(count: int) -> list[int]:
        found: list[int] = torch.randint(10, vocabulary, (count,), generator=generator).tolist()
        return found

    shared = tokens(prefix)
    return [{"prompt": shared + tokens(SUFFIX), "answers": [tokens(ANSWER)]} for _row in range(ROWS)]


def seconds_of(step: Callable[[], float]) -> tuple[float, float]:
    """The time of the fastest step, and the loss of the first."""
    losses, times = [], []
    for _number in range(WARM_UP + REPEATS):
        started = time.perf_counter()
        losses.append(step())
        times.append(time.perf_counter() - started)
    return min(times[WARM_UP:]), losses[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="builtin:tiny")
    options = parser.parse_args()

    import torch

    from tasktune.base_models import locate
    from tasktune.definition import TrainingSpec
    from tasktune.evaluation.curves_svg import curves_svg
    from tasktune.training.adapters import trainable
    from tasktune.training.base import load_base, use_bf16
    from tasktune.training.batches import Collator
    from tasktune.training.shared_prefix import Way, token_losses, token_losses_apart

    training = TrainingSpec(base_model=options.base)
    bf16 = use_bf16("auto")
    table: list[dict[str, Any]] = []
    for length in PREFIXES:
        times, first = {}, {}
        for name in ("shared", "in full"):
            torch.manual_seed(0)
            model = trainable(load_base(locate(options.base, Path()), training, bf16=bf16), training, None).train()
            causal_lm = model.get_base_model()
            rows = make_rows(length, causal_lm.config.vocab_size)
            shared = rows[0]["prompt"][:length] if name == "shared" else []
            losses = token_losses_apart if shared else token_losses
            way = Way(Collator(0, len(shared)), torch.tensor(shared, dtype=torch.long), losses)
            optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=1e-3)

            def step(way: Way = way, rows: Any = rows, model: Any = causal_lm, optimizer: Any = optimizer) -> float:
                batch = way.collator(rows)
                with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                    loss = way(model, batch).mean()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                optimizer.zero_grad()
                return float(loss)

            times[name], first[name] = seconds_of(step)
        table.append({"prefix": length, **times, "ratio": times["in full"] / times["shared"], "losses": first})
        print(f"{length:5} tokens: {times['shared']:.3f} s shared, {times['in full']:.3f} s in full", flush=True)

    curves = {name: [(row["prefix"], 1000 * row[name]) for row in table] for name in ("shared", "in full")}
    RESULTS.mkdir(exist_ok=True)
    picture = curves_svg(
        curves, title="A step of 32 rows", x_label="tokens that all rows begin with", y_label="milliseconds"
    )
    (RESULTS / "prefix_length.svg").write_text(picture, encoding="utf-8")
    none, longest = table[0], table[-1]
    differ = max(abs(row["losses"]["shared"] - row["losses"]["in full"]) for row in table)
    limits = [
        limit("nats by which the losses differ", differ, 0.05, at_least=False),
        limit(
            "a step behind 2,000 shared tokens over one behind none",
            longest["shared"] / none["shared"],
            5,
            at_least=False,
        ),
        limit("in full over shared, behind 2,000 tokens", longest["ratio"], 10, at_least=True),
    ]
    keep("prefix_length", {"rows": ROWS, "suffix": SUFFIX, "answer": ANSWER, "steps": table, "limits": limits})


if __name__ == "__main__":
    main()
