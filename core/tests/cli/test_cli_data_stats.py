"""``tune data stats``: tables and bars that add up, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from tasktune.cli.data_stats import sections
from tasktune.cli.layout import width
from tasktune.data.stats import Histogram, Lengths, SplitStats, Stats

Invoke = Callable[..., Result]


def test_tables_and_histograms(task: Path, invoke: Invoke) -> None:
    result = invoke("data", "stats", task, "--lang", "en")
    assert result.exit_code == 0, result.stderr
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert {"train 24 80.0%", "valid 3 10.0%", "test 3 10.0%"} <= set(lines)
    assert lines.count("length train valid test") == 2
    assert "lengths in characters" in lines
    assert any("█" in line for line in lines)
    assert all(width(line) <= 80 for line in result.stdout.splitlines())


def test_json_adds_up(task: Path, invoke: Invoke) -> None:
    found = json.loads(invoke("data", "stats", task, "--json").stdout)
    assert found["unit"] == "characters"
    assert {name: split["rows"] for name, split in found["splits"].items()} == {"train": 24, "valid": 3, "test": 3}
    for name, split in found["splits"].items():
        assert sum(split["classes"].values()) == split["rows"]
        for histogram in found["histograms"].values():
            assert sum(histogram["counts"][name]) == split["rows"]


def test_problems_are_listed_and_nothing_is_counted(task: Path, invoke: Invoke) -> None:
    with (task / "data" / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"text": "好", "rating": 9}\n')
    result = invoke("data", "stats", task, "--lang", "en")
    assert result.exit_code == 2
    assert "data/train.jsonl:31: rating: 9 is not a rating" in result.stderr
    assert result.stdout == ""


def test_rows_without_a_class_are_a_line_of_their_own_and_many_classes_are_counted() -> None:
    lengths = {"input": Lengths(min=1, median=1, mean=1.0, p95=1, max=1)}
    split = SplitStats(rows=64, classes={f"c{number:02d}": 1 for number in range(60)}, without_class=4, lengths=lengths)
    histogram = Histogram(edges=(1,), counts={"train": (64,)})
    found = Stats(unit="characters", max_length=9, splits={"train": split}, histograms={"input": histogram})
    lines = [line.split() for line in "\n".join(sections(found)).splitlines()]
    assert ["(no", "class)", "4", "6.2%", "▋"] in lines
    assert sum(line[:1] == [f"c{number:02d}"] for line in lines for number in range(60)) == 50
    assert ["…", "and", "10", "more"] in lines
    assert ["1–", "64", "100.0%", "█" * 10] in lines
