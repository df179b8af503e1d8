"""No option is accepted and ignored: what this version cannot do is refused, what waits for a command is announced."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasktune.definition import load_task
from tasktune.definition.unsupported import limits, notices, refuse_unsupported
from tasktune.errors import InputError

TASK = "task_name: a\ntask_type: toy\noptions: {classes: [x, y]}\n"


def define(folder: Path, text: str) -> Path:
    path = folder / "task.yaml"
    path.write_text(TASK + text, "utf-8")
    return path


def test_nothing_to_refuse(tmp_path: Path, toy_task_type: str) -> None:
    task = load_task(define(tmp_path, ""))
    refuse_unsupported(task)
    assert limits(task.spec) == ()
    assert notices(task) == ()


def test_everything_at_once_with_its_line(tmp_path: Path, toy_task_type: str) -> None:
    text = """\
training:
  method: orpo
  beta: 0.1
  class_weights: {x: 2}
  backend: unsloth
execution:
  type: remote_ssh
  host: gpu1
"""
    task = load_task(define(tmp_path, text))
    with pytest.raises(InputError) as caught:
        refuse_unsupported(task)
    assert caught.value.exit_code == 2
    assert {problem.path: problem.line for problem in caught.value.problems} == {
        "training.backend": 8,
        "execution.type": 10,
    }
    assert all(problem.hint for problem in caught.value.problems)
    assert [problem.path for problem in limits(task.spec)] == [problem.path for problem in limits(task)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("training: {tuning: lora}\nexecution: {processes: 2, sharding: full}\n", "not with lora"),
        ("training: {tuning: full}\nexecution: {cuda_devices: '0', sharding: full}\n", "nobody to split"),
    ],
)
def test_what_cannot_be_split_over_processes(tmp_path: Path, toy_task_type: str, text: str, words: str) -> None:
    [problem] = limits(load_task(define(tmp_path, text)))
    assert (problem.path, problem.line) == ("execution.sharding", 5)
    assert words in problem.message


def test_splitting_over_processes_needs_a_new_torch(
    tmp_path: Path, toy_task_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = load_task(define(tmp_path, "training: {tuning: full}\nexecution: {processes: 2, sharding: full}\n"))
    assert limits(task) == ()
    monkeypatch.setattr("tasktune.training.fully_shard.version", lambda package: "2.12.1+cpu")
    [problem] = limits(task)
    assert "needs torch 2.13 or newer" in problem.message


def test_qlora_needs_its_library(tmp_path: Path, toy_task_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = load_task(define(tmp_path, "training: {tuning: qlora}\n"))
    assert limits(task) == ()
    monkeypatch.setattr("tasktune.definition.unsupported.find_spec", lambda name: None)
    [problem] = limits(task)
    assert problem.path == "training.tuning"
    assert "bitsandbytes" in problem.message


@pytest.mark.parametrize("names", ["wandb", "[tensorboard, wandb]"])
def test_trackers_need_their_libraries(
    tmp_path: Path, toy_task_type: str, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    task = load_task(define(tmp_path, f"training:\n  report_to: {names}\n"))
    monkeypatch.setattr("tasktune.definition.unsupported.find_spec", lambda name: name == "tensorboardX" or None)
    [problem] = limits(task)
    assert (problem.path, problem.line) == ("training.report_to", 5)
    assert problem.message == "wandb is not installed"
    assert problem.hint == "pip install wandb, or remove it"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("data: {pairs: pairs.jsonl}", "data.pairs"),
        ("huggingface: {org: me}", "huggingface"),
        ("huggingface: {prefix: me}", "huggingface"),
        ("versioning: {deploy_target: ollama}", "versioning.deploy_target"),
        ("server: {host: gpu1}", "execution.host"),
    ],
)
def test_notices(tmp_path: Path, toy_task_type: str, text: str, key: str) -> None:
    [said] = notices(load_task(define(tmp_path, text)))
    assert said.startswith(f"{key}: declared; ")
