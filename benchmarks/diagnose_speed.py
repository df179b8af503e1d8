"""Diagnose a version of 10,000 test rows and 10,000 training rows, of each task type: seconds of the whole command, and
what it imports.

    python benchmarks/diagnose_speed.py [--rows 10000]

The version is made without training, as a run leaves it: rows, predictions, evaluation, and the record of a training.
The command has one thread, so its processor time is the time that it takes on a machine without other work. Limits:
under 2 s of it each (the best of five), and no torch.
"""

from __future__ import annotations

import argparse
import json
import random
import runpy
import tempfile
from pathlib import Path
from typing import Any

from common import ROOT, keep, limit, write_task
from compare_speed import KINDS, SEED, Answered, seconds_of

from tasktune.data.rows import chat
from tasktune.definition import Task, load_task
from tasktune.evaluation.score import score
from tasktune.training.record import TrainingRecord, write_record
from tasktune.workspace.versions import Version


def write_rows(task: Task, version: Version, split: str, answered: Answered) -> None:
    """Rows as a run writes them."""
    with (version.prepared / f"{split}.jsonl").open("w", encoding="utf-8") as file:
        for record, _output in answered:
            row = {
                "id": f"{split}:{record.id}",
                "inputs": record.inputs,
                "target": record.target,
                "classes": list(task.plugin.target_classes(record, task.options)),
                "messages": chat(task.plugin.build_prompt(record, task.options)),
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def make(folder: Path, kind: str, rows: int) -> None:
    """A task with one version that is evaluated."""
    own, answered = KINDS[kind]
    write_task(folder, {"task_name": "diagnose-speed", "task_type": kind, "options": own})
    make_version = runpy.run_path(str(ROOT / "core" / "tests" / "made_versions.py"))["make_version"]
    made = list(answered(rows, 0.7, random.Random(SEED)))
    version: Version = make_version(folder, "v1", made)
    task = load_task(version.definition, folder=folder)
    scores = score(task, made)
    (version.evaluation / "metrics.json").write_text(scores.model_dump_json(), "utf-8")
    write_rows(task, version, "test", iter(made))
    write_rows(task, version, "train", answered(rows, 0.7, random.Random(SEED + 1)))
    history = [{"step": step, "loss": 1 / step} for step in range(1, 201)]
    write_record(version.training, TrainingRecord(steps=200, planned=200, history=tuple(history)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as place:
            make(Path(place), kind, options.rows)
            told, times = seconds_of(["diagnose", place, "--json"])
            found[kind] = {**times, "findings": [each["code"] for each in told["findings"]]}
    limits = [
        limit(f"processor seconds to diagnose, {kind}", min(each["cpu_seconds"]), 2.0, at_least=False)
        for kind, each in found.items()
    ]
    imported = sum(each["torch"] for each in found.values())
    keep(
        "diagnose_speed",
        {"task_types": found, "limits": [*limits, limit("diagnoses that import torch", imported, 0, at_least=False)]},
    )


if __name__ == "__main__":
    main()
