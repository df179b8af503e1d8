"""No library may report home or install anything: what a worker's environment says, whatever it was started with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasktune.training import worker
from tasktune.training.quiet import QUIET


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UNSLOTH_DISABLE_STATISTICS", "1"),
        ("UNSLOTH_AUTO_INSTALL", "0"),
        ("UNSLOTH_LLAMA_CPP_OFFLINE", "1"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
        ("DISABLE_TELEMETRY", "1"),
        ("DO_NOT_TRACK", "1"),
        ("COMET_DISABLE_AUTO_LOGGING", "1"),
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("WANDB_ERROR_REPORTING", "false"),
        ("VLLM_NO_USAGE_STATS", "1"),
    ],
)
def test_it_is_switched_off(name: str, value: str) -> None:
    assert QUIET[name] == value


def test_a_worker_sets_it_before_it_does_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in QUIET:
        monkeypatch.setenv(name, "what the user has")
    found: dict[str, str] = {}

    def look(*_arguments: object, **_keywords: object) -> None:
        found.update({name: os.environ[name] for name in QUIET})
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "load_task", look)
    # Signals are caught for the life of a process; this one goes on.
    monkeypatch.setattr(worker.Interruption, "install", lambda self, parent: None)
    assert worker.main([str(tmp_path), str(tmp_path), "train"]) == 130
    assert found == dict(QUIET)
