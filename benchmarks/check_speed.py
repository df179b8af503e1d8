"""Check a million short rows, near duplicates and leakage included: seconds and peak memory at three sizes.

    python benchmarks/check_speed.py [--rows 1000000]

Rows are made of a few phrases, as real short texts are: the worst case for near duplicates, since all of them are
alike to a degree. One row in a hundred is nearly another of train; of a thousand test rows 50 are training rows, and 50
nearly so. Each size runs ``tune check`` as a process of its own. Limits: under 180 s and 2 GB at the full size, time
that grows no faster than the rows (per-row time at most 1.3 times that of a quarter), every planted leak found, and
nine in ten of the near duplicates.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import in_process, keep, limit, write_task

LABELS = ["正面", "負面", "中立"]
COMPANIES = "台海新光力群聯華亞北南東信永昌中鼎和大國"
PHRASES = ["營收成長", "獲利衰退", "召開法說會", "訂單滿載", "庫存偏高", "維持評等", "擴建新廠", "股利優於預期"]
TEST = 1000
EVERY = 100
SEED = 0


def make_task(folder: Path, rows: int) -> Path:
    """A task of ``rows`` training rows and a test file of which a twentieth is in train, and a twentieth nearly."""
    dice = random.Random(SEED)

    def text(number: int) -> str:
        first, second = dice.sample(PHRASES, 2)
        name = "".join(dice.choices(COMPANIES, k=3))
        return f"{name}公布第{number}號公告，{first}，{second}，外資買超{dice.randrange(10**6)}張"

    def nearly(text: str) -> str:
        return text[:-1] + "多張"

    (folder / "data").mkdir(parents=True)
    texts: list[str] = []
    with (folder / "data" / "train.jsonl").open("w", encoding="utf-8") as file:
        for number in range(rows):
            made = nearly(texts[dice.randrange(len(texts))]) if number % EVERY == EVERY - 1 else text(number)
            if len(texts) < TEST:
                texts.append(made)
            else:
                texts[dice.randrange(TEST)] = made
            file.write(json.dumps({"text": made, "label": dice.choice(LABELS)}, ensure_ascii=False) + "\n")
    with (folder / "data" / "test.jsonl").open("w", encoding="utf-8") as file:
        for number in range(TEST):
            made = texts[number] if number % 20 == 0 else text(rows + number)
            made = nearly(texts[number]) if number % 20 == 10 else made
            file.write(json.dumps({"text": made, "label": dice.choice(LABELS)}, ensure_ascii=False) + "\n")
    return write_task(
        folder,
        {
            "task_name": "check-speed",
            "task_type": "classification",
            "options": {"kind": "sentiment", "labels": LABELS},
            "data": {"overlap": "keep", "split": {"valid": 0.0}},
            "training": {"base_model": "builtin:tiny"},
        },
    )


def measure(task_file: Path) -> dict[str, Any]:
    """Seconds and peak resident memory of the command, and what it found."""
    command = [sys.executable, "-m", "tasktune", "check", str(task_file), "--json"]
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    findings = json.loads(done.stdout)["findings"]
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_bytes": usage.ru_maxrss * 1024,
        "findings": {finding["code"]: finding["count"] for finding in findings},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--one", type=Path)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    sizes = {}
    for rows in (options.rows // 4, options.rows):
        with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
            sizes[rows] = in_process("check_speed.py", "--one", str(make_task(Path(folder), rows)))
    full, quarter = sizes[options.rows], sizes[options.rows // 4]
    growth = full["cpu_seconds"] / quarter["cpu_seconds"] / 4
    exact = full["findings"].get("same_input_in_train_and_test", 0)
    near = full["findings"].get("near_leak_to_test", 0)
    within = full["findings"].get("near_duplicates", 0)
    keep(
        "check_speed",
        {
            "sizes": sizes,
            "cores": os.cpu_count(),
            "limits": [
                limit("seconds for a check of all rows", full["seconds"], 180.0, at_least=False),
                limit("peak memory, GB", full["peak_bytes"] / 1e9, 2.0, at_least=False),
                limit("per-row CPU time, full size over a quarter", growth, 1.3, at_least=False),
                limit("inputs of test found in train, of 50", exact, 50, at_least=True),
                limit("test rows found that are nearly a training row, of 50", near, 45, at_least=True),
                # A copy and what it is nearly a copy of count as one row each.
                limit("near copies found, of two for each planted", within * EVERY / options.rows, 1.8, at_least=True),
            ],
        },
    )


if __name__ == "__main__":
    main()
