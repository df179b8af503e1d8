"""``tune check``: tables, problems, codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


def test_a_sound_task_is_ready(task: Path, invoke: Invoke) -> None:
    result = invoke("check", task, "--lang", "en")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "split row count" in lines
    assert {"train 24", "valid 3", "test 3"} <= set(lines)
    assert "class train valid test" in lines
    assert lines[-1] == "review-stars is ready to run"
    assert any(line.startswith("warning: only 24 training rows") for line in lines)
    assert result.stderr == ""


def test_the_file_and_this_folder_are_the_task_too(task: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(task)
    expected = invoke("check", task).stdout
    assert invoke("check", task / "task.yaml").stdout == expected
    assert invoke("check").stdout == expected


def test_messages_are_in_the_tasks_language_unless_told_otherwise(task: Path, invoke: Invoke) -> None:
    assert "review-stars 可以執行了" in invoke("check", task).stdout
    assert "review-stars is ready to run" in invoke("check", task, "--lang", "en").stdout


def test_json_is_the_whole_report(task: Path, invoke: Invoke) -> None:
    result = invoke("check", task, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["ok"] is True
    assert report["rows"] == {"train": 24, "valid": 3, "test": 3}
    assert sum(report["classes"]["train"].values()) == 24
    assert report["problems"] == []


def test_every_problem_is_listed_with_its_place(task: Path, invoke: Invoke) -> None:
    data = task / "data" / "train.jsonl"
    data.write_text('{"text": "好", "rating": 9}\n{"text": "壞"\n{"rating": 1}\n', "utf-8")
    result = invoke("check", task, "--lang", "en")
    assert result.exit_code == 2
    assert "data/train.jsonl:1: rating: 9 is not a rating (write a whole number from 1 to 5)" in result.stdout
    assert "data/train.jsonl:2: not valid JSON" in result.stdout
    assert "data/train.jsonl:3: text: " in result.stdout
    assert "problems (3):" in result.stdout
    assert "Traceback" not in result.stderr


def test_json_has_the_problems_and_the_same_exit_code(task: Path, invoke: Invoke) -> None:
    (task / "data" / "train.jsonl").write_text('{"text": "好", "rating": 9}\n', "utf-8")
    result = invoke("check", task, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 2
    assert report["ok"] is False
    assert report["problems"][0]["path"] == "rating"
    assert report["problems"][0]["line"] == 1


def test_more_problems_than_anyone_reads_are_counted(task: Path, invoke: Invoke) -> None:
    (task / "data" / "train.jsonl").write_text('{"text": "好", "rating": 9}\n' * 1234, "utf-8")
    result = invoke("check", task, "--lang", "en")
    assert "problems (1,234):" in result.stdout
    assert result.stdout.count("is not a rating") == 50
    assert "… and 1,184 more" in result.stdout


def test_a_wrong_definition_is_explained(task: Path, invoke: Invoke) -> None:
    (task / "task.yaml").write_text(
        "task_name: x\ntask_type: rating\ntraining:\n  epoch: 3\n  lora: {r: no}\n", "utf-8"
    )
    result = invoke("check", task)
    assert result.exit_code == 2
    assert "task.yaml:4: training.epoch: " in result.stderr
    assert "task.yaml:5: training.lora.r: " in result.stderr


def test_what_changes_a_definition_reaches_it(task: Path, invoke: Invoke) -> None:
    assert invoke("check", task, "--config", "quick", "--set", "options.highest=5").exit_code == 0
    result = invoke("check", task, "--set", "options.highest=3")
    assert result.exit_code == 2
    assert "5 is not a rating" in result.stdout
    assert "--task-type" in invoke("check", task, "--task-type", "other").stderr
    assert "slow" in invoke("check", task, "--config", "slow").stderr


def test_nothing_is_written(task: Path, invoke: Invoke) -> None:
    before = sorted(task.rglob("*"))
    invoke("check", task)
    assert sorted(task.rglob("*")) == before
