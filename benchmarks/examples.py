"""The three examples to the end, each from a clean folder: seconds, scores, baselines, and the limits they must meet.

    python benchmarks/examples.py

Limits: entity-sentiment under 6 minutes, macro-F1 >= 0.80 and above the linear baseline on unseen companies and
phrasings; news-ner entity F1 >= 0.70; official-rewrite format rate >= 0.95.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import ROOT, keep, limit

EXAMPLES = {"entity-sentiment": 0.80, "news-ner": 0.70, "official-rewrite": 0.95}


def measure(name: str) -> dict[str, Any]:
    """Run one example by its command and read its results."""
    from tasktune import load_task
    from tasktune.evaluation.outputs import read_evaluation
    from tasktune.workspace.versions import versions

    with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
        source = ROOT / "examples" / name
        task = Path(shutil.copytree(source, Path(folder) / name, ignore=shutil.ignore_patterns("versions")))
        started = time.time()
        done = subprocess.run([str(Path(sys.executable).with_name("tune")), "run", str(task)], check=False)
        seconds = time.time() - started
        evaluation = read_evaluation(versions(task)[-1])
        primary = load_task(task).primary_metric
    return {
        "exit_code": done.returncode,
        "seconds": round(seconds),
        "primary": primary,
        "score": evaluation.metrics.values[primary],
        "metrics": evaluation.metrics.values,
        "baselines": {name: metrics.values for name, metrics in evaluation.baselines.items()},
    }


def main() -> None:
    found = {name: measure(name) for name in EXAMPLES}
    limits = [
        limit(f"{name}: {found[name]['primary']}", found[name]["score"], bound, at_least=True)
        for name, bound in EXAMPLES.items()
    ]
    first = found["entity-sentiment"]
    strongest = max(values[first["primary"]] for values in first["baselines"].values())
    limits.append(limit("entity-sentiment: over the best baseline", first["score"] - strongest, 0.0, at_least=True))
    limits.append(limit("entity-sentiment: seconds", first["seconds"], 360, at_least=False))
    keep("examples", {"examples": found, "limits": limits})


if __name__ == "__main__":
    main()
