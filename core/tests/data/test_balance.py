"""``tune data balance``: counts are met where they can be, train alone changes, and every row is accounted for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.data.balance import balance, copies_of
from tasktune.data.check import check
from tasktune.definition import Task, load_task
from tasktune.errors import InputError

MakeTask = Callable[..., Task]
CLASSES = [[], [0], [1], [2], [0, 1], [1, 2], [0, 1, 2]]
NUMBERS = st.lists(st.integers(-1, 6), max_size=60)
SINGLE = st.lists(st.integers(1, 3), min_size=1, max_size=60)
TARGETS = st.integers(1, 40)
SEEDS = st.integers(0, 1000)


def counts(numbers: list[int], copies: Any) -> Counter[int]:
    found: Counter[int] = Counter()
    for number, count in zip(numbers, copies, strict=True):
        found.update(dict.fromkeys(CLASSES[number], count) if number >= 0 else {})
    return found


@given(SINGLE, TARGETS, SEEDS)
def test_rows_of_one_class_each_are_balanced_exactly(numbers: list[int], target: int, seed: int) -> None:
    copies = copies_of(numbers, CLASSES, target, seed)
    after = counts(numbers, copies)
    assert set(after.values()) == {target}
    for name in {name for number in numbers for name in CLASSES[number]}:
        of_class = [count for number, count in zip(numbers, copies, strict=True) if name in CLASSES[number]]
        # Rows are repeated in turn: none is there twice as long as another is missing, nor twice more often.
        assert max(of_class) - min(of_class) <= 1


@given(NUMBERS, TARGETS, SEEDS)
def test_laws_for_rows_of_several_classes(numbers: list[int], target: int, seed: int) -> None:
    before = counts(numbers, [1] * len(numbers))
    both = copies_of(numbers, CLASSES, target, seed)
    under = copies_of(numbers, CLASSES, target, seed, over=False)
    over = copies_of(numbers, CLASSES, target, seed, under=False)
    for name, count in before.items():
        assert counts(numbers, both)[name] >= target
        assert min(count, target) <= counts(numbers, under)[name] <= count
        assert counts(numbers, over)[name] >= max(count, target)
    assert max(under, default=0) <= 1
    for number, one, other, least in zip(numbers, both, under, over, strict=True):
        if number < 0:
            assert one == other == least == 0
        elif number == 0:
            assert one == other == least == 1
        else:
            assert least >= 1
    # What is still above the target could not have been left out without taking from a smaller class.
    left = counts(numbers, under)
    for number, count in zip(numbers, under, strict=True):
        if count and number > 0:
            assert any(left[name] <= target for name in CLASSES[number])
    assert copies_of(numbers, CLASSES, target, seed) == both


def test_another_seed_chooses_other_rows() -> None:
    numbers = [1] * 100 + [2] * 10
    assert copies_of(numbers, CLASSES, 30, 1) != copies_of(numbers, CLASSES, 30, 2)


def rows(label: str, count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"text": f"{label} {n}", "label": label} for n in range(start, start + count)]


HELD_OUT = rows("yes", 3, 900) + rows("no", 3, 900)


def make(make_task: MakeTask, **keys: Any) -> Task:
    return make_task(train=rows("yes", 50) + rows("no", 8), valid=HELD_OUT[:3], test=HELD_OUT[3:], **keys)


def written(task: Task, name: str = "train_balanced.jsonl") -> list[dict[str, Any]]:
    lines = (task.folder / "data" / name).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_file_has_every_class_as_often(make_task: MakeTask) -> None:
    task = make(make_task)
    data = task.folder / "data"
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    done = balance(task, data / "train_balanced.jsonl", 20, seed=1)
    lines = written(task)
    assert Counter(row["label"] for row in lines) == {"yes": 20, "no": 20}
    assert {name: (change.before, change.after) for name, change in done.classes.items()} == {
        "no": (8, 20),
        "yes": (50, 20),
    }
    assert (done.rows_before, done.left_out, done.duplicates, done.rows_after) == (58, 30, 12, 40)
    assert done.rows_before - done.left_out + done.duplicates == done.rows_after == len(lines)
    assert done.most_copies == 3
    assert {row["text"] for row in lines if row["label"] == "no"} == {row["text"] for row in rows("no", 8)}
    assert {path.name: path.read_bytes() for path in data.iterdir() if path.name in before} == before
    [change] = done.to_change
    assert (change.path, change.message) == ("data.train", "set it to data/train_balanced.jsonl")


def test_what_is_written_can_be_trained_on(make_task: MakeTask) -> None:
    task = make(make_task)
    balance(task, task.folder / "data" / "train_balanced.jsonl", 20, seed=1)
    report = check(load_task(task.folder, overrides=["data.train=data/train_balanced.jsonl"]))
    assert report.ok
    assert dict(report.classes["train"]) == {"no": 20, "yes": 20}


def test_the_train_file_itself_is_replaced_with_force_only(make_task: MakeTask) -> None:
    task = make(make_task)
    train = task.folder / "data" / "train.jsonl"
    before = train.read_bytes()
    with pytest.raises(InputError, match=r"data/train\.jsonl: exists"):
        balance(task, train, 20, seed=1)
    assert train.read_bytes() == before
    done = balance(task, train, 20, seed=1, force=True)
    assert len(written(task, "train.jsonl")) == 40
    assert done.backup is not None
    assert (task.folder / done.backup / "train.jsonl").read_bytes() == before
    assert done.to_change == ()


def test_it_never_takes_the_place_of_held_out_rows(make_task: MakeTask) -> None:
    task = make(make_task)
    test = task.folder / "data" / "test.jsonl"
    before = test.read_bytes()
    with pytest.raises(InputError, match=r"data/test\.jsonl: a run reads its rows here"):
        balance(task, test, 20, seed=1, force=True)
    assert test.read_bytes() == before
    # Nor that of a split which has no file now but would have one then.
    (task.folder / "data" / "valid.jsonl").unlink()
    without = load_task(task.folder, overrides=["data.split.valid=0"])
    with pytest.raises(InputError, match=r"data/valid\.jsonl: a run reads its rows here"):
        balance(without, task.folder / "data" / "valid.jsonl", 20, seed=1)


def test_splits_that_would_be_cut_from_it_are_refused(make_task: MakeTask) -> None:
    task = make_task(train=rows("yes", 50) + rows("no", 8))
    with pytest.raises(InputError) as caught:
        balance(task, task.folder / "out.jsonl", 20, seed=1)
    assert len(caught.value.problems) == 2
    assert "tune data split" in str(caught.value.hint)
    assert not (task.folder / "out.jsonl").exists()


def test_rows_that_a_run_leaves_out_do_not_come_back(make_task: MakeTask) -> None:
    train = [*rows("yes", 50), *rows("no", 8), *HELD_OUT]
    task = make_task(train=train, valid=HELD_OUT[:3], test=HELD_OUT[3:], data={"overlap": "drop"})
    done = balance(task, task.folder / "data" / "train_balanced.jsonl", 20, seed=1)
    assert (done.rows_before, done.overlapping) == (58, 6)
    assert not {row["text"] for row in written(task)} & {row["text"] for row in HELD_OUT}


def test_many_copies_are_warned_of(make_task: MakeTask) -> None:
    task = make(make_task)
    done = balance(task, task.folder / "data" / "a.jsonl", 100, seed=1)
    assert done.most_copies == 13
    assert any("up to 13 times" in notice for notice in done.notices)
    assert balance(task, task.folder / "data" / "b.jsonl", 20, seed=1).notices == ()


def test_a_file_beside_others_in_big5_is_read_like_them(make_task: MakeTask) -> None:
    task = make(make_task, data={"encoding": "big5"})
    for path in (task.folder / "data").iterdir():
        rows_in_big5 = [{**json.loads(line), "note": "中文"} for line in path.read_text("utf-8").splitlines()]
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows_in_big5), "big5")
    balance(task, task.folder / "data" / "train_balanced.jsonl", 20, seed=1)
    report = check(load_task(task.folder, overrides=["data.train=data/train_balanced.jsonl"]))
    assert dict(report.rows) == {"train": 40, "valid": 3, "test": 3}
    assert {row["note"] for row in written(task)} == {"中文"}
    with pytest.raises(InputError, match="a file in utf-16 cannot be written"):
        balance(load_task(task.folder, overrides=["data.encoding=utf-16"]), task.folder / "x.jsonl", 20, seed=1)


def test_bad_rows_stop_it(make_task: MakeTask) -> None:
    task = make_task(train=[*rows("yes", 5), {"text": "x", "label": "?"}], valid=HELD_OUT[:3], test=HELD_OUT[3:])
    with pytest.raises(InputError):
        balance(task, task.folder / "data" / "a.jsonl", 20, seed=1)
    assert not (task.folder / "data" / "a.jsonl").exists()
    assert not list((task.folder / "data").glob(".*"))
