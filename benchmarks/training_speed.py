"""Training: rows/s of tasktune beside TRL's SFTTrainer and its own plain path, each in a fresh process.

    python benchmarks/training_speed.py [--rows 1024] [--base builtin:tiny]

Two tasks: short prompts of our own, and 60-way intent classification (MASSIVE zh-TW), whose system prompt holds the
label list. All train the same model and LoRA, from the same start, on the same tokens in the same order, in as many
steps. TRL runs with its defaults (bf16 autocast, gradient checkpointing, max_length 1024) and with both switched off.
tasktune also runs with ``prefix_sharing: off``: padded whole rows, with logits only where there are labels. Rows/s are
those of the training loop after its first 8 steps, in which every way is slower (memory that is new, kernels that are
made for new shapes); those of the whole loop stand beside them, for tasktune with saving. Each way is measured until it
has trained for 30 seconds, five times at the most; its figures are those of the measurement with the middle rows/s, and
all of them are kept.

Limits: on MASSIVE at least 18 times TRL's default and 7 times the plain path, the whole command for 256 rows (check,
preparation and training, imports included) under 25 s, and the losses of the steps those of TRL and of the plain path;
on short prompts never slower than the better of TRL's settings. From the command to the first step it takes at most 2 s
more than a process that only imports what training needs and loads the model.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from common import dataset, in_process, keep, limit, read_jsonl, write_jsonl, write_task

BATCH, LEARNING_RATE = 32, 1e-3
WARM_UP, ROWS_OF_COMMAND = 8, 256
LONG_ENOUGH, MOST_TIMES = 30.0, 5
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
    training: dict[str, Any] = {
        "base_model": base,
        "lora": LORA,
        "epochs": 1,
        "batch_size": BATCH,
        "learning_rate": LEARNING_RATE,
        "scheduler": "linear",
        "warmup_ratio": 0.0,
        "max_length": 1024,
        "checkpoint_steps": 1_000_000,
    }
    data = {"overlap": "keep", "split": {"valid": 0.0, "test": 0.0}}
    return {"task_name": name, "task_type": "classification", "options": options, "data": data, "training": training}


def measure_tasktune(task_file: Path, prefix_sharing: str) -> dict[str, Any]:
    """Train through ``tasktune.run`` and time the training stage by its own events."""
    from tasktune import load_task, run

    times: dict[str, float] = {}
    steps: list[tuple[int, float]] = []
    rows = 0

    def note(event: Any) -> None:
        nonlocal rows
        if event.kind == "stage" and event.stage == "train":
            times[event.data["status"]] = event.time
            rows = event.data.get("rows", rows)
        if event.kind == "progress" and event.stage == "train":
            steps.append((event.data["done"], event.time))

    shutil.rmtree(task_file.parent / "versions", ignore_errors=True)
    started = time.time()
    task = load_task(task_file, overrides=[f"training.prefix_sharing={prefix_sharing}"])
    done = run(task, stages=("prepare", "train"), on_event=note)
    seconds = times["finished"] - times["started"]
    history = json.loads((done.version_dir / "training.json").read_text(encoding="utf-8"))["history"]
    return {
        "rows_per_second": warm(steps),
        "whole_loop_rows_per_second": rows / seconds,
        "seconds": seconds,
        "command_seconds": time.time() - started,
        "seconds_before_training": times["started"] - started,
        "losses": [entry["loss"] for entry in history if "loss" in entry],
    }


def warm(steps: list[tuple[int, float]]) -> float | None:
    """Rows/s from the first time that is known after the warm-up to the last step; None of a loop that ends with it.

    ``steps`` are (steps done, time) in order.
    """
    (first, began), (last, ended) = next(step for step in steps if step[0] >= WARM_UP), steps[-1]
    return (last - first) * BATCH / (ended - began) if last > first else None


def measure_trl(task_file: Path, defaults: bool) -> dict[str, Any]:
    """Train the same rows, in the order of tasktune's one epoch, with TRL's trainer."""
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from torch.utils.data import SequentialSampler
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback, set_seed
    from trl import SFTConfig, SFTTrainer

    from tasktune import load_task
    from tasktune.base_models import locate
    from tasktune.data.encode import Encoder
    from tasktune.data.records import Problems, read_records
    from tasktune.data.rows import chat
    from tasktune.training.steps import LengthAwareSampler

    began = time.time()
    task = load_task(task_file)
    seed = task.spec.training.seed
    base = locate(task.spec.training.base_model, task.folder)
    tokenizer = AutoTokenizer.from_pretrained(base)
    chats = [
        chat(task.plugin.build_prompt(record, task.options))
        for record in read_records(task, task.data_files("train"), Problems())
    ]
    # Tokens of ours: TRL's own would also learn the line break behind an answer's end.
    encoded = Encoder(tokenizer).rows(chats)
    order = LengthAwareSampler([len(row) for row in encoded], BATCH, seed)
    tokens = [(encoded[row].prompt, encoded[row].completion) for row in order]
    rows = Dataset.from_list(
        [{"input_ids": ask + say, "completion_mask": [0] * len(ask) + [1] * len(say)} for ask, say in tokens]
    )
    better: dict[str, Any] = {} if defaults else {"bf16": False, "gradient_checkpointing": False}
    set_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype="float32")
    lora = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    with tempfile.TemporaryDirectory() as output:
        trainer = SFTTrainer(
            model=get_peft_model(model, lora),
            args=SFTConfig(
                output_dir=output,
                num_train_epochs=1,
                per_device_train_batch_size=BATCH,
                learning_rate=LEARNING_RATE,
                warmup_steps=0,
                completion_only_loss=True,
                logging_steps=1,
                report_to="none",
                save_strategy="no",
                disable_tqdm=True,
                use_cpu=True,
                **better,
            ),
            train_dataset=rows,
            processing_class=tokenizer,
        )
        steps: list[tuple[int, float]] = []

        class Clock(TrainerCallback):  # type: ignore[misc]
            def on_step_end(self, _args: Any, state: Any, *_rest: Any, **_keywords: Any) -> None:
                steps.append((state.global_step, time.time()))

        trainer.add_callback(Clock())
        trainer._get_train_sampler = lambda dataset=None: SequentialSampler(rows)
        started = time.time()
        trainer.train()
    seconds = time.time() - started
    return {
        "rows_per_second": warm(steps),
        "whole_loop_rows_per_second": len(rows) / seconds,
        "seconds": seconds,
        "command_seconds": time.time() - began,
        "losses": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
    }


WAYS = ("trl_default", "trl_plain", "tasktune_plain", "tasktune")


def load_only(task_file: Path) -> None:
    """Import what training needs, and load model and tokenizer: what no trainer can do without."""
    import datasets.arrow_writer  # noqa: F401
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer  # noqa: F401

    from tasktune import load_task
    from tasktune.base_models import locate

    task = load_task(task_file)
    base = locate(task.spec.training.base_model, task.folder)
    AutoTokenizer.from_pretrained(base)
    lora = LoraConfig(r=16, target_modules="all-linear", task_type="CAUSAL_LM")
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), lora)


LOSSES_DIFFER = 0.01
"""By how many nats losses of a step may differ: three of the ways compute in bf16, which rounds to 0.4 %."""


def measure(who: str, task_file: Path) -> dict[str, Any]:
    """One of ``WAYS``, or only what comes before any of them."""
    if who == "load_only":
        load_only(task_file)
        return {}
    if who.startswith("trl"):
        return measure_trl(task_file, who == "trl_default")
    return measure_tasktune(task_file, "off" if who == "tasktune_plain" else "auto")


def measure_long_enough(who: str, task_file: str) -> dict[str, Any]:
    """The middle one of so many measurements that a moment's disturbance does not decide about a quick way."""
    found: list[dict[str, Any]] = []
    while not found or (sum(each["seconds"] for each in found) < LONG_ENOUGH and len(found) < MOST_TIMES):
        found.append(in_process("training_speed.py", "--one", who, task_file))
    found.sort(key=lambda each: each["rows_per_second"])
    middle = found[len(found) // 2]
    return {**middle, "all_rows_per_second": [each["rows_per_second"] for each in found]}


def furthest(some: list[float], others: list[float]) -> float:
    """The largest difference of a step's losses, in nats."""
    return max(abs(one - other) for one, other in zip(some, others, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1024, help="a multiple of 32, at least 288")
    parser.add_argument("--base", default="builtin:tiny")
    parser.add_argument("--one", nargs=2, metavar=("WHO", "TASK_FILE"), help="measure one of them, in this process")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], Path(options.one[1]))))
        return

    tasks: dict[str, Any] = {}
    limits: list[dict[str, Any]] = []
    for name, make in TASKS.items():
        with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
            base = str(Path(options.base).resolve()) if "/" in options.base else options.base
            task_file = make(Path(folder), options.rows, base)
            measured = {who: measure_long_enough(who, str(task_file)) for who in WAYS}
            started = time.time()
            in_process("training_speed.py", "--one", "load_only", str(task_file))
            measured["load_only"] = {"seconds": time.time() - started}
        speed = {who: measured[who]["rows_per_second"] for who in WAYS}
        ours = measured["tasktune"]
        best = max(speed["trl_default"], speed["trl_plain"])
        tasks[name] = {**measured, "over_trl_best": round(speed["tasktune"] / best, 2)}
        for other in ("trl_default", "trl_plain", "tasktune_plain"):
            differ = furthest(ours["losses"], measured[other]["losses"])
            limits.append(limit(f"{name}: losses differ from those of {other}", differ, LOSSES_DIFFER, at_least=False))
        if name == "short":
            limits.append(limit("short: rows/s over the better of TRL", tasks[name]["over_trl_best"], 1, at_least=True))
        else:
            ratio = speed["tasktune"] / speed["trl_default"]
            limits.append(limit("massive: rows/s over TRL's default", ratio, 18, at_least=True))
            ratio = speed["tasktune"] / speed["tasktune_plain"]
            limits.append(limit("massive: rows/s over the own plain path", ratio, 7, at_least=True))
            with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
                task_file = make(Path(folder), ROWS_OF_COMMAND, base)
                tasks[name]["command"] = in_process("training_speed.py", "--one", "tasktune", str(task_file))
            seconds = tasks[name]["command"]["command_seconds"]
            limits.append(limit("massive: seconds of the command for 256 rows", seconds, 25, at_least=False))
        more = ours["seconds_before_training"] - measured["load_only"]["seconds"]
        limits.append(limit(f"{name}: seconds to the first step beyond loading", more, 2, at_least=False))
    result = {"rows": options.rows, "batch": BATCH, "base": options.base, "lora": LORA, "tasks": tasks}
    keep("training_speed", {**result, "limits": limits})


if __name__ == "__main__":
    main()
