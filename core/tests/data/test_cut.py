"""``tune data split``: every row ends in one file, as a run would split them, and nothing is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.check import check
from tasktune.data.cut import cut
from tasktune.data.rows import read_split, write_rows
from tasktune.data.scan import scan
from tasktune.definition import SplitSpec, Task, load_task
from tasktune.errors import InputError

MakeTask = Callable[..., Task]


def rows(count: int = 100, prefix: str = "t") -> list[dict[str, Any]]:
    return [
        {"text": f"{prefix} {n}", "label": ("yes", "no", "no")[n % 3], "source": f"s{n % 17}", "score": n / 7}
        for n in range(count)
    ]


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of the task's files."""
    files = sorted((folder / "data").glob("*.jsonl"))
    return {path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in files}


def texts(split: list[dict[str, Any]]) -> list[str]:
    return [row["text"] for row in split]


@pytest.mark.parametrize("group_by", [None, "source"])
def test_the_files_are_what_a_run_would_have_cut(make_task: MakeTask, tmp_path: Path, group_by: str | None) -> None:
    task = make_task(train=rows(), data={"split": {"valid": 0.15, "test": 0.2, "group_by": group_by}})
    write_rows(task, scan(task), tmp_path / "prepared")
    done = cut(task, force=True)
    written = read(task.folder)
    for split in ("train", "valid", "test"):
        expected = [record.inputs["text"] for record in read_split(tmp_path / "prepared", split)]
        assert texts(written[split]) == expected
        assert done.rows[split] == len(expected) > 0
    assert dict(check(load_task(task.folder)).rows) == dict(done.rows)
    assert done.to_change == ()


def test_rows_keep_their_columns_and_none_is_lost(make_task: MakeTask) -> None:
    task = make_task(train=rows(), test=rows(20, "v"))
    done = cut(task, force=True)
    written = read(task.folder)
    every = [row for split in written.values() for row in split]
    assert sorted(every, key=lambda row: row["text"]) == sorted(rows() + rows(20, "v"), key=lambda row: row["text"])
    assert done.sources == ("data/train.jsonl", "data/test.jsonl")


def test_groups_are_on_one_side(make_task: MakeTask) -> None:
    task = make_task(train=rows())
    done = cut(task, split=SplitSpec(valid=0.2, test=0.2, group_by="source"), force=True)
    sides: dict[str, set[str]] = {}
    for split, written in read(task.folder).items():
        for row in written:
            sides.setdefault(row["source"], set()).add(split)
    assert done.groups == len(sides) == 17
    assert all(len(side) == 1 for side in sides.values())


@pytest.mark.parametrize("name", ["source", "來源"])
def test_the_field_is_known_by_our_name_and_by_the_columns(make_task: MakeTask, name: str) -> None:
    made = [{("來源" if key == "source" else key): value for key, value in row.items()} for row in rows()]
    task = make_task(train=made, data={"fields": {"source": "來源"}})
    assert cut(task, split=SplitSpec(group_by=name), force=True).groups == 17


