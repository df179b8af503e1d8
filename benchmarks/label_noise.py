"""Planted wrong labels: how many of them ``tune data noise`` finds, how many of its suspects are planted, and the time.

    python benchmarks/label_noise.py

One label in ten is replaced by another at random, in MASSIVE zh-TW (60 intents) and SEntFiN (3 sentiments of an
entity). Rows of the sets may be wrong without our doing, and count as wrongly suspected here. Limits: recall of at
least 0.6 on MASSIVE, precision of at least 0.5, and two minutes for 10,000 rows.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import dataset, keep, limit, read_jsonl, write_jsonl, write_task

from tasktune import load_task
from tasktune.data.noise import label_noise

SHARE, SEED, MOST = 0.1, 7, 10_000
SETS: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
    "massive_zh-TW": (("text", "label"), {"options": {"kind": "intent"}}),
    "sentfin": (("text", "entity", "label"), {"language": "en", "options": {"kind": "entity-sentiment"}}),
}


def measured(name: str, folder: Path) -> dict[str, Any]:
    """Plant wrong labels in a set and look for them."""
    fields, definition = SETS[name]
    rows = [{field: row[field] for field in fields} for row in read_jsonl(dataset(name) / "train.jsonl")][:MOST]
    labels = sorted({row["label"] for row in rows})
    dice = random.Random(SEED)
    planted = set()
    for place in dice.sample(range(len(rows)), round(SHARE * len(rows))):
        rows[place]["label"] = dice.choice([label for label in labels if label != rows[place]["label"]])
        planted.add(f"data/train.jsonl:{place + 1}")
    write_jsonl(folder / "data" / "train.jsonl", rows)
    keys: dict[str, Any] = {"task_name": name, "task_type": "classification", "data": {"overlap": "keep"}, **definition}
    keys["options"] = {**definition["options"], "labels": labels}
    task = load_task(write_task(folder, keys))
    started = time.perf_counter()
    found = label_noise(task)
    seconds = time.perf_counter() - started
    suspects = {each.id for each in found.suspects}
    hits = len(suspects & planted)
    return {
        "rows": len(rows),
        "labels": len(labels),
        "planted": len(planted),
        "suspects": len(suspects),
        "agreement": found.agreement,
        "recall": round(hits / len(planted), 3),
        "precision": round(hits / max(1, len(suspects)), 3),
        "precision_of_the_first_100": round(sum(each.id in planted for each in found.suspects[:100]) / 100, 3),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
        found = {name: measured(name, Path(folder) / name) for name in SETS}
    massive = found["massive_zh-TW"]
    keep(
        "label_noise",
        {
            "share_planted": SHARE,
            **found,
            "limits": [
                limit("recall on MASSIVE", massive["recall"], 0.85, at_least=True),
                limit("precision on MASSIVE", massive["precision"], 0.5, at_least=True),
                limit(
                    "seconds for 10,000 rows",
                    max(10_000 * each["seconds"] / each["rows"] for each in found.values()),
                    120,
                    at_least=False,
                ),
            ],
        },
    )


if __name__ == "__main__":
    main()
