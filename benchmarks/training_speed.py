"""Training: rows/s of tasktune beside TRL's SFTTrainer, same model, rows, batch and LoRA, each in a fresh process.

    python benchmarks/training_speed.py [--rows 256] [--base builtin:tiny]

Two tasks: short prompts of our own, and 60-way intent classification (MASSIVE zh-TW), whose system prompt holds the
label list. TRL runs with its defaults (bf16 autocast, gradient checkpointing, max_length 1024) and with both switched
off, which is its better setting here. Time is that of the training loop; for tasktune the saving of the adapter and
the checkpoints count too. Limits: at least 1.5 times TRL's default on short prompts, 10 times on MASSIVE.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from common import dataset, in_process, keep, limit, read_jsonl, write_jsonl, write_task

BATCH, LEARNING_RATE = 32, 1e-3
LORA = {"r": 16, "alpha": 32, "dropout": 0.0, "target_modules": "all-linear"}


def intent_task(folder: Path, rows: int, base: str) -> Path:
    """MASSIVE zh-TW as a task with its first ``rows`` training rows."""
    source = dataset("massive_zh-TW")
    every = read_jsonl(source / "train.jsonl")
    write_jsonl(folder / "data/train.jsonl", [{"text": r["text"], "label": r["label"]} for r in every[:rows]])
    test = read_jsonl(source / "test.jsonl")[:20]
    write_jsonl(folder / "data/test.jsonl", [{"text": r["text"], "label": r["label"]} for r in test])
    options = {"kind": "intent", "labels": sorted({row["label"] for row in every})}
    return write_task(folder, _definition("intents", base, options))


def short_task(folder: Path, rows: int, base: str) -> Path:
    """Short generated reviews with three labels."""
    chance = random.Random(0)
    things = ["手機", "筆電", "咖啡", "飯店", "相機", "耳機", "外套", "電影"]
    views = {
        "正面": ["很好用", "超乎期待", "值得推薦"],
        "負面": ["很難用", "令人失望", "品質很差"],
        "中立": ["普通", "還可以"],
    }

    def row(number: int) -> dict[str, str]:
        label = chance.choice(list(views))
        return {"text": f"第{number}次買的{chance.choice(things)}{chance.choice(views[label])}", "label": label}

    write_jsonl(folder / "data/train.jsonl", [row(number) for number in range(rows)])
    write_jsonl(folder / "data/test.jsonl", [row(number) for number in range(rows, rows + 20)])
    return write_task(folder, _definition("reviews", base, {"kind": "sentiment", "labels": list(views)}))


TASKS = {"short": short_task, "massive": intent_task}


def _definition(name: str, base: str, options: dict[str, Any]) -> dict[str, Any]:
    training = {
        "base_model": base,
        "lora": LORA,
        "epochs": 1,
        "batch_size": BATCH,
        "learning_rate": LEARNING_RATE,
        "scheduler": "linear",
        "max_length": 1024,
        "checkpoint_steps": 1_000_000,
    }
    data = {"overlap": "keep", "split": {"valid": 0.0, "test": 0.0}}
    return {"task_name": name, "task_type": "classification", "options": options, "data": data, "training": training}


def measure_tasktune(task_file: Path) -> dict[str, float]:
    """Train through ``tasktune.run`` and time the training stage by its own events."""
    from tasktune import load_task, run

    times: dict[str, float] = {}
    rows = 0

    def note(event: Any) -> None:
        nonlocal rows
        if event.kind == "stage" and event.stage == "train":
            times[event.data["status"]] = event.time
            rows = event.data.get("rows", rows)

    started = time.time()
    run(load_task(task_file), stages=("prepare", "train"), on_event=note)
    seconds = times["finished"] - times["started"]
    return {"rows_per_second": rows / seconds, "seconds": seconds, "command_seconds": time.time() - started}


def measure_trl(task_file: Path, defaults: bool) -> dict[str, float]:
    """Train the same rows with TRL's trainer."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from tasktune import load_task
    from tasktune.base_models import locate
    from tasktune.data.records import Problems, read_records
    from tasktune.data.rows import chat

    began = time.time()
    task = load_task(task_file)
    base = locate(task.spec.training.base_model, task.folder)
    tokenizer = AutoTokenizer.from_pretrained(base)
    chats = [
        chat(task.plugin.build_prompt(record, task.options))
        for record in read_records(task, task.data_files("train"), Problems())
    ]
    rows = Dataset.from_list([{"prompt": turns[:-1], "completion": turns[-1:]} for turns in chats])
    better: dict[str, Any] = {} if defaults else {"bf16": False, "gradient_checkpointing": False}
    with tempfile.TemporaryDirectory() as output:
        trainer = SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(base, dtype="float32"),
            args=SFTConfig(
                output_dir=output,
                num_train_epochs=1,
                per_device_train_batch_size=BATCH,
                learning_rate=LEARNING_RATE,
                report_to="none",
                save_strategy="no",
                disable_tqdm=True,
                use_cpu=True,
                **better,
            ),
            train_dataset=rows,
            processing_class=tokenizer,
            peft_config=LoraConfig(
                r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
            ),
        )
        started = time.time()
        trainer.train()
    seconds = time.time() - started
    return {"rows_per_second": len(rows) / seconds, "seconds": seconds, "command_seconds": time.time() - began}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--base", default="builtin:tiny")
    parser.add_argument("--one", nargs=2, metavar=("WHO", "TASK_FILE"), help="measure one of them, in this process")
    options = parser.parse_args()
    if options.one:
        who, task_file = options.one[0], Path(options.one[1])
        found = measure_tasktune(task_file) if who == "tasktune" else measure_trl(task_file, who == "trl_default")
        print(json.dumps(found))
        return

    tasks: dict[str, Any] = {}
    result: dict[str, Any] = {"rows": options.rows, "batch": BATCH, "base": options.base, "lora": LORA, "tasks": tasks}
    limits: list[dict[str, Any]] = []
    for name, make in TASKS.items():
        with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
            base = str(Path(options.base).resolve()) if "/" in options.base else options.base
            task_file = make(Path(folder), options.rows, base)
            measured = {
                who: in_process("training_speed.py", "--one", who, str(task_file))
                for who in ("trl_default", "trl_plain", "tasktune")
            }
        speed = {who: values["rows_per_second"] for who, values in measured.items()}
        bound = 1.5 if name == "short" else 10
        ratio = speed["tasktune"] / speed["trl_default"]
        limits.append(limit(f"{name}: rows/s over TRL's default", ratio, bound, at_least=True))
        best = max(speed["trl_default"], speed["trl_plain"])
        tasks[name] = {**measured, "over_trl_best": round(speed["tasktune"] / best, 2)}
    keep("training_speed", {**result, "limits": limits})


if __name__ == "__main__":
    main()
