"""``tune check --fix`` on rows with offsets: they stay true, or the row stays as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.check import mend
from tasktune.definition import Task, load_task

DEFINITION = {"task_name": "fix", "task_type": "ner", "options": {"labels": ["ORG", "PER"]}}


def task(folder: Path, row: dict[str, Any]) -> Task:
    (folder / "data").mkdir(parents=True)
    (folder / "task.yaml").write_text(json.dumps(DEFINITION), "utf-8")
    others = [
        {"text": "台積電擴廠", "entities": [{"text": "台積電", "label": "ORG"}]},
        {"text": "魏哲家", "entities": []},
    ]
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in [row, *others])
    (folder / "data" / "train.jsonl").write_text(lines, "utf-8")
    return load_task(folder)


def first_row(folder: Path) -> Any:
    return json.loads((folder / "data" / "train.jsonl").read_text("utf-8").splitlines()[0])


@pytest.mark.parametrize(
    "entity",
    [
        {"text": "聯電", "label": "ORG", "start": 3, "end": 5},
        {"label": "ORG", "start": 3, "end": 5},
    ],
)
def test_a_mend_that_would_shift_offsets_is_not_made(tmp_path: Path, entity: dict[str, Any]) -> None:
    row = {"text": "昨\u200b日聯電說聯電好", "entities": [entity]}
    fixes = mend(task(tmp_path, row))
    assert (fixes.rows, fixes.left) == (0, 1)
    assert first_row(tmp_path) == row


def test_offsets_behind_which_nothing_is_taken_out_do_not_matter(tmp_path: Path) -> None:
    row = {"text": "聯電昨日\u200b說", "entities": [{"text": "聯電", "label": "ORG", "start": 0, "end": 2}]}
    assert mend(task(tmp_path, row)).rows == 1
    assert first_row(tmp_path) == {**row, "text": "聯電昨日說"}


def test_without_offsets_the_text_and_its_entities_are_mended_together(tmp_path: Path) -> None:
    row = {"text": " 聯\u200b電說 ", "entities": [{"text": "聯\u200b電", "label": "org"}]}
    fixes = mend(task(tmp_path, row))
    assert fixes.rows == 1
    assert first_row(tmp_path) == {"text": "聯電說", "entities": [{"text": "聯電", "label": "ORG"}]}
