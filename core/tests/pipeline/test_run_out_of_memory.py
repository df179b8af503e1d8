"""Memory runs out: the run goes on with fewer rows at a time, to the same result, or says what would fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tasktune.definition import Task
from tasktune.errors import RunError
from tasktune.pipeline import run
from tasktune.training.at_once import AtOnce, reduced
from tasktune.training.interruption import Interruption
from tasktune.training.out_of_memory import FewerRows
from tasktune.training.shared_prefix import Way
from tasktune.training.worker import train_version
from tasktune.workspace.versions import Version

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
TRAINING = {"learning_rate": 0.003, "checkpoint_steps": 4, "max_steps": 12, "batch_size": 8}
ON_A_GPU = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
ON_A_CPU = RuntimeError("[enforce fail at alloc_cpu.cpp:120] . DefaultCPUAllocator: can't allocate memory")


def prepared(make_task: MakeTask, folder: Path, **training: Any) -> tuple[Task, Version]:
    task = make_task(folder, training={**TRAINING, **training})
    return task, Version(run(task, stages=("prepare",)).version_dir)


def losses(version: Version) -> list[float]:
    history = json.loads(version.training.read_text("utf-8"))["history"]
    return [entry["loss"] for entry in history if "loss" in entry]


def memory_for(monkeypatch: pytest.MonkeyPatch, rows: int, error: Exception, after: int = 0) -> None:
    """So many rows at a time fit into memory, from the batch number ``after`` on."""
    compute = Way.__call__
    batches = 0

    def limited(way: Way, model: Any, batch: Any) -> torch.Tensor:
        nonlocal batches
        batches += 1
        if len(batch["input_ids"]) > rows and batches > after:
            raise error
        return compute(way, model, batch)

    monkeypatch.setattr(Way, "__call__", limited)


@pytest.mark.parametrize("error", [ON_A_GPU, ON_A_CPU], ids=["gpu", "cpu"])
def test_fewer_rows_at_a_time_learn_the_same(
    make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    task, whole = prepared(make_task, tmp_path / "whole")
    train_version(task, whole, Interruption())

    task, version = prepared(make_task, tmp_path / "little")
    # The first checkpoint is there when it happens: what was learnt until then is kept.
    memory_for(monkeypatch, 3, error, after=8)
    sizes = []
    while not version.training.exists():
        with pytest.raises(FewerRows) if (reduced(version) or AtOnce(rows=8)).rows_of(1) > 3 else monkeypatch.context():
            train_version(task, version, Interruption())
        sizes.append(reduced(version))
        assert (version.checkpoints / "checkpoint-4").exists() or version.training.exists()
    assert sizes == [AtOnce(rows=4), AtOnce(rows=2), AtOnce(rows=2)]
    assert losses(version) == pytest.approx(losses(whole), rel=1e-4)
    expected = load_file(whole.adapter / "adapter_model.safetensors")
    for name, weight in load_file(version.adapter / "adapter_model.safetensors").items():
        assert (weight - expected[name]).norm() <= 1e-3 * expected[name].norm() + 1e-5


def test_when_nothing_smaller_is_left_it_says_what_would_fit(
    make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, version = prepared(make_task, tmp_path / "task", batch_size=1)
    memory_for(monkeypatch, 0, ON_A_GPU, after=2)
    with pytest.raises(RunError, match=r"1 rows of up to \d+ tokens at a time; by tune plan they take"):
        train_version(task, version, Interruption())


def test_auto_batch_can_be_switched_off(make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, version = prepared(make_task, tmp_path / "task", auto_batch=False)
    memory_for(monkeypatch, 3, ON_A_GPU)
    with pytest.raises(RunError) as raised:
        train_version(task, version, Interruption())
    assert "auto_batch: true" in str(raised.value.hint)
    assert reduced(version) is None


def test_other_errors_are_not_taken_for_it(
    make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, version = prepared(make_task, tmp_path / "task")
    memory_for(monkeypatch, 3, RuntimeError("shapes do not fit"), after=2)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        train_version(task, version, Interruption())
