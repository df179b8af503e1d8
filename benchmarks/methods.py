"""Every objective with every way of tuning on ``builtin:tiny``: the loss on the way, and the metric after.

    python benchmarks/methods.py [--steps 60]

The task is the example entity-sentiment with its own rows. SFT and ORPO begin with the base; DPO begins with the
version that SFT made by the same tuning. Pairs are training rows with another label as the rejected answer. Limit: the
mean loss of the last quarter of the steps is below that of the first, for all of them.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

from common import ROOT, keep, limit, read_jsonl, write_jsonl

EXAMPLE = ROOT / "examples" / "entity-sentiment"
TUNINGS = {"lora": 1e-3, "dora": 1e-3, "qlora": 1e-3, "full": 2e-4}
"""Each with the learning rate of its SFT; DPO, which begins where that ended, takes a tenth."""
SEED = 0


def make_pairs(folder: Path) -> None:
    """A pair of each training row: its label, and another one."""
    dice = random.Random(SEED)
    rows = read_jsonl(folder / "data" / "train.jsonl")
    labels = sorted({row["label"] for row in rows})
    pairs = []
    for row in rows:
        other = dice.choice([label for label in labels if label != row["label"]])
        inputs = {name: value for name, value in row.items() if name != "label"}
        pairs.append({**inputs, "chosen": row["label"], "rejected": other})
    write_jsonl(folder / "pairs.jsonl", pairs)


def measure(folder: Path, method: str, tuning: str, steps: int) -> dict[str, Any]:
    """Train and evaluate one version; its losses and scores."""
    from tasktune import load_task, run
    from tasktune.evaluation.outputs import read_evaluation
    from tasktune.workspace.versions import Version

    rate = TUNINGS[tuning] / (10 if method == "dpo" else 1)
    settings = [f"training.method={method}", f"training.tuning={tuning}", f"training.max_steps={steps}"]
    settings += [f"training.learning_rate={rate}", "data.overlap=keep"]
    if method != "sft":
        settings.append("data.pairs=pairs.jsonl")
    if method == "dpo":
        settings.append(f"training.start_from=sft-{tuning}")
    name = f"{method}-{tuning}"
    task = load_task(folder, overrides=settings)
    version = Version(run(task, version=name).version_dir)
    history = json.loads(version.training.read_text("utf-8"))["history"]
    losses = [entry["loss"] for entry in history if "loss" in entry]
    quarter = max(1, len(losses) // 4)
    print(name, flush=True)
    return {
        "learning_rate": rate,
        "first_loss": round(sum(losses[:quarter]) / quarter, 4),
        "last_loss": round(sum(losses[-quarter:]) / quarter, 4),
        **{key: history[-1].get(key) for key in ("margin", "chosen_ahead") if key in history[-1]},
        task.primary_metric: round(read_evaluation(version).metrics.values[task.primary_metric], 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as temporary:
        folder = Path(shutil.copytree(EXAMPLE, Path(temporary) / "task", ignore=shutil.ignore_patterns("versions")))
        make_pairs(folder)
        for tuning in TUNINGS:
            for method in ("sft", "dpo", "orpo"):
                found[f"{method} {tuning}"] = measure(folder, method, tuning, options.steps)
    limits = [
        limit(f"{name}: last loss over first", each["last_loss"] / each["first_loss"], 0.999, at_least=False)
        for name, each in found.items()
    ]
    keep("methods", {"steps": options.steps, "runs": found, "limits": limits})


if __name__ == "__main__":
    main()
