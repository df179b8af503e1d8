"""The figures of a task's rows: what a run would use, counted once each."""

from __future__ import annotations

import json
import runpy
import statistics
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasktune.data.encode import Encoder
from tasktune.data.rows import read_chat_rows, write_rows
from tasktune.data.scan import scan
from tasktune.data.stats import MAX_BINS, histogram, prepared_stats, stats, summary
from tasktune.definition import Task
from tasktune.errors import InputError

TINY = runpy.run_path(str(Path(__file__).parents[1] / "tiny_base.py"))
LENGTHS = st.lists(st.integers(0, 50_000), min_size=1, max_size=60)
ROWS = [
    {"text": "好" * (number % 17 + 1) + str(number), "label": ("yes", "no", "no")[number % 3]} for number in range(60)
]


@given(LENGTHS)
def test_summary_is_what_others_compute(lengths: list[int]) -> None:
    found = summary(lengths)
    assert (found.min, found.max) == (min(lengths), max(lengths))
    assert found.median == statistics.median_low(lengths)
    assert found.mean == pytest.approx(statistics.fmean(lengths), abs=0.051)
    assert sum(length <= found.p95 for length in lengths) >= 0.95 * len(lengths)
    assert sum(length < found.p95 for length in lengths) < 0.95 * len(lengths)


@given(LENGTHS, LENGTHS)
@example([7], [7])
@example([1] * 200 + [50_000], [2])
def test_every_length_is_in_one_bin(train: list[int], test: list[int]) -> None:
    found = histogram({"train": train, "test": test})
    assert sum(found.counts["train"]) == len(train)
    assert sum(found.counts["test"]) == len(test)
    assert len(found.edges) <= MAX_BINS + 1
    [width, *others] = {after - before for before, after in pairwise(found.edges)} or {1}
    assert not others
    assert str(width).strip("0") in ("1", "2", "5")
    for counts, lengths in ((found.counts["train"], train), (found.counts["test"], test)):
        expected = Counter(max(edge for edge in found.edges if edge <= length) for length in lengths)
        assert list(counts) == [expected[edge] for edge in found.edges]


def test_a_version_has_the_figures_of_the_rows_it_was_made_with(make_task: Callable[..., Task], tmp_path: Path) -> None:
    task = make_task(train=ROWS, data={"split": {"valid": 0.2, "test": 0.1}})
    write_rows(task, scan(task), tmp_path)
    assert prepared_stats(tmp_path, task.spec.training.max_length) == stats(task)


def test_figures_are_of_the_splits_that_a_run_would_use(make_task: Callable[..., Task], tmp_path: Path) -> None:
    task = make_task(train=ROWS, data={"split": {"valid": 0.2, "test": 0.1}})
    found = stats(task)
    write_rows(task, scan(task), tmp_path / "prepared")
    for split, of in found.splits.items():
        rows = list(read_chat_rows(tmp_path / "prepared" / f"{split}.jsonl"))
        assert of.rows == len(rows)
        assert of.classes == Counter(row["target"] for row in rows)
        assert of.without_class == 0
        assert of.lengths["input"] == summary([len(row["inputs"]["text"]) for row in rows])
        assert of.lengths["answer"] == summary([len(row["messages"][-1]["content"]) for row in rows])
        assert of.over_max_length is None
    assert sum(of.rows for of in found.splits.values()) == len(ROWS)


def test_rows_that_a_run_leaves_out_are_not_counted(make_task: Callable[..., Task]) -> None:
    found = stats(make_task(train=ROWS, valid=ROWS[5:9], test=ROWS[:5], data={"overlap": "drop"}))
    assert {split: of.rows for split, of in found.splits.items()} == {"train": 51, "valid": 4, "test": 5}
    assert sum(found.histograms["input"].counts["train"]) == 51


def test_bad_rows_are_an_error_with_all_of_them(make_task: Callable[..., Task]) -> None:
    with pytest.raises(InputError) as caught:
        stats(make_task(train=[*ROWS, {"text": "x", "label": "?"}, {"text": "y"}]))
    assert [problem.line for problem in caught.value.problems] == [61, 62]


def test_tokens_are_those_of_the_encoder_that_trains(make_task: Callable[..., Task], tmp_path: Path) -> None:
    tokenizer = TINY["make_tokenizer"]()
    tokenizer.save_pretrained(tmp_path / "base")
    (tmp_path / "base" / "config.json").write_text(json.dumps({"model_type": "qwen3"}), "utf-8")
    task = make_task(train=ROWS, training={"base_model": "./base", "max_length": 120})
    found = stats(task, tokens=True)
    write_rows(task, scan(task), tmp_path / "prepared")
    for split, of in found.splits.items():
        chats = [row["messages"] for row in read_chat_rows(tmp_path / "prepared" / f"{split}.jsonl")]
        rows = Encoder(tokenizer).rows(chats)
        assert of.lengths["prompt"] == summary([len(row.prompt) for row in rows])
        assert of.lengths["answer"] == summary([len(row.completion) for row in rows])
        assert of.lengths["row"] == summary([len(row) for row in rows])
        assert of.over_max_length == sum(len(row) > 120 for row in rows)
    assert sum(of.over_max_length or 0 for of in found.splits.values()) > 0
