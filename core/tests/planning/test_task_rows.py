"""The rows of a task in tokens: as training encodes them, or a bound where they cannot be counted."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.data.encode import Encoded, Encoder
from tasktune.data.rows import chat, used_records
from tasktune.data.scan import scan
from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.planning import task_rows
from tasktune.planning.rows import tally
from tasktune.planning.task_rows import rows_of
from tasktune.training.audit import common_prefix

TINY = runpy.run_path(str(Path(__file__).parents[1] / "tiny_base.py"))
MakeTask = Callable[..., Task]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tokenizer, which is all of a base model that is needed here."""
    folder = tmp_path_factory.mktemp("base")
    TINY["make_tokenizer"]().save_pretrained(folder)
    (folder / "config.json").write_text('{"model_type": "qwen3"}', "utf-8")
    return folder


@pytest.fixture
def make_task(tmp_path: Path, toy_task_type: str) -> MakeTask:
    """A task of the toy type: 30 rows whose texts grow, of which 24 are left for training."""

    def make(base_model: str, max_length: int = 2048, row: str = "") -> Task:
        folder = tmp_path / "task"
        (folder / "data").mkdir(parents=True, exist_ok=True)
        rows = [{"text": "好" * (number + 1), "label": ("yes", "no")[number % 2]} for number in range(30)]
        lines = "".join(json.dumps(each) + "\n" for each in rows)
        (folder / "data" / "train.jsonl").write_text(lines + row, "utf-8")
        training = {"base_model": base_model, "max_length": max_length}
        definition = {"task_name": "t", "task_type": toy_task_type, "options": {"classes": ["yes", "no"]}}
        (folder / "task.yaml").write_text(json.dumps({**definition, "training": training}), "utf-8")
        return load_task(folder)

    return make


def encoded(task: Task) -> list[Encoded]:
    found = scan(task)
    chats = [
        chat(task.plugin.build_prompt(record, task.options))
        for split, record in used_records(task, found)
        if split == "train"
    ]
    return Encoder(TINY["make_tokenizer"]()).rows(chats)


def test_rows_are_counted_as_training_encodes_them(make_task: MakeTask, base: Path) -> None:
    task = make_task(str(base))
    found, rows = rows_of(task), encoded(task)
    assert (found.problems, found.uncounted) == (0, None)
    assert found.rows.source == "tokenizer"
    assert found.rows.count == len(rows) == 24
    assert found.rows.prompt_tokens == sum(len(row.prompt) for row in rows)
    assert found.rows.completion_tokens == sum(len(row.completion) for row in rows)
    assert found.rows.longest == max(map(len, rows))
    assert found.rows.longest_completion == max(len(row.completion) for row in rows)
    prefix = None
    for row in rows:
        prefix = common_prefix(prefix, row.prompt)
    assert found.rows.prefix == len(prefix or ()) > 8
    assert found.rows.shared(True) == found.rows.prefix
    assert found.rows.shared(False) == 0


def test_rows_that_are_too_long_are_counted_apart(make_task: MakeTask, base: Path) -> None:
    lengths = sorted(len(row) for row in encoded(make_task(str(base))))
    limit = lengths[-3]
    found = rows_of(make_task(str(base), max_length=limit)).rows
    assert found.too_long == sum(length > limit for length in lengths) > 0
    assert found.count == len(lengths) - found.too_long
    assert found.longest == limit


def test_when_every_row_is_too_long_they_are_taken_as_long_as_may_be(make_task: MakeTask, base: Path) -> None:
    whole = rows_of(make_task(str(base), max_length=5))
    found = whole.rows
    assert whole.uncounted == "too_long"
    assert (found.count, found.too_long, found.longest, found.source) == (24, 24, 5, "max_length")


def test_without_the_tokenizer_rows_are_bounded(make_task: MakeTask, tmp_path: Path, base: Path) -> None:
    counted = rows_of(make_task(str(base))).rows
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text('{"model_type": "qwen3"}', "utf-8")
    whole = rows_of(make_task(str(tmp_path / "bare"), max_length=700))
    bound = whole.rows
    assert whole.uncounted == "tokenizer"
    assert (bound.count, bound.longest, bound.prefix, bound.source) == (24, 700, 0, "max_length")
    assert counted.longest_completion <= bound.longest_completion < 60


def test_without_transformers_too(make_task: MakeTask, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_rows, "find_spec", lambda name: None)
    found = rows_of(make_task(str(base)))
    assert (found.uncounted, found.rows.source) == ("transformers", "max_length")


def test_data_with_problems_are_counted_as_far_as_they_are_sound(make_task: MakeTask, base: Path) -> None:
    found = rows_of(make_task(str(base), row='{"text": "x", "label": "maybe"}\n'))
    assert (found.problems, found.uncounted) == (1, "problems")
    assert found.rows.source == "max_length"
    assert found.rows.count >= 24


def test_no_rows_at_all(make_task: MakeTask, base: Path) -> None:
    task = make_task(str(base))
    (task.folder / "data" / "train.jsonl").unlink()
    found = rows_of(task)
    assert found.problems > 0
    assert found.rows.count == 1


def test_a_path_to_no_model_is_an_error(make_task: MakeTask) -> None:
    with pytest.raises(InputError, match="no folder with a model"):
        rows_of(make_task("./nowhere"))


@given(st.lists(st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(1, 5)), max_size=12))
def test_a_tally_adds_up(rows: list[tuple[list[int], int]]) -> None:
    encoded_rows = [Encoded(prompt, [9] * completion) for prompt, completion in rows]
    found = tally(encoded_rows, 10)
    fitting = [row for row in encoded_rows if len(row) <= 10]
    assert (found.count, found.too_long) == (len(fitting), len(rows) - len(fitting))
    assert found.prompt_tokens + found.completion_tokens == sum(map(len, fitting))
    assert found.longest == max(map(len, fitting), default=0)
    assert all(found.prefix < len(row.prompt) for row in fitting)
