"""kill -9 at random moments of a run, of the worker and of the parent: every rerun must end with the same predictions.

    python benchmarks/kill_anywhere.py [--kills 10] [--seed 0]

A small copy of examples/entity-sentiment runs undisturbed once. Then, for each kill, a fresh copy is started, one of
the two processes is killed after a random share of the undisturbed run's time, and the same command is given again.
Limit: the predictions of every rerun equal the undisturbed run's byte for byte.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import ROOT, keep, limit

EXAMPLE = ROOT / "examples" / "entity-sentiment"
SETTINGS = ["--config", "quick", "--set", "training.checkpoint_steps=5"]


def fresh_copy(folder: Path) -> Path:
    """The example without its versions."""
    return Path(shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("versions")))


def start(task: Path) -> subprocess.Popen[bytes]:
    """The command of a user."""
    command = [str(Path(sys.executable).with_name("tune")), "run", str(task), *SETTINGS]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def worker_of(parent: int) -> int | None:
    """The process id of a parent's worker, if it has one now."""
    found = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False).stdout.split()
    return int(found[0]) if found else None


def predictions(task: Path) -> bytes:
    """What the finished run predicted."""
    return (task / "versions" / "v1" / "evaluation" / "predictions.jsonl").read_bytes()


def disturbed(folder: Path, victim: str, seconds: float) -> dict[str, Any]:
    """Kill ``victim`` after ``seconds``, run again to the end, and say what was there in between."""
    task = fresh_copy(folder)
    process = start(task)
    time.sleep(seconds)
    worker = worker_of(process.pid)
    target = worker if victim == "worker" and worker is not None else process.pid
    if process.poll() is None:
        os.kill(target, signal.SIGKILL)
    process.wait()
    state = task / "versions" / "v1" / "state.json"
    checkpoints = sorted(path.name for path in task.glob("versions/v1/checkpoints/checkpoint-*"))
    between = {"stages": state.read_text("utf-8") if state.exists() else None, "checkpoints": checkpoints}
    again = start(task)
    again.wait()
    who = "worker" if target == worker else "parent"
    return {"killed": who, "after_seconds": round(seconds, 1), **between, "rerun_exit_code": again.returncode}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as scratch:
        undisturbed = fresh_copy(Path(scratch) / "undisturbed")
        started = time.time()
        start(undisturbed).wait()
        duration = time.time() - started
        expected = predictions(undisturbed)
        kills = []
        for number in range(options.kills):
            folder = Path(scratch) / f"kill{number}"
            kill = disturbed(folder, ("worker", "parent")[number % 2], chance.uniform(0.05, 0.95) * duration)
            kill["same_predictions"] = predictions(folder) == expected
            kills.append(kill)
            print(kill, file=sys.stderr, flush=True)
            shutil.rmtree(folder)
    same = sum(kill["same_predictions"] for kill in kills)
    keep(
        "kill_anywhere",
        {
            "undisturbed_seconds": round(duration, 1),
            "kills": kills,
            "limits": [limit("reruns with the same predictions", same, len(kills), at_least=True)],
        },
    )


if __name__ == "__main__":
    main()
