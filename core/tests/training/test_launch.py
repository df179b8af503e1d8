"""What a worker finds in its environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.training.launch import shards, worker_environment

MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(toy_task_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeTask:
    # No nvidia-smi, so no GPU.
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)

    def make(training: dict[str, Any] | None = None, **execution: Any) -> Task:
        keys = {"task_name": "example", "task_type": toy_task_type, "options": {"classes": ["a"]}}
        (tmp_path / "task.yaml").write_text(
            json.dumps({**keys, "training": training or {}, "execution": execution}), "utf-8"
        )
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
    assert worker_environment("train", make_task())["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1")
    assert worker_environment("train", make_task())["MALLOC_TRIM_THRESHOLD_"] == "1"


@pytest.mark.parametrize(
    ("execution", "tuning", "gpus", "expected"),
    [
        ({"cuda_devices": "0,1"}, "full", 2, True),
        ({"cuda_devices": "0,1"}, "lora", 2, False),
        ({"cuda_devices": "0,1", "sharding": "none"}, "full", 2, False),
        ({"cuda_devices": "0"}, "full", 2, False),
        ({"processes": 2}, "full", 0, False),
        ({"processes": 2, "sharding": "full"}, "full", 0, True),
    ],
)
def test_who_splits_the_model(
    make_task: MakeTask,
    monkeypatch: pytest.MonkeyPatch,
    execution: dict[str, Any],
    tuning: str,
    gpus: int,
    expected: bool,
) -> None:
    monkeypatch.setattr("tasktune.training.launch.gpus", lambda: ["some GPU"] * gpus)
    assert shards(make_task({"tuning": tuning}, **execution)) is expected


def test_one_process_cannot_split_the_model(make_task: MakeTask) -> None:
    task = make_task({"tuning": "full"}, cuda_devices="0,1", sharding="full")
    with pytest.raises(InputError) as caught:
        shards(task)
    [problem] = caught.value.problems
    assert problem.path == "execution.sharding"
    assert "one process" in problem.message


def test_an_older_torch_splits_no_model_by_itself(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasktune.training.launch.gpus", lambda: ["some GPU"] * 2)
    monkeypatch.setattr("tasktune.training.fully_shard.version", lambda package: "2.12.1+cpu")
    assert not shards(make_task({"tuning": "full"}, cuda_devices="0,1"))
