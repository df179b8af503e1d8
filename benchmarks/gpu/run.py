"""Training on a GPU beside raw Unsloth and raw TRL: rows/s, tokens/s, peak memory, time from command to adapter.

    python benchmarks/gpu/run.py [--rows 2048] [--batch 32]     # on a machine with a GPU; makes an 8 GB model in TMPDIR
    python benchmarks/gpu/run.py --tiny                         # the same steps with a tiny model on a CPU

A random model of the dimensions of Qwen3-4B, QLoRA with r = 32, and 60-way intents (MASSIVE zh-TW if it is at hand,
else rows of our own) whose system prompt holds the label list. Each way trains the rows once in a fresh process. Raw
Unsloth and raw TRL run with and without gradient checkpointing, and the faster of the two counts. Limits, in rows/s of
tasktune's faster backend: at least 4 times raw Unsloth and 6 times raw TRL. The peak memory stands beside what
`tune plan` says. What cannot be measured, for want of a GPU or a package, is said so and never counts as a limit that
holds.

Nothing needs to be installed of this repository itself; click, pluggy, pydantic, PyYAML, rich, Jinja2 and what
`tasktune[gpu]` brings do. `--tiny` proves that the steps run, keeps no result, and its figures say nothing of a GPU.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import keep, limit
from gpu.material import make_task
from gpu.surroundings import environment, gpu, missing, package_version, packages

RANK = 32
OURS = ("tasktune_transformers", "tasktune_unsloth")
THEIRS = {"unsloth": ("unsloth_notebook", "unsloth_plain"), "trl": ("trl_default", "trl_plain")}
WAYS = (*OURS, *(each for rival in THEIRS.values() for each in rival))
BOUNDS = {"unsloth": 4.0, "trl": 6.0}
_LINES_SHOWN = 3


def measured(name: str, task_file: Path, output: Path, around: dict[str, str]) -> dict[str, Any]:
    """What one measurement found, with the time of its whole process; or why it could not be made."""
    for package in ("unsloth", "trl"):
        if package in name and package_version(package) is None:
            return {"not_measured": f"{package} is not installed"}
    command = [sys.executable, str(Path(__file__).with_name("measure.py")), name, str(task_file), str(output)]
    started = time.time()
    # unsloth writes code that it makes into the folder that it is started in.
    done = subprocess.run(command, capture_output=True, text=True, env=around, cwd=output.parent, check=False)
    seconds = time.time() - started
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()][-_LINES_SHOWN:]
        return {"not_measured": " / ".join(said) or f"ended with {done.returncode}"}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "rows" in found:
        found["rows_per_second"] = round(found["rows"] / found["seconds"], 2)
    return {**found, "command_seconds": round(seconds, 1)}


def planned(task_file: Path, around: dict[str, str]) -> dict[str, Any]:
    """The memory that ``tune plan`` says the task needs, in bytes."""
    command = [sys.executable, "-m", "tasktune", "plan", str(task_file.parent), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=around, check=False)
    if not done.stdout.strip():
        return {"not_measured": done.stderr.strip()}
    plan = json.loads(done.stdout)
    return {"device": plan["device"]["name"], "total": plan["total"], "parts": plan["memory"]["parts"]}


def tokens_per_second(ways: dict[str, dict[str, Any]]) -> None:
    """Add it to every way: tokens of whole rows, prompts included however they were computed."""
    counted = next((way for way in ways.values() if "row_tokens" in way), None)
    for way in ways.values():
        if counted is not None and "rows_per_second" in way:
            way["tokens_per_second"] = round(way["rows_per_second"] * counted["row_tokens"] / counted["rows"])


def limits(ways: dict[str, dict[str, Any]], on: str | None) -> list[dict[str, Any]]:
    """The limits, for a GPU's figures alone; one that could not be measured does not hold."""
    found = []
    for rival, bound in BOUNDS.items():
        what = f"rows/s over raw {rival}"
        ours = [ways[name]["rows_per_second"] for name in OURS if "rows_per_second" in ways[name]]
        theirs = [ways[name]["rows_per_second"] for name in THEIRS[rival] if "rows_per_second" in ways[name]]
        if on is not None and ours and theirs:
            found.append(limit(what, max(ours) / max(theirs), bound, at_least=True))
        else:
            found.append({"limit": what, "value": "not measured", "bound": f">= {bound}", "holds": False})
    return found


def against_plan(plan: dict[str, Any], way: dict[str, Any]) -> dict[str, Any]:
    """Planned over measured memory of training with transformers, which is what the plan is of."""
    if "total" not in plan or "peak_allocated" not in way:
        return {**plan, "planned_over_peak": "not measured"}
    return {**plan, "planned_over_peak": round(plan["total"] / way["peak_allocated"], 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a tiny model, on a CPU if there is no GPU")
    parser.add_argument("--rows", type=int, help="rows to train (2048; tiny: 32)")
    parser.add_argument("--batch", type=int, help="rows of a batch (32; tiny: 8)")
    parser.add_argument("--only", nargs="+", choices=WAYS, default=WAYS, metavar="WAY", help=", ".join(WAYS))
    options = parser.parse_args()
    rows, batch = options.rows or (32 if options.tiny else 2048), options.batch or (8 if options.tiny else 32)
    on = gpu()
    if missing() or (on is None and not options.tiny):
        lacking = [f"{name} is not installed" for name in missing()] + ["there is no GPU"] * (on is None)
        print(f"NOT MEASURED: {'; '.join(lacking)}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as temporary:
        folder = Path(temporary)
        around = environment(folder / "site")
        base = folder / "base"
        made = measured("make", Path("tiny" if options.tiny else "big"), base, around)
        if "not_measured" in made:
            raise SystemExit(f"NOT MEASURED: the model could not be made: {made['not_measured']}")
        task_file, source = make_task(folder / "task", base, rows=rows, batch=batch, rank=RANK)
        plan = planned(task_file, around)
        ways: dict[str, dict[str, Any]] = {}
        for name in WAYS:
            if name not in options.only:
                ways[name] = {"not_measured": "left out by --only"}
                continue
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            ways[name] = measured(name, task_file, folder / name, around)
    tokens_per_second(ways)
    found = {
        "gpu": on or "none: these figures are a CPU's",
        "model": "tiny" if options.tiny else "Qwen3-4B's dimensions, random",
        "more_packages": packages(),
        "data": source,
        "rows": rows,
        "batch": batch,
        "rank": RANK,
        "make_model_seconds": made["command_seconds"],
        "ways": ways,
        "plan": against_plan(plan, ways["tasktune_transformers"]),
    }
    if options.tiny:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        keep("gpu", {**found, "limits": limits(ways, on)})
    for name, way in ways.items():
        if "not_measured" in way:
            print(f"NOT MEASURED: {name}: {way['not_measured']}", file=sys.stderr)


if __name__ == "__main__":
    main()
