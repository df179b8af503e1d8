"""``tune data split``: what it says and leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Invoke = Callable[..., Result]


def count(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_a_split_ready_to_run(task: Path, invoke: Invoke) -> None:
    result = invoke("data", "split", task, "--valid", "0.2", "--test", "0.3", "--force", "--lang", "en")
    assert result.exit_code == 0, result.stderr
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert {"train 15 data/train.jsonl", "valid 6 data/valid.jsonl", "test 9 data/test.jsonl"} <= set(lines)
    assert [count(task / "data" / f"{split}.jsonl") for split in ("train", "valid", "test")] == [15, 6, 9]
    assert any(line.startswith("the files that were replaced are in data/backup/") for line in lines)
    assert "task.yaml" not in result.stdout


def test_existing_files_are_refused(task: Path, invoke: Invoke) -> None:
    result = invoke("data", "split", task, "--lang", "en")
    assert result.exit_code == 2
    assert "data/train.jsonl: exists" in result.stderr
    assert "--force replaces them and keeps the old ones in data/backup" in result.stderr


def test_json_says_everything(task: Path, invoke: Invoke) -> None:
    raw = task / "data" / "raw.jsonl"
    (task / "data" / "train.jsonl").rename(raw)
    done = json.loads(invoke("data", "split", task, "--input", raw, "--seed", "5", "--json").stdout)
    assert done["rows"] == {"train": 24, "valid": 3, "test": 3}
    assert done["seed"] == 5
    assert done["sources"] == ["data/raw.jsonl"]
    assert done["backup"] is None
    assert done["to_change"] == []


def test_values_that_task_yaml_would_refuse_are_refused_alike(task: Path, invoke: Invoke) -> None:
    result = invoke("data", "split", task, "--valid", "0.7", "--test", "0.6", "--force", "--lang", "en")
    assert result.exit_code == 2
    assert "valid + test is 1.3: no rows are left to train on" in result.stderr
    assert count(task / "data" / "train.jsonl") == 30


def test_a_field_to_group_by_that_no_row_has(task: Path, invoke: Invoke) -> None:
    result = invoke("data", "split", task, "--group-by", "yes", "--force", "--lang", "en")
    assert result.exit_code == 2
    assert "data/train.jsonl:1: yes: missing (rows are grouped by it (group_by); fill it in" in result.stderr
    assert "the data have 30 problems" in result.stderr


def test_groups_are_counted(task: Path, invoke: Invoke) -> None:
    rows = [json.loads(line) for line in (task / "data" / "train.jsonl").read_text("utf-8").splitlines()]
    lines = (json.dumps({**row, "source": f"s{n % 12}"}, ensure_ascii=False) + "\n" for n, row in enumerate(rows))
    (task / "data" / "train.jsonl").write_text("".join(lines), "utf-8")
    result = invoke("data", "split", task, "--group-by", "source", "--test", "0.2", "--force", "--lang", "en")
    assert result.exit_code == 0, result.stderr
    assert "12 groups, each in one split" in result.stdout
