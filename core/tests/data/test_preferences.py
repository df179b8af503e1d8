"""Pairs of answers: what is a pair, what is refused, and what a check says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.check import check
from tasktune.data.preferences import read_pairs
from tasktune.data.records import Problems
from tasktune.data.rows import write_pairs
from tasktune.definition import Task
from tasktune.errors import InputError

MakeTask = Callable[..., Task]
GOOD = {"text": "so so", "chosen": "yes", "rejected": "no"}


ROWS = [{"text": f"row {n}", "label": ("yes", "no")[n % 2]} for n in range(20)]


@pytest.fixture
def make_task(make_task: MakeTask) -> MakeTask:
    """Tasks with training rows."""
    return lambda **keys: make_task(**{"train": ROWS, **keys})


def with_pairs(make_task: MakeTask, *rows: Any, **keys: Any) -> Task:
    """A task that learns by DPO from these pairs."""
    task = make_task(**{"data": {"pairs": "pairs.jsonl"}, "training": {"method": "dpo"}, **keys})
    (task.folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return task


def problems_of(task: Task) -> list[str]:
    return [str(problem) for problem in check(task).problems]


def test_answers_are_written_as_the_task_type_writes_them_and_other_text_as_it_is(make_task: MakeTask) -> None:
    task = with_pairs(make_task, GOOD, {"text": "x", "chosen": "no", "rejected": "I cannot say."})
    problems = Problems()
    first, second = read_pairs(task, problems)
    assert not problems.count
    assert (first.prompt.completion, first.rejected) == ('{"label": "yes"}', '{"label": "no"}')
    assert second.rejected == "I cannot say."
    assert second.record.id == "pairs.jsonl:2"
    assert problems_of(task) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": "x", "chosen": "yes"}, "rejected: missing"),
        ({"text": "x", "rejected": "no"}, "chosen: missing"),
        ({"text": "x", "chosen": "maybe", "rejected": "no"}, "maybe"),
        ({"chosen": "yes", "rejected": "no"}, "text: missing"),
        ({"text": "x", "chosen": "yes", "rejected": "yes"}, "is the chosen answer, too"),
        ({"text": "x", "chosen": "yes", "rejected": '{"label": "yes"}'}, "is the chosen answer, too"),
        ({"text": "x", "chosen": "yes", "rejected": 3}, "no answer of this task, and no text"),
    ],
)
def test_what_is_no_pair_is_named_by_its_line(make_task: MakeTask, row: dict[str, Any], said: str) -> None:
    task = with_pairs(make_task, GOOD, row)
    [problem] = [each for each in check(task).problems if each.file == "pairs.jsonl"]
    assert problem.line == 2
    assert said in str(problem)


def test_without_pairs_it_says_where_they_come_from(make_task: MakeTask) -> None:
    [said] = problems_of(make_task(training={"method": "orpo"}))
    assert "orpo learns from pairs of answers, and data.pairs names none" in said
    assert "tune data generate --pairs" in said


def test_a_file_that_is_not_there_and_one_without_rows(make_task: MakeTask) -> None:
    task = with_pairs(make_task)
    assert any("the file has no rows" in said for said in problems_of(task))
    (task.folder / "pairs.jsonl").unlink()
    assert any("pairs.jsonl is not there" in said for said in problems_of(task))


def test_a_pair_of_a_test_row_would_leak(make_task: MakeTask) -> None:
    task = with_pairs(make_task, {**GOOD, "text": "seen"}, test=[{"text": "seen", "label": "yes"}])
    assert any("the test split has the same input" in said for said in problems_of(task))


def test_pairs_that_broke_after_the_check_are_not_left_out_without_a_word(make_task: MakeTask, tmp_path: Path) -> None:
    task = with_pairs(make_task, GOOD)
    assert check(task).ok
    with (task.folder / "pairs.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"text": "x", "chosen": "ye')
    with pytest.raises(InputError, match="changed while they were read"):
        write_pairs(task, tmp_path)


def test_pairs_are_left_alone_where_nothing_learns_from_them(make_task: MakeTask) -> None:
    task = make_task(data={"pairs": "none.jsonl"})
    assert problems_of(task) == []


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"beta": 0.1}, "beta belongs to the methods orpo and dpo"),
        ({"quantization": "int8"}, "only tuning: qlora quantises the base"),
    ],
)
def test_what_would_be_ignored_is_refused(make_task: MakeTask, training: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        make_task(training=training)
    assert said in str(caught.value.problems[0])


def test_weights_name_classes_that_there_are(make_task: MakeTask) -> None:
    assert problems_of(make_task(training={"class_weights": {"yes": 2, "no": 1}})) == []
    assert problems_of(make_task(training={"class_weights": "balanced", "sampling": "balanced"})) == []
    [said] = problems_of(make_task(training={"class_weights": {"yess": 2}}))
    assert "training.class_weights.yess" in said
    assert "did you mean yes?" in said
