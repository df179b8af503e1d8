"""What a worker finds in its environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task, load_task
from tasktune.training.launch import worker_environment

MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(toy_task_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeTask:
    # No nvidia-smi, so no GPU.
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)

    def make(**execution: Any) -> Task:
        keys = {"task_name": "example", "task_type": toy_task_type, "options": {"classes": ["a"]}}
        (tmp_path / "task.yaml").write_text(json.dumps({**keys, "execution": execution}), "utf-8")
        return load_task(tmp_path)

    return make


def test_the_gpus_are_those_of_the_definition(make_task: MakeTask) -> None:
    assert "CUDA_VISIBLE_DEVICES" not in worker_environment("train", make_task())
    assert worker_environment("evaluate", make_task(cuda_devices="1"))["CUDA_VISIBLE_DEVICES"] == "1"


def test_processes_that_train_together_have_a_thread_each(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task(processes=2)
    assert worker_environment("train", task)["OMP_NUM_THREADS"] == "1"
    assert "OMP_NUM_THREADS" not in worker_environment("evaluate", task)
    assert "OMP_NUM_THREADS" not in worker_environment("train", make_task())
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert worker_environment("train", task)["OMP_NUM_THREADS"] == "3"


def test_memory_is_kept_unless_the_user_says_otherwise(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert int(worker_environment("train", make_task())["MALLOC_TRIM_THRESHOLD_"]) > 2**30
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1")
    assert worker_environment("train", make_task())["MALLOC_TRIM_THRESHOLD_"] == "1"
