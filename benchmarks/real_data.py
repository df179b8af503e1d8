"""Real labelled data to the end: intents (MASSIVE zh-TW, 60 labels) and entities (UNER Chinese-GSD) on the tiny base.

    python benchmarks/real_data.py [intents|entities ...] [--keep FOLDER]

The figures are what they are, beside the baselines that every report has; the built-in base has 5 million parameters
and has seen no real text. FOLDER keeps the trained versions, for ``evaluation_speed.py``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import dataset, keep, read_jsonl, write_jsonl, write_task

TRAINING = {"base_model": "builtin:tiny", "tuning": "full", "epochs": 3, "batch_size": 32, "learning_rate": 1e-3}


def intents(folder: Path) -> Path:
    """All 11,514 training rows; the 225 test inputs that occur in train too are kept, as in published figures."""
    source = dataset("massive_zh-TW")
    labels: set[str] = set()
    for split in ("train", "valid", "test"):
        rows = read_jsonl(source / f"{split}.jsonl")
        labels |= {row["label"] for row in rows}
        write_jsonl(folder / "data" / f"{split}.jsonl", [{"text": r["text"], "label": r["label"]} for r in rows])
    return write_task(
        folder,
        {
            "task_name": "massive-intents",
            "task_type": "classification",
            "language": "zh-TW",
            "options": {"kind": "intent", "labels": sorted(labels)},
            "data": {"overlap": "keep"},
            "training": TRAINING,
            "evaluation": {"batch_size": 64},
        },
    )


def entities(folder: Path) -> Path:
    """All 3,997 training sentences, three entity types."""
    source = dataset("uner_zh_gsd")
    for split in ("train", "valid", "test"):
        rows = read_jsonl(source / f"{split}.jsonl")
        kept = [{"text": row["text"], "entities": row["entities"]} for row in rows]
        write_jsonl(folder / "data" / f"{split}.jsonl", kept)
    return write_task(
        folder,
        {
            "task_name": "uner-entities",
            "task_type": "ner",
            "language": "zh-TW",
            "options": {"labels": ["PER", "LOC", "ORG"]},
            "training": {**TRAINING, "epochs": 5, "learning_rate": 5e-4},
            "evaluation": {"batch_size": 64},
        },
    )


TASKS = {"intents": intents, "entities": entities}


def measure(task_file: Path) -> dict[str, Any]:
    """Run a task to its end; scores of the model and of every baseline."""
    from tasktune import load_task, run

    started = time.time()
    result = run(load_task(task_file))
    assert result.evaluation is not None
    evaluation = result.evaluation

    def shown(values: Mapping[str, float]) -> dict[str, float]:
        return {name: round(value, 4) for name, value in values.items()}

    return {
        "seconds": round(time.time() - started),
        "training": json.loads(task_file.read_text("utf-8"))["training"],
        "rows": evaluation.counts.model_dump(),
        "tasktune": shown(evaluation.metrics.values),
        **{f"baseline {name}": shown(metrics.values) for name, metrics in evaluation.baselines.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", choices=[*TASKS, []], help="default: all")
    parser.add_argument("--keep", type=Path, help="a folder for the task folders; default: a temporary one")
    options = parser.parse_args()
    for name in options.tasks or TASKS:
        with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as scratch:
            folder = (options.keep or Path(scratch)) / name
            keep(f"real_data_{name}", measure(TASKS[name](folder)))


if __name__ == "__main__":
    main()
