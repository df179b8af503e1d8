"""What all benchmarks share: where the data are, what machine this is, and how a result is kept."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DATA = Path(os.environ.get("TASKTUNE_DATA", ROOT.parent / "shared" / "data"))
"""Real labelled data, which is not part of the repository. Set TASKTUNE_DATA to where you keep it."""

_PACKAGES = (
    "tasktune",
    "tasktune-tiny",
    "torch",
    "transformers",
    "trl",
    "peft",
    "bitsandbytes",
    "datasets",
    "scikit-learn",
)


def dataset(name: str) -> Path:
    """The folder of a data set; ends the benchmark with exit code 0 and a loud word when it is not there."""
    folder = DATA / name
    if not folder.is_dir():
        print(f"SKIPPED: {name} is not in the data folder; set TASKTUNE_DATA", file=sys.stderr)
        raise SystemExit(0)
    return folder


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """All rows of a JSON-lines file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_jsonl(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_task(folder: Path, definition: Mapping[str, Any]) -> Path:
    """A task.yaml (JSON is YAML) in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "task.yaml"
    path.write_text(json.dumps(definition, ensure_ascii=False, indent=2), encoding="utf-8")
    return path


def machine() -> dict[str, Any]:
    """Date, processor, cores, thread setting and package versions."""
    model = "unknown"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return {
        "date": datetime.date.today().isoformat(),
        "command": " ".join(["python", str(Path(sys.argv[0]).resolve().relative_to(ROOT)), *map(_shown, sys.argv[1:])]),
        "processor": model,
        "cores": os.cpu_count(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "unset"),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _shown(argument: str) -> str:
    """An argument as others can read it: of a path on this machine its end."""
    return "…/" + "/".join(Path(argument).parts[-3:]) if Path(argument).is_absolute() else argument


def keep(name: str, result: Mapping[str, Any]) -> None:
    """Print a result and keep it with the machine's description as ``results/<name>.json``."""
    text = json.dumps({"machine": machine(), **result}, ensure_ascii=False, indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def limit(what: str, value: float, bound: float, *, at_least: bool) -> dict[str, Any]:
    """One limit: its value, its bound, and whether it holds."""
    holds = value >= bound if at_least else value <= bound
    return {"limit": what, "value": round(value, 3), "bound": f"{'>=' if at_least else '<='} {bound}", "holds": holds}


def in_process(script: str, *arguments: str) -> dict[str, Any]:
    """Run one of these scripts in a fresh process, its last line of output being JSON."""
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
