"""``tune data convert``: what it says and leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Invoke = Callable[..., Result]


def test_chats_go_to_chat_format(task: Path, invoke: Invoke) -> None:
    result = invoke("data", "convert", task, "--lang", "en")
    assert result.exit_code == 0, result.stderr
    assert [line.split() for line in result.stdout.splitlines()][2:] == [
        ["train", "24", "data/chat_format/train.jsonl"],
        ["valid", "3", "data/chat_format/valid.jsonl"],
        ["test", "3", "data/chat_format/test.jsonl"],
    ]
    row = json.loads((task / "data" / "chat_format" / "train.jsonl").read_text("utf-8").splitlines()[0])
    assert [message["role"] for message in row["messages"]][-2:] == ["user", "assistant"]


def test_another_folder_and_format(task: Path, tmp_path: Path, invoke: Invoke) -> None:
    out = tmp_path / "elsewhere"
    done = json.loads(invoke("data", "convert", task, "--to", "alpaca", "--output", out, "--json").stdout)
    assert done["format"] == "alpaca"
    assert done["files"]["test"] == str(out / "test.jsonl")
    assert {"instruction", "input", "output"} <= set(
        json.loads((out / "test.jsonl").read_text("utf-8").splitlines()[0])
    )


def test_existing_files_are_refused_and_kept_with_force(task: Path, invoke: Invoke) -> None:
    invoke("data", "convert", task)
    result = invoke("data", "convert", task, "--lang", "en")
    assert result.exit_code == 2
    assert result.stderr.count("exists") == 3
    result = invoke("data", "convert", task, "--force", "--lang", "en")
    assert result.exit_code == 0
    assert "the files that were replaced are in data/backup/" in result.stdout
