"""Evaluation: rows/s beside naive one-by-one ``generate`` on 60-way intent classification, and the same answers.

    python benchmarks/evaluation_speed.py VERSION_DIR [--rows 300]

VERSION_DIR is a trained version of the MASSIVE task (``benchmarks/real_data.py`` makes one). Both run in this process,
on the same model, prompts and decoding rules. Limit: at least 5 times naive, with equal answers.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import torch
from common import keep, limit

from tasktune import load_task
from tasktune.data.encode import Encoder
from tasktune.data.rows import chat, read_split
from tasktune.inference.decoding import read_decoding
from tasktune.inference.engine import TransformersEngine, load_version_model
from tasktune.inference.prompts import blind_prompt
from tasktune.training.base import load_tokenizer
from tasktune.workspace.versions import Version


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
    decoding = read_decoding(version.decoding)
    engine = TransformersEngine(model, tokenizer, decoding, task.spec.evaluation.batch_size)
    records = list(itertools.islice(read_split(version.prepared, "test"), options.rows))
    prompts = Encoder(tokenizer).prompts([chat(blind_prompt(task, record)) for record in records])

    naive, naive_rate = {}, 0.0
    with torch.inference_mode():
        started = time.perf_counter()
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
            naive[index] = tokenizer.decode(output[:end], skip_special_tokens=True)
        naive_rate = len(prompts) / (time.perf_counter() - started)

    started = time.perf_counter()
    ours = dict(pair for batch in engine.generate(prompts) for pair in batch)
    rate = len(prompts) / (time.perf_counter() - started)
    equal = sum(naive[index] == ours[index] for index in naive)
    keep(
        "evaluation_speed",
        {
            "rows": len(prompts),
            "prompt_tokens_mean": round(sum(map(len, prompts)) / len(prompts), 1),
            "naive_rows_per_second": round(naive_rate, 2),
            "tasktune_rows_per_second": round(rate, 2),
            "equal_answers": f"{equal} of {len(prompts)}",
            "different_answers": len(set(naive.values())),
            "limits": [
                limit("rows/s over naive generate", rate / naive_rate, 5, at_least=True),
                limit("share of equal answers", equal / len(prompts), 1.0, at_least=True),
            ],
        },
    )


if __name__ == "__main__":
    main()
