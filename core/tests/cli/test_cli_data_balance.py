"""``tune data balance``: what it says and leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


@pytest.fixture
def uneven(task: Path) -> Path:
    """The task with files for every split, and a train file of 16 rows with rating 1 and 4 with rating 5."""
    for split, ratings in (("train", [1] * 16 + [5] * 4), ("valid", [1, 5]), ("test", [1, 5])):
        rows = [{"text": f"{split} {number}", "rating": rating} for number, rating in enumerate(ratings)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (task / "data" / f"{split}.jsonl").write_text(text, "utf-8")
    return task


def test_what_was_made_and_left_out_is_said(uneven: Path, invoke: Invoke) -> None:
    result = invoke("data", "balance", uneven, "--target-count", "10", "--lang", "en")
    assert result.exit_code == 0, result.stderr
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "20 training rows: 6 left out, 6 duplicates made; 20 lines in data/train_balanced.jsonl" in lines
    assert any(line.endswith(" 16 10 -6") for line in lines)
    assert any(line.endswith(" 4 10 +6") for line in lines)
    assert lines[-1].endswith("data.train: set it to data/train_balanced.jsonl")


@pytest.mark.parametrize(("only", "rows"), [("over", 26), ("under", 14)])
def test_one_way_only(uneven: Path, invoke: Invoke, only: str, rows: int) -> None:
    done = json.loads(invoke("data", "balance", uneven, "--target-count", "10", "--only", only, "--json").stdout)
    assert done["rows_after"] == rows
    assert len((uneven / done["file"]).read_text("utf-8").splitlines()) == rows


def test_the_seed_decides(uneven: Path, invoke: Invoke) -> None:
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        file = uneven / f"{name}.jsonl"
        assert not invoke("data", "balance", uneven, "--target-count", "5", "--seed", seed, "--output", file).exit_code
        texts.append(file.read_text("utf-8"))
    assert texts[0] == texts[1] != texts[2]


def test_misuse_is_explained(uneven: Path, invoke: Invoke) -> None:
    result = invoke("data", "balance", uneven, "--lang", "en")
    assert result.exit_code == 2
    assert "--target-count is missing" in result.stderr
    assert invoke("data", "balance", uneven, "--target-count", "0").exit_code == 2
    result = invoke("data", "balance", uneven, "--target-count", "5", "--output", "rows.csv", "--lang", "en")
    assert result.exit_code == 2
    assert "rows.csv is no JSONL file" in result.stderr


def test_without_files_for_the_held_out_splits_it_sends_to_split(task: Path, invoke: Invoke) -> None:
    result = invoke("data", "balance", task, "--target-count", "5", "--lang", "en")
    assert result.exit_code == 2
    assert result.stderr.count("would be cut from the changed rows") == 2
    assert "tune data split" in result.stderr
