"""``tune data split``, ``balance`` and ``convert`` on the examples: rows of every task type go through them whole."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.balance import balance
from tasktune.data.check import check
from tasktune.data.convert import convert
from tasktune.data.cut import cut
from tasktune.data.stats import stats
from tasktune.definition import SplitSpec, Task, load_task
from tasktune.errors import InputError

ROOT = Path(__file__).resolve().parent.parent / "examples"
EXAMPLES = sorted(path.parent.name for path in ROOT.glob("*/task.yaml"))


@pytest.fixture(params=EXAMPLES)
def task(request: pytest.FixtureRequest, tmp_path: Path) -> Task:
    shutil.copytree(ROOT / request.param / "data", tmp_path / "data")
    shutil.copy(ROOT / request.param / "task.yaml", tmp_path)
    return load_task(tmp_path)


def rows(task: Task, *names: str) -> list[dict[str, Any]]:
    files = [task.folder / "data" / f"{name}.jsonl" for name in names or ("train", "valid", "test")]
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def test_a_new_split_has_every_row_and_every_class_at_its_share(task: Task) -> None:
    before = Counter(json.dumps(row, sort_keys=True) for row in rows(task))
    done = cut(task, split=SplitSpec(valid=0.1, test=0.2, seed=3), force=True)
    assert Counter(json.dumps(row, sort_keys=True) for row in rows(task)) == before
    report = check(load_task(task.folder))
    assert report.ok
    assert report.classes == done.classes
    total = before.total()
    assert done.rows["test"] / total == pytest.approx(0.2, abs=0.01)
    for name in done.classes["train"]:
        counts = {split: classes.get(name, 0) for split, classes in done.classes.items()}
        assert counts["test"] / sum(counts.values()) == pytest.approx(0.2, abs=0.05), name


def test_texts_that_share_a_field_stay_together(task: Task) -> None:
    done = cut(task, split=SplitSpec(valid=0.1, test=0.2, seed=3, group_by="text"), force=True)
    sides: dict[str, set[str]] = {}
    for split in ("train", "valid", "test"):
        for row in rows(task, split):
            sides.setdefault(row["text"], set()).add(split)
    assert {len(side) for side in sides.values()} == {1}
    assert done.groups == len(sides)
    for name in done.classes["train"]:
        counts = {split: classes.get(name, 0) for split, classes in done.classes.items()}
        assert counts["test"] / sum(counts.values()) == pytest.approx(0.2, abs=0.05), name


def test_balanced_rows_are_sound_and_counted_right(task: Task) -> None:
    output = task.folder / "data" / "train_balanced.jsonl"
    if not check(task).classes["train"]:
        with pytest.raises(InputError, match="the training rows show no classes"):
            balance(task, output, 250, seed=1)
        assert not output.exists()
        return
    done = balance(task, output, 250, seed=1)
    report = check(load_task(task.folder, overrides=["data.train=data/train_balanced.jsonl"]))
    assert report.ok
    assert report.rows["train"] == done.rows_after == done.rows_before - done.left_out + done.duplicates
    assert report.classes["train"] == {name: change.after for name, change in done.classes.items()}
    assert min(report.classes["train"].values()) >= 250


def test_stats_and_chats_count_the_same_rows(task: Task) -> None:
    found = stats(task)
    done = convert(task, "chat")
    for split, of in found.splits.items():
        lines = (task.folder / done.files[split]).read_text("utf-8").splitlines()
        assert len(lines) == of.rows == done.rows[split]
        answers = [len(json.loads(line)["messages"][-1]["content"]) for line in lines]
        assert of.lengths["answer"].max == max(answers)
