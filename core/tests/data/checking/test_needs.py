"""What a run needs on the machine, told without importing or starting anything heavy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasktune.data.checking import needs
from tasktune.definition import Task

MakeTask = Callable[..., Task]
TINY = {"base_model": "builtin:tiny"}


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No GPU, no token, nothing downloaded; the folder for programs is returned."""
    for name in ("HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    return programs


def found(task: Task) -> dict[str, str]:
    return {finding.code: finding.severity for finding in needs.needs(task)}


def nvidia_smi(programs: Path, script: str) -> None:
    program = programs / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(0o755)


def test_the_built_in_model_needs_nothing(make_task: MakeTask) -> None:
    assert found(make_task(training=TINY)) == {}


def test_a_large_model_wants_a_gpu_and_a_download(make_task: MakeTask) -> None:
    task = make_task(training={"base_model": "Qwen/Qwen3-4B"})
    assert found(task) == {"base_model_not_here": "info", "no_gpu": "warning"}


def test_offline_a_model_that_is_not_here_is_an_error(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert found(make_task(training={"base_model": "Qwen/Qwen3-4B"}))["base_model_not_here"] == "error"


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE"])
def test_a_downloaded_model_is_here(
    make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    hub = tmp_path / "other"
    monkeypatch.setenv(variable, str(hub))
    snapshot = hub / ("hub" if variable == "HF_HOME" else "") / "models--Qwen--Qwen3-4B" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").touch()
    assert "base_model_not_here" not in found(make_task(training={"base_model": "Qwen/Qwen3-4B"}))


def test_a_gpu_that_is_listed_is_a_gpu(make_task: MakeTask, bare_machine: Path) -> None:
    nvidia_smi(bare_machine, "echo 'NVIDIA H200, 143771 MiB'")
    assert needs.gpus() == ["NVIDIA H200, 143771 MiB"]
    assert "no_gpu" not in found(make_task(training={"base_model": "Qwen/Qwen3-4B"}))


@pytest.mark.parametrize("script", ["exit 9", "echo NVIDIA-SMI has failed >&2; exit 1", ":"])
def test_a_driver_that_fails_lists_none(bare_machine: Path, script: str) -> None:
    nvidia_smi(bare_machine, script)
    assert needs.gpus() == []


def test_a_driver_that_hangs_is_given_up(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "_NVIDIA_SMI_SECONDS", 0.2)
    nvidia_smi(bare_machine, "exec /bin/sleep 30")
    assert needs.gpus() == []


def test_a_full_disk_is_an_error(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task(train=[{"text": "好" * 1000, "label": "yes"}] * 100, training={**TINY, "tuning": "full"})
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=10_000))
    assert found(task) == {"disk_full": "error"}


def test_publishing_wants_a_token(make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task(training=TINY, huggingface={"org": "eland"})
    assert found(task) == {"no_hub_token": "info"}
    monkeypatch.setenv("HF_TOKEN", "hf_something")
    assert found(task) == {}
    monkeypatch.delenv("HF_TOKEN")
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text("hf_something", "utf-8")
    assert found(task) == {}


def test_the_key_of_a_server_must_be_there(make_task: MakeTask, tmp_path: Path) -> None:
    key = tmp_path / "id"
    task = make_task(training=TINY, execution={"ssh_key": str(key)})
    assert found(task) == {"no_ssh_key": "warning"}
    key.touch()
    assert found(task) == {}


def test_packages_that_are_missing_are_named(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "find_spec", lambda name: None if name == "peft" else object())
    [finding] = list(needs.needs(make_task(training=TINY)))
    assert finding.code == "training_not_installed"
    assert "peft" in finding.message
    assert "torch" not in finding.message


def test_the_real_environment_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert not needs.hub_token()
