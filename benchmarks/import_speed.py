"""Importing: a CSV file of 100,000 rows for a real task, in UTF-8 and in Big5; seconds and memory.

    python benchmarks/import_speed.py

The limit: each under 15 s, every row checked by the task. One value in fifty has a comma, quotes and a line break.
"""

from __future__ import annotations

import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, keep, limit

ROWS = 100_000
TASK = ROOT / "examples" / "entity-sentiment"
SEED = 7


def write(path: Path, encoding: str) -> None:
    """Rows of 20 to 80 characters, taken from the task's own texts."""
    characters = [
        character
        for line in (TASK / "data" / "train.jsonl").read_text("utf-8").splitlines()
        for character in json.loads(line)["text"]
    ]
    dice = random.Random(SEED)
    with path.open("w", encoding=encoding, errors="ignore", newline="") as file:
        table = csv.writer(file)
        table.writerow(["編號", "內容", "entity", "label"])
        for number in range(ROWS):
            text = "".join(dice.choices(characters, k=dice.randint(20, 80)))
            odd = ', "引號"\n換行' if number % 50 == 0 else ""
            table.writerow([number, text + odd, "台積電", dice.choice(["正面", "負面", "中立"])])


def main() -> None:
    seconds, counts = {}, {}
    with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
        for encoding in ("utf-8", "cp950"):
            source, out = Path(folder) / f"{encoding}.csv", Path(folder) / f"{encoding}.jsonl"
            write(source, encoding)
            command = [sys.executable, "-m", "tasktune", "data", "import", str(source), "--task", str(TASK)]
            started = time.perf_counter()
            done = subprocess.run([*command, "--out", str(out), "--json"], capture_output=True, text=True, check=True)
            seconds[encoding] = round(time.perf_counter() - started, 2)
            counts[encoding] = json.loads(done.stdout)["counts"]
            with out.open(encoding="utf-8") as written:
                assert sum(1 for _row in written) == counts[encoding]["written"] == ROWS, counts
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    keep(
        "import_speed",
        {
            "rows": ROWS,
            "seconds": seconds,
            "counts": counts,
            "peak_mib": round(peak, 1),
            "limits": [limit("seconds for 100,000 rows of CSV", max(seconds.values()), 15.0, at_least=False)],
        },
    )


if __name__ == "__main__":
    main()
