"""Start-up: what light commands import, and ``tune --help`` beside ``python -c "import click"``.

    python benchmarks/start_up.py

The limits: no heavy library is imported by ``tune --help``, ``tune check`` or ``tune plugins`` (read from
``-X importtime``, not from a clock), ``tune --help`` takes at most 2.5 times a bare click import, and a second
``tune run`` of a finished task and ``tune init --answers`` on 200 rows take under a second. Times are medians
of alternating runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, keep, limit

HEAVY = ("torch", "transformers", "trl", "datasets", "sklearn", "fabric")
TASK = ROOT / "examples" / "entity-sentiment"


def seconds(command: list[str]) -> float:
    """Wall time of one run, which must succeed."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def imported(arguments: list[str]) -> set[str]:
    """Top-level modules that a command of ours imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tasktune", *arguments], capture_output=True, text=True, check=True
    )
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines() if "|" in line}


def init_seconds(command: list[str], folder: Path) -> float:
    """Seconds of making a project from 200 of the example's rows, with an answers file: the median of five."""
    answers, rows = folder / "answers.yaml", folder / "rows.jsonl"
    every = (TASK / "data" / "train.jsonl").read_text("utf-8").splitlines(keepends=True)
    rows.write_text("".join(every[:200]), "utf-8")
    answers.write_text(f"goal: measure\ndata: {rows}\ntask_name: made\nkind: entity-sentiment\n", "utf-8")
    return statistics.median(
        seconds([*command, str(folder / f"projects-{run}"), "--answers", str(answers)]) for run in range(5)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    # A user's Python keeps its bytecode.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    tune = str(Path(sys.executable).with_name("tune"))
    commands = {"tune --help": ["--help"], "tune check": ["check", str(TASK)], "tune plugins": ["plugins"]}
    heavy = {name: sorted(imported(arguments) & set(HEAVY)) for name, arguments in commands.items()}

    pairs = [
        (seconds([tune, "--help"]), seconds([sys.executable, "-c", "import click"])) for _run in range(options.runs)
    ]
    ratio = statistics.median(ours / click for ours, click in pairs)

    with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
        made = init_seconds([tune, "init"], Path(folder))
        task = Path(shutil.copytree(TASK, Path(folder) / "task", ignore=shutil.ignore_patterns("versions")))
        quick = [tune, "run", str(task), "--config", "quick"]
        environment = {**os.environ, "NO_COLOR": "1"}
        subprocess.run(quick, env=environment, stdout=subprocess.DEVNULL, check=False)
        times, words = [], ""
        for _run in range(5):
            started = time.perf_counter()
            done = subprocess.run(quick, env=environment, capture_output=True, text=True, check=False)
            times.append(time.perf_counter() - started)
            words = done.stdout.splitlines()[0]

    keep(
        "start_up",
        {
            "heavy_imports": heavy,
            "help_seconds": round(statistics.median(ours for ours, _click in pairs), 3),
            "click_seconds": round(statistics.median(click for _ours, click in pairs), 3),
            "unchanged_run_says": words,
            "limits": [
                limit("heavy libraries imported by light commands", sum(map(len, heavy.values())), 0, at_least=False),
                limit("tune --help over import click", ratio, 2.5, at_least=False),
                limit("tune init --answers, seconds", made, 1.0, at_least=False),
                limit("an unchanged tune run, seconds", statistics.median(times), 1.0, at_least=False),
            ],
        },
    )


if __name__ == "__main__":
    main()
