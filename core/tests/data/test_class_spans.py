"""Prepared rows say which parts of an answer speak of a class, where classes are weighed and the task type knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.rows import pairs_path, read_chat_rows, rows_path, write_pairs, write_rows
from tasktune.data.scan import scan
from tasktune.definition import Task, load_task

MARKS = Path(__file__).parents[1] / "testing" / "marks.py"
MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(install_plugin: Callable[..., Path], tmp_path: Path) -> MakeTask:
    """A task of the type that the conformance suite is tested with: several classes in one answer."""
    install_plugin("marks", MARKS.read_text("utf-8"))

    def make(**training: Any) -> Task:
        rows = [{"text": "cab", "found": ["a", "b"]}, {"text": "bed", "found": ["b"]}, {"text": "sky", "found": []}]
        (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        (tmp_path / "test.jsonl").write_text('{"text": "abc", "found": ["b"]}\n', "utf-8")
        pair = {"text": "ab", "chosen": ["a", "b"], "rejected": "none"}
        (tmp_path / "pairs.jsonl").write_text(json.dumps(pair) + "\n", "utf-8")
        data = {"train": "train.jsonl", "test": "test.jsonl", "split": {"valid": 0}, "pairs": "pairs.jsonl"}
        definition = {"task_name": "t", "task_type": "marks", "language": "en", "data": data, "training": training}
        (tmp_path / "task.yaml").write_text(json.dumps(definition), "utf-8")
        return load_task(tmp_path)

    return make


@pytest.mark.parametrize("weights", ["balanced", {"a": 5.0}])
def test_rows_have_the_parts_of_their_answers(make_task: MakeTask, weights: Any) -> None:
    task = make_task(class_weights=weights, method="orpo")
    prepared = task.folder / "prepared"
    write_rows(task, scan(task), prepared)
    write_pairs(task, prepared)
    for path, count in ((rows_path(prepared, "train"), 3), (pairs_path(prepared), 1)):
        rows = list(read_chat_rows(path))
        assert len(rows) == count
        for row in rows:
            answer = row["messages"][-1]["content"]
            parts = [(span["name"], answer[span["start"] : span["end"]]) for span in row["class_spans"]]
            assert parts == [(name, f'"{name}"') for name in row["target"]]


def test_rows_are_as_they_were_where_nothing_is_weighed(make_task: MakeTask) -> None:
    task = make_task()
    write_rows(task, scan(task), task.folder / "prepared")
    rows = list(read_chat_rows(rows_path(task.folder / "prepared", "train")))
    assert [row.keys() for row in rows] == [{"id", "inputs", "target", "classes", "messages"}] * 3
