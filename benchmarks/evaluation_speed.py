"""Evaluation: rows/s beside naive one-by-one ``generate`` on 60-way intent classification, and the same answers.

    python benchmarks/evaluation_speed.py VERSION_DIR [--rows 300]

VERSION_DIR is a trained version of the MASSIVE task (``benchmarks/real_data.py`` makes one). All run in this process,
on the same model, prompts and decoding rules: naive generation on the first rows of test, ours on all of them, free and
constrained, each with the probabilities of the labels, as an evaluation has them, and free without. Limits: an
evaluation is at least 7 times as fast as naive generation, with equal answers; constrained decoding costs at most 15 %
over free.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from common import keep, limit

from tasktune import load_task
from tasktune.data.encode import Encoder
from tasktune.data.rows import chat, read_split
from tasktune.inference.decoding import Decoding, read_decoding
from tasktune.inference.engine import TransformersEngine, load_version_model
from tasktune.inference.generate import Generator
from tasktune.inference.prompts import blind_prompt
from tasktune.training.base import load_tokenizer
from tasktune.workspace.versions import Version

WAYS = (("free", "free", True), ("constrained", "constrained", True), ("without probabilities", "free", False))
"""Ours: a name, how answers are generated, and whether the probabilities of all labels are found as well."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version_dir", type=Path)
    parser.add_argument("--rows", type=int, default=300)
    options = parser.parse_args()

    version = Version(options.version_dir.resolve())
    task = load_task(version.definition, folder=version.folder.parent.parent)
    training = task.spec.training
    base, tokenizer = load_tokenizer(training.base_model, training.revision, task.folder)
    model = load_version_model(base, training.revision, version.adapter, version.model)
    free = read_decoding(version.decoding).model_copy(update={"mode": "free"})
    records = list(read_split(version.prepared, "test"))
    asked = records[: options.rows]
    prompts = Encoder(tokenizer).prompts([chat(blind_prompt(task, record)) for record in asked])

    naive, naive_rate = naively(model, tokenizer, free, prompts)
    found: dict[str, dict[int, str]] = {}
    rates: dict[str, float] = {}
    for name, mode, watched in WAYS:
        decoding = free.model_copy(update={"mode": mode})
        generator = Generator(task, model, tokenizer, decoding, task.spec.evaluation.batch_size)
        started = time.perf_counter()
        watch = generator.watch(records) if watched else None
        found[name] = dict(pair for batch in generator.outputs(records, watch=watch) for pair in batch)
        rates[name] = len(records) / (time.perf_counter() - started)
    equal = sum(naive[index] == found["free"][index] for index in naive)
    keep(
        "evaluation_speed",
        {
            "rows": len(records),
            "rows_naive": len(prompts),
            "prompt_tokens_mean": round(sum(map(len, prompts)) / len(prompts), 1),
            "naive_rows_per_second": round(naive_rate, 2),
            "rows_per_second": {name: round(rate, 2) for name, rate in rates.items()},
            "equal_answers": f"{equal} of {len(prompts)}",
            "different_answers": len(set(naive.values())),
            "limits": [
                limit("rows/s over naive generate", rates["free"] / naive_rate, 7, at_least=True),
                limit("share of equal answers", equal / len(prompts), 1.0, at_least=True),
                limit("free over constrained rows/s", rates["free"] / rates["constrained"], 1.15, at_least=False),
            ],
        },
    )


def naively(
    model: Any, tokenizer: Any, decoding: Decoding, prompts: Sequence[Sequence[int]]
) -> tuple[dict[int, str], float]:
    """The answers to prompts one by one, as the library's guides do it, and the rows per second."""
    engine = TransformersEngine(model, tokenizer, decoding, 1)
    answers = {}
    started = time.perf_counter()
    with torch.inference_mode():
        for index, prompt in enumerate(prompts):
            output = model.generate(
                input_ids=torch.tensor([prompt]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                max_new_tokens=decoding.max_new_tokens,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                eos_token_id=engine.stop_ids,
                pad_token_id=engine.pad,
            )[0, len(prompt) :].tolist()
            end = next((i for i, token in enumerate(output) if token in engine.stop_ids), len(output))
            answers[index] = tokenizer.decode(output[:end], skip_special_tokens=True)
    return answers, len(prompts) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
