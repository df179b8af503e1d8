"""The GPU benchmark runs its steps with a tiny model on a CPU, and takes nothing for measured that is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
NAMES = ("common", "gpu", "gpu.run", "gpu.material", "gpu.surroundings")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield import_module("gpu.run")
    for name in NAMES:
        sys.modules.pop(name, None)


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "gpu" / "run.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


@pytest.mark.slow
def test_the_steps_run_with_a_tiny_model(tmp_path: Path) -> None:
    done = start("--tiny", "--rows", "16", "--only", "tasktune_transformers", TASKTUNE_DATA=str(tmp_path))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    way = found["ways"]["tasktune_transformers"]
    assert way["rows"] == 16
    assert way["rows_per_second"] > 0
    assert way["tokens_per_second"] > way["rows_per_second"]
    # The label list is in the system prompt, which is computed once.
    assert way["prefix"] * way["rows"] > way["row_tokens"] / 2
    assert found["data"] == "our own, of 60 labels"
    assert found["plan"]["total"] > 0
    assert "NOT MEASURED: trl_plain: left out by --only" in done.stderr


def test_without_a_gpu_it_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    before = sorted((BENCHMARKS / "results").iterdir())
    # No nvidia-smi is found on an empty path.
    done = start(PATH=str(tmp_path))
    assert done.returncode == 0
    assert done.stdout == ""
    assert done.stderr.startswith("NOT MEASURED: ")
    assert "there is no GPU" in done.stderr
    assert sorted((BENCHMARKS / "results").iterdir()) == before


def ways_of(run: ModuleType, **speeds: float) -> dict[str, Any]:
    lacking = {"not_measured": "it is not installed"}
    return {name: {"rows_per_second": speeds[name]} if name in speeds else lacking for name in run.WAYS}


@pytest.mark.parametrize(
    ("gpu", "speeds", "holds"),
    [
        ("H200", {"tasktune_transformers": 40.0, "unsloth_plain": 10.0, "trl_default": 5.0}, [True, True]),
        (
            "H200",
            {"tasktune_unsloth": 40.0, "unsloth_plain": 11.0, "trl_plain": 6.0, "trl_default": 1.0},
            [False, True],
        ),
        ("H200", {"tasktune_transformers": 40.0}, [False, False]),
        ("H200", {"unsloth_plain": 0.1, "trl_plain": 0.1}, [False, False]),
        (None, {"tasktune_transformers": 40.0, "unsloth_plain": 10.0, "trl_default": 5.0}, [False, False]),
    ],
)
def test_a_limit_holds_only_if_it_was_measured(
    run: ModuleType, gpu: str | None, speeds: dict[str, float], holds: list[bool]
) -> None:
    found = run.limits(ways_of(run, **speeds), gpu)
    assert [entry["holds"] for entry in found] == holds


def test_the_plan_stands_beside_what_was_measured(run: ModuleType) -> None:
    assert run.against_plan({"total": 3}, {"peak_allocated": 4})["planned_over_peak"] == 0.75
    assert run.against_plan({"total": 3}, {"not_measured": "no GPU"})["planned_over_peak"] == "not measured"


def test_a_checkout_that_is_not_installed_offers_its_plugins(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["gpu.surroundings"], "entry_points", lambda group: ())
    around = run.environment(tmp_path)
    assert around["PYTHONPATH"].split(os.pathsep)[0] == str(tmp_path)
    offered = {
        (entry.group, entry.name) for found in distributions(path=[str(tmp_path)]) for entry in found.entry_points
    }
    assert {("tasktune.task_types", "classification"), ("tasktune.base_models", "tiny")} <= offered


def test_rows_of_our_own_have_sixty_labels(run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["gpu.material"], "DATA", tmp_path)
    task_file, source = run.make_task(tmp_path / "task", tmp_path / "base", rows=200, batch=4, rank=8)
    definition = json.loads(task_file.read_text("utf-8"))
    rows = [json.loads(line) for line in (task_file.parent / "data/train.jsonl").read_text("utf-8").splitlines()]
    assert source.startswith("our own")
    assert len({row["text"] for row in rows}) == 200
    assert {row["label"] for row in rows} <= set(definition["options"]["labels"])
    assert len(definition["options"]["labels"]) == 60
