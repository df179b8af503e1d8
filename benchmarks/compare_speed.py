"""Compare two versions on 10,000 test rows, of each task type: seconds of the whole command, and what it imports.

    python benchmarks/compare_speed.py [--rows 10000]

The versions are made without training, as a run leaves them, their row statistics included. The command has one thread,
so its processor time is the time that it takes on a machine without other work. Limits: under 2 s of it each (the best
of five), and no torch.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import ROOT, keep, limit, write_task

from tasktune.types import Record

LABELS = [f"label{number}" for number in range(60)]
TYPES = ["PER", "ORG", "LOC"]
CHARACTERS = "請於本月底前提交報告貴單位來函敬悉派員與會查照辦理惠予配合轉知所屬依規定期限完成"
PROBE = """
import sys
from tasktune.cli import main
try:
    main()
finally:
    print("torch" in sys.modules, file=sys.stderr)
"""
TIMES = 5
SEED = 0

Answered = Iterator[tuple[Record, str]]


def labels(rows: int, right: float, dice: random.Random) -> Answered:
    """One of 60 labels for each row."""
    for number in range(rows):
        gold = LABELS[number * 7 % len(LABELS)]
        answer = gold if dice.random() < right else dice.choice(LABELS)
        yield Record(id=f"t:{number}", inputs={"text": f"第{number}句"}, target=gold), json.dumps({"label": answer})


def entities(rows: int, right: float, dice: random.Random) -> Answered:
    """Up to five entities in each text."""
    for number in range(rows):
        places = range(0, 6 * (number % 6), 6)
        text = "".join(chr(0x4E00 + (number * 31 + place * 17) % 3000) for place in range(40))
        gold = [
            {"text": text[at : at + 3], "label": TYPES[(number + at) % 3], "start": at, "end": at + 3} for at in places
        ]
        said = [
            {"text": each["text"], "label": each["label"] if dice.random() < right else dice.choice(TYPES)}
            for each in gold
        ]
        record = Record(id=f"t:{number}", inputs={"text": text}, target=gold)
        yield record, json.dumps(said, ensure_ascii=False)


def texts(rows: int, right: float, dice: random.Random) -> Answered:
    """A sentence of 10 to 59 characters, no two rows' answers alike."""
    of_gold = random.Random(SEED)
    for number in range(rows):
        gold = "".join(of_gold.choices(CHARACTERS, k=10 + number % 50))
        answer = "".join(each if dice.random() < right else dice.choice(CHARACTERS) for each in gold)
        yield Record(id=f"t:{number}", inputs={"text": f"{number}"}, target=gold), answer


KINDS: dict[str, tuple[dict[str, Any], Callable[[int, float, random.Random], Answered]]] = {
    "classification": ({"labels": LABELS}, labels),
    "ner": ({"labels": TYPES}, entities),
    "generation": ({}, texts),
}


def seconds_of(words: list[str]) -> tuple[Any, dict[str, Any]]:
    """What a command of tune prints as JSON, and the seconds of each of several runs and whether torch was imported."""
    command = [sys.executable, "-c", PROBE, *words]
    seconds, cpu_seconds, torch = [], [], False
    for _time in range(TIMES):
        started, before = time.perf_counter(), _processor_time()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds.append(round(time.perf_counter() - started, 2))
        cpu_seconds.append(round(_processor_time() - before, 2))
        torch = torch or done.stderr.splitlines()[-1] == "True"
    return json.loads(done.stdout), {"seconds": seconds, "cpu_seconds": cpu_seconds, "torch": torch}


def measure(folder: Path) -> dict[str, Any]:
    """The seconds of each of several comparisons, and whether torch was imported."""
    found, times = seconds_of(["compare", str(folder), "v1", "v2", "--json"])
    return {**times, "rows": found["rows"], "exchanges": found["exchanges"]}


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    options = parser.parse_args()
    make_version = runpy.run_path(str(ROOT / "core" / "tests" / "made_versions.py"))["make_version"]
    found = {}
    for kind, (own, answered) in KINDS.items():
        with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as place:
            folder = Path(place)
            write_task(folder, {"task_name": "compare-speed", "task_type": kind, "options": own})
            dice = random.Random(SEED + 1)
            for name, right in (("v1", 0.80), ("v2", 0.82)):
                make_version(folder, name, answered(options.rows, right, dice), keep_statistics=True)
            found[kind] = measure(folder)
    limits = [
        limit(f"processor seconds to compare, {kind}", min(each["cpu_seconds"]), 2.0, at_least=False)
        for kind, each in found.items()
    ]
    imported = sum(each["torch"] for each in found.values())
    keep(
        "compare_speed",
        {"task_types": found, "limits": [*limits, limit("comparisons that import torch", imported, 0, at_least=False)]},
    )


if __name__ == "__main__":
    main()
