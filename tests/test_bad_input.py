"""Every kind of bad input is a clear message with place and next action, exit code 2, and nothing written."""

from __future__ import annotations

import codecs
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROWS = [
    {"text": f"{company}第{quarter}季營收{word}", "entity": company, "label": label}
    for quarter, (company, word, label) in enumerate(
        [("晨星", "創高", "正面"), ("遠山", "下滑", "負面"), ("青禾", "持平", "中立"), ("海田", "成長", "正面")] * 5
    )
]
TASK = """\
task_name: check
task_type: classification
language: zh-TW
options:
  kind: entity-sentiment
  labels: [正面, 負面, 中立]
data:
  test: data/test.jsonl
training:
  base_model: builtin:tiny
"""
NER_TASK = """\
task_name: check
task_type: ner
options: {labels: [ORG]}
data: {test: data/test.jsonl}
training: {base_model: "builtin:tiny"}
"""


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@dataclass(frozen=True)
class Folder:
    """A sound task, to be spoiled."""

    path: Path

    def write(self, name: str, content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        (self.path / name).write_bytes(data)

    def tune(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tasktune", "--lang", "en", *arguments]
        return subprocess.run(command, cwd=self.path, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "data").mkdir()
    made = Folder(tmp_path)
    made.write("task.yaml", TASK)
    made.write("data/train.jsonl", lines(ROWS[:16]))
    made.write("data/test.jsonl", lines(ROWS[16:]))
    return made


Spoil = Callable[[Folder], None]
CASES: dict[str, tuple[Spoil, list[str]]] = {
    "broken JSON on a line": (
        lambda f: f.write("data/train.jsonl", lines(ROWS[:2]) + '{"text": "a",\n' + lines(ROWS[2:16])),
        ["data/train.jsonl:3", "not valid JSON"],
    ),
    "a missing field": (
        lambda f: f.write(
            "data/train.jsonl", lines([{k: v for k, v in ROWS[0].items() if k != "entity"}, *ROWS[1:16]])
        ),
        ["data/train.jsonl:1", "entity"],
    ),
    "a label outside the set": (
        lambda f: f.write("data/train.jsonl", lines([*ROWS[:4], {**ROWS[4], "label": "正 面"}, *ROWS[5:16]])),
        ["data/train.jsonl:5", "label", "正面"],
    ),
    "an empty file": (lambda f: f.write("data/train.jsonl", ""), ["data/train.jsonl", "no rows"]),
    "a missing file": (lambda f: (f.path / "data/test.jsonl").unlink(), ["task.yaml:8", "data.test", "not there"]),
    "Big5 in a UTF-8 file": (
        lambda f: f.write("data/train.jsonl", lines(ROWS[:1]).encode() + lines(ROWS[1:16]).encode("cp950")),
        ["data/train.jsonl:2", "UTF-8", "cp950"],
    ),
    "UTF-16": (
        lambda f: f.write("data/train.jsonl", codecs.BOM_UTF16_LE + lines(ROWS[:16]).encode("utf-16-le")),
        ["data/train.jsonl:1", "UTF-16"],
    ),
    "a template with an unknown field": (
        lambda f: f.write("task.yaml", TASK + "input_template: '{company} {text}'\n"),
        ["company", "entity"],
    ),
    "a test row that is in train": (
        lambda f: f.write("data/test.jsonl", lines([*ROWS[16:], ROWS[3]])),
        ["data/train.jsonl:4", "test"],
    ),
    "an unknown task type": (
        lambda f: f.write("task.yaml", TASK.replace("classification", "clasification")),
        ["task.yaml:2", "clasification", "classification"],
    ),
    "an unknown key": (
        lambda f: f.write("task.yaml", TASK + "  epoch: 3\n"),
        ["task.yaml:11", "training.epoch", "epochs"],
    ),
    "two problems at once": (
        lambda f: f.write("task.yaml", TASK.replace("language", "langage") + "  epochs: -1\n"),
        ["langage", "language", "epochs"],
    ),
    "an entity that is not in its text": (
        lambda f: (
            f.write("task.yaml", NER_TASK),
            f.write("data/train.jsonl", lines([{"text": "晨星創高", "entities": [{"text": "晨曦", "label": "ORG"}]}])),
            f.write("data/test.jsonl", lines([{"text": "遠山下滑", "entities": []}])),
        )[0],
        ["data/train.jsonl:1", "晨曦"],
    ),
}


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_named_and_nothing_is_written(folder: Folder, name: str, command: str) -> None:
    spoil, words = CASES[name]
    spoil(folder)
    done = folder.tune(command, ".")
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert "Traceback" not in said
    for word in words:
        assert word in said
    assert not list(folder.path.glob("versions/v*"))


def test_a_byte_order_mark_is_no_problem(folder: Folder) -> None:
    folder.write("data/train.jsonl", codecs.BOM_UTF8 + lines(ROWS[:16]).encode())
    done = folder.tune("check", ".")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_rows_that_are_too_long_are_named_and_nothing_is_written(folder: Folder) -> None:
    folder.write("data/train.jsonl", lines([*ROWS[:6], {**ROWS[6], "text": "營收" * 400}, *ROWS[7:16]]))
    done = folder.tune("run", ".", "--set", "training.max_length=256")
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert "data/train.jsonl:7" in said
    assert "max_length" in said
    assert "Traceback" not in said
    assert not list(folder.path.glob("versions/v*"))
