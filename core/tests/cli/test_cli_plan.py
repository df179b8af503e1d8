"""``tune plan``: the verdict, the exit code, what is planned for, and every mistake in the options."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import Result

from tasktune.cli.layout import width
from tasktune.cli.plan_view import billions, lasting, size
from tasktune.cli.root import tune
from tasktune.data.checking import needs

Invoke = Callable[..., Result]
LENGTH = ("plan", "--length", 512, "--base-model", "Qwen/Qwen3-8B", "--tuning", "qlora")


def planned(invoke: Invoke, *arguments: object) -> tuple[int, dict[str, Any]]:
    result = invoke(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


def test_a_task_is_planned_for_a_named_gpu(task: Path, invoke: Invoke) -> None:
    code, found = planned(invoke, "plan", task, "--gpu", "rtx4090")
    assert code == (0 if found["fits"] else 1)
    assert found["device"]["name"] == "RTX 4090"
    assert found["rows"]["count"] == 24
    assert found["total"] == sum(found["memory"]["parts"].values()) - found["memory"]["replaced"]
    assert found["problems"] == 0


@pytest.mark.parametrize(("memory", "code", "word"), [(24, 0, "fits: "), (8, 1, "does not fit: ")])
def test_the_verdict_is_the_exit_code(invoke: Invoke, memory: int, code: int, word: str) -> None:
    result = invoke(*LENGTH, "--batch-size", 2, "--memory", memory, "--lang", "en")
    assert result.exit_code == code, result.stderr
    assert word in result.stdout
    assert ("  → training." in result.stdout) is (code == 1)


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_all_of_it_is_shown(invoke: Invoke, language: str) -> None:
    result = invoke(*LENGTH, "--gpu", "L4", "--lang", language)
    lines = result.stdout.splitlines()
    assert all(width(line) <= 100 for line in lines)
    for part in ("Qwen/Qwen3-8B", "qlora (4 bit)", "L4", "22.49 GB", "Qwen/Qwen3-32B", "FLOPs"):
        assert part in result.stdout
    assert ("optimizer (AdamW)" in result.stdout) is (language == "en")


def test_options_change_the_plan(task: Path, invoke: Invoke) -> None:
    _code, found = planned(
        invoke,
        *("plan", task, "--memory", 80, "--base-model", "Qwen/Qwen3-14B", "--tuning", "dora", "--batch-size", 3),
        *("--set", "training.max_length=300", "--config", "quick"),
    )
    setup = found["setup"]
    assert (setup["base_model"], setup["tuning"], setup["batch_size"]) == ("Qwen/Qwen3-14B", "dora", 3)
    assert (setup["max_length"], setup["max_steps"]) == (300, 1)
    assert found["duration"]["least_seconds"] is None


def test_gpus_that_split_a_model_are_planned_one_by_one(task: Path, invoke: Invoke) -> None:
    on = ("plan", task, "--gpu", "L4", "--base-model", "Qwen/Qwen3-4B", "--tuning", "full")
    _code, alone = planned(invoke, *on)
    split = ("--set", "execution.cuda_devices=0,1,2,3")
    _code, found = planned(invoke, *on, *split)
    assert found["setup"]["devices"] == 4
    assert found["memory"]["parts"]["optimizer"] == pytest.approx(alone["memory"]["parts"]["optimizer"] / 4, abs=1)
    assert "split over 4 such devices" in invoke(*on, *split, "--lang", "en").stdout


def test_a_budget_of_tokens_is_said_and_a_batch_size_takes_its_place(task: Path, invoke: Invoke) -> None:
    arguments = ("plan", task, "--memory", 80, "--set", "training.batch_tokens=4096")
    result = invoke(*arguments, "--lang", "en")
    said = "a step is cut into batches of at most 4,096 tokens; memory is that of the 2 longest rows"
    assert said in " ".join(result.stdout.split())
    _code, found = planned(invoke, *arguments, "--batch-size", 3)
    assert (found["setup"]["batch_size"], found["setup"]["batch_tokens"]) == (3, None)


def test_without_a_gpu_it_is_the_cpu(task: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs.shutil, "which", lambda name: None)
    _code, found = planned(invoke, "plan", task, "--base-model", "Qwen/Qwen3-0.6B")
    assert found["device"]["kind"] == "cpu"


def test_data_with_problems_are_planned_and_said_so(task: Path, invoke: Invoke) -> None:
    with (task / "data" / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write("{broken\n")
    result = invoke("plan", task, "--gpu", "H200", "--base-model", "Qwen/Qwen3-0.6B", "--lang", "en")
    assert "the data have 1 problems, which stop a run; tune check lists them" in " ".join(result.stdout.split())
    assert "training.max_length" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--gpu", "A100"), "did you mean A100 40GB / A100 80GB?"),
        (("--gpu", "L4", "--memory", "24"), "--gpu and --memory both say"),
        (("--length", "99"), "--length plans without a task"),
        (("--memory", "0"), "--memory"),
        (("--batch-size", "0"), "--batch-size"),
        (("--tuning", "soft"), "--tuning"),
        (("--base-model", "Qwen/Qwen3-14"), "did you mean Qwen/Qwen3-14B?"),
        (("--base-model", "./nothing"), "no folder with a model"),
    ],
)
def test_mistakes(task: Path, invoke: Invoke, arguments: tuple[str, ...], message: str) -> None:
    result = invoke("plan", task, *arguments, "--lang", "en")
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_folder_without_a_task(tmp_path: Path, invoke: Invoke) -> None:
    assert invoke("plan", tmp_path).exit_code == 2


def test_completion() -> None:
    complete = ShellComplete(tune, {}, "tune", "_TUNE_COMPLETE").get_completions
    assert [item.value for item in complete(["plan", "--gpu"], "rtx 4")] == ["RTX 4090"]
    assert [item.value for item in complete(["plan", "--tuning"], "q")] == ["qlora"]
    assert "Qwen/Qwen3-4B" in [item.value for item in complete(["plan", "--base-model"], "Qwen/")]


def test_figures_in_words() -> None:
    assert [size(count) for count in (3 * 2**20, 2**30, 1500 * 2**30)] == ["3.0 MB", "1.00 GB", "1,500.00 GB"]
    assert [billions(count) for count in (5_200_000, 596_000_000, 8_190_000_000)] == ["5.2M", "0.60B", "8.19B"]
    assert [lasting(seconds) for seconds in (0.1, 40, 1200, 9000)] == ["1 s", "40 s", "20 min", "2.5 h"]