def test_an_interruption_leaves_everything_as_it_was(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task(train=rows())
    before = read(task.folder)
    written = []

    def interrupted(value: Any, **options: Any) -> str:
        written.append(value)
        if len(written) > 50:
            raise KeyboardInterrupt
        return "x"

    monkeypatch.setattr("tasktune.data.cut.json.dumps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cut(task, force=True)
    monkeypatch.undo()
    assert read(task.folder) == before
    assert sorted(path.name for path in (task.folder / "data").iterdir()) == ["train.jsonl"]


def test_rows_without_the_field_are_named_and_empty_values_are_no_group(make_task: MakeTask) -> None:
    made = rows(30)
    for row in made[:20]:
        row["source"] = ""
    made[20]["source"] = None
    assert cut(make_task(train=made), split=SplitSpec(group_by="source"), force=True).groups == 9
    del made[3]["source"], made[7]["source"]
    task = make_task(train=made, valid=None)
    (task.folder / "data" / "valid.jsonl").unlink(missing_ok=True)
    (task.folder / "data" / "test.jsonl").unlink(missing_ok=True)
    with pytest.raises(InputError) as caught:
        cut(task, split=SplitSpec(group_by="source"), force=True)
    assert [(problem.line, problem.path, problem.message) for problem in caught.value.problems] == [
        (4, "source", "missing"),
        (8, "source", "missing"),
    ]


def test_nothing_is_replaced_without_force(make_task: MakeTask) -> None:
    task = make_task(train=rows(), test=rows(5, "v"))
    before = read(task.folder)
    with pytest.raises(InputError) as caught:
        cut(task)
    assert [problem.file for problem in caught.value.problems] == ["data/train.jsonl", "data/test.jsonl"]
    assert "--force" in str(caught.value.hint)
    assert read(task.folder) == before
    assert not (task.folder / "data" / "backup").exists()


def test_what_is_replaced_is_kept(make_task: MakeTask) -> None:
    task = make_task(train=rows(), test=rows(10, "v"))
    before = {path.name: path.read_bytes() for path in (task.folder / "data").glob("*.jsonl")}
    first = cut(task, force=True)
    second = cut(load_task(task.folder), split=SplitSpec(seed=7), force=True)
    assert first.backup is not None
    assert second.backup not in (None, first.backup)
    assert {path.name: path.read_bytes() for path in (task.folder / first.backup).iterdir()} == before


def test_a_split_of_no_rows_leaves_no_stale_file(make_task: MakeTask) -> None:
    task = make_task(train=rows(), valid=rows(10, "v"))
    done = cut(task, split=SplitSpec(valid=0.0, test=0.2), force=True)
    assert set(read(task.folder)) == {"train", "test"}
    assert dict(done.files) == {"train": "data/train.jsonl", "test": "data/test.jsonl"}
    assert [(change.path, change.message) for change in done.to_change] == [("data.split.valid", "set it to 0")]
    assert done.backup is not None
    assert (task.folder / done.backup / "valid.jsonl").exists()


def test_bad_rows_stop_it_before_anything_is_written(make_task: MakeTask) -> None:
    task = make_task(train=[*rows(), {"text": "x", "label": "?"}, {"text": "y"}], data={"train": "data/train.jsonl"})
    before = read(task.folder)
    with pytest.raises(InputError) as caught:
        cut(task, force=True)
    assert [problem.line for problem in caught.value.problems] == [101, 102]
    assert read(task.folder) == before
    assert not list((task.folder / "data").glob(".*"))
    assert not (task.folder / "versions").exists()


def test_other_files_can_be_split_and_task_yaml_is_told(make_task: MakeTask) -> None:
    lines = "".join(f"{row['text']},{row['label']}\n" for row in rows())
    task = make_task(train=rows(1), data={"train": "data/rows.csv", "fields": {"label": "標籤"}, "encoding": "big5"})
    (task.folder / "data" / "train.jsonl").unlink()
    (task.folder / "data" / "rows.csv").write_bytes(("text,標籤\n" + lines).encode("big5"))
    done = cut(task)
    assert [(change.path, change.message) for change in done.to_change] == [
        ("data.train", "set it to data/train.jsonl"),
        ("data.encoding", "set it to utf-8"),
    ]
    assert all(change.file == str(task.file) for change in done.to_change)
    definition = json.loads((task.folder / "task.yaml").read_text("utf-8"))
    definition["data"].update(train="data/train.jsonl", encoding="utf-8")
    (task.folder / "task.yaml").write_text(json.dumps(definition), "utf-8")
    report = check(load_task(task.folder))
    assert report.ok
    assert dict(report.rows) == dict(done.rows)
    assert set(read(task.folder)["train"][0]) == {"text", "標籤"}


def test_sources_that_are_not_there_are_all_named(make_task: MakeTask, tmp_path: Path) -> None:
    task = make_task(train=rows())
    with pytest.raises(InputError) as caught:
        cut(task, [tmp_path / "data" / "a.csv", tmp_path / "data" / "b.csv"], force=True)
    assert [problem.file for problem in caught.value.problems] == ["data/a.csv", "data/b.csv"]


def test_too_few_rows_for_a_test_split_are_a_problem(make_task: MakeTask) -> None:
    one_source = [{**row, "source": "s"} for row in rows(50)]
    with pytest.raises(InputError, match="the test split has no rows"):
        cut(make_task(train=one_source), split=SplitSpec(group_by="source"), force=True)
