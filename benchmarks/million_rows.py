"""Check and prepare a million generated classification rows: time per row at three sizes, and peak memory.

    python benchmarks/million_rows.py [--rows 1000000]

Each size runs in a fresh process that checks the data, writes the version's rows and encodes them with the built-in
base's tokenizer, which is everything before the first training step. Limits: peak resident memory under 1.5 GB, and
time that grows no faster than the rows (per-row time at the full size within 1.3 times that at a quarter of it).
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

from common import in_process, keep, limit, write_task

LABELS = ["正面", "負面", "中立"]


def make_task(folder: Path, rows: int) -> Path:
    """A task with ``rows`` short training rows and a small test file."""
    chance = random.Random(0)
    syllables = "台海新光力群聯華亞北南東信永昌中鼎和大國"
    words = ["營收成長", "獲利衰退", "召開法說會", "訂單滿載", "庫存偏高", "維持評等"]

    def row(number: int) -> str:
        entity = "".join(chance.choices(syllables, k=3))
        text = f"{entity}第{number}季{chance.choice(words)}，{chance.choice(words)}"
        return json.dumps({"text": text, "entity": entity, "label": chance.choice(LABELS)}, ensure_ascii=False)

    (folder / "data").mkdir(parents=True)
    for name, first, count in (("train", 0, rows), ("test", rows, 1000)):
        with (folder / "data" / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(row(first + number) + "\n" for number in range(count))
    return write_task(
        folder,
        {
            "task_name": "million",
            "task_type": "classification",
            "options": {"kind": "entity-sentiment", "labels": LABELS},
            "training": {"base_model": "builtin:tiny"},
        },
    )


def measure(task_file: Path) -> dict[str, float]:
    """Seconds per phase and this process's peak resident memory in bytes."""
    from tasktune import load_task
    from tasktune.data.check import report_on
    from tasktune.data.encode import Encoder
    from tasktune.data.rows import write_rows
    from tasktune.data.scan import scan
    from tasktune.training.base import load_tokenizer
    from tasktune.training.tokens import encode_version

    task = load_task(task_file)
    prepared = task_file.parent / "prepared"
    start = time.perf_counter()
    found = scan(task)
    report_on(found, task).raise_for_problems()
    checked = time.perf_counter()
    write_rows(task, found, prepared)
    written = time.perf_counter()
    _base, tokenizer = load_tokenizer("builtin:tiny", None, task.folder)
    loaded = time.perf_counter()
    encode_version(prepared, Encoder(tokenizer), 2048, "refuse")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "check": checked - start,
        "write": written - checked,
        "encode": time.perf_counter() - loaded,
        "peak_bytes": peak,
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
    for rows in (options.rows // 4, options.rows // 2, options.rows):
        with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
            sizes[rows] = in_process("million_rows.py", "--one", str(make_task(Path(folder), rows)))
    per_row = {rows: sum(s[p] for p in ("check", "write", "encode")) / rows for rows, s in sizes.items()}
    growth = per_row[options.rows] / per_row[options.rows // 4]
    peak = sizes[options.rows]["peak_bytes"] / 1e9
    keep(
        "million_rows",
        {
            "sizes": sizes,
            "microseconds_per_row": {rows: round(seconds * 1e6, 1) for rows, seconds in per_row.items()},
            "limits": [
                limit("peak memory, GB", peak, 1.5, at_least=False),
                limit("per-row time, full size over a quarter", growth, 1.3, at_least=False),
            ],
        },
    )


if __name__ == "__main__":
    main()
