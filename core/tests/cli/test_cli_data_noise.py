"""``tune data noise``: the list on the terminal, as JSON and as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tasktune.cli.data_noise import sections
from tasktune.cli.layout import width
from tasktune.data.noise import LabelNoise, Suspect

Invoke = Callable[..., Result]


def suspect(number: int, text: str = "出餐很快") -> Suspect:
    return Suspect(
        id=f"data/train.jsonl:{number}", split="train", text=text, given="1", probable="5", score=0.01, probability=0.9
    )


FOUND = LabelNoise(rows=100, all_rows=103, rare=3, suspects=tuple(suspect(n) for n in range(1, 26)))


@pytest.fixture
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasktune.data.noise.label_noise", lambda task: FOUND)


@pytest.mark.usefixtures("_found")
def test_the_most_suspicious_are_shown_and_the_rest_counted(task: Path, invoke: Invoke) -> None:
    result = invoke("data", "noise", task, "--lang", "en")
    assert result.exit_code == 0, result.stderr
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "25 of 100 rows probably have a wrong label (25.0%)" in lines
    assert "3 rows of classes with fewer than 5 different texts were left out" in lines
    assert "1 5 25" in lines
    assert "data/train.jsonl:20 1 5 0.010 出餐很快" in lines
    assert "… and 5 more" in lines
    assert not any("train.jsonl:21" in line for line in lines)
    assert all(width(line) <= 100 for line in result.stdout.splitlines())


@pytest.mark.usefixtures("_found")
def test_json_has_all_of_them(task: Path, invoke: Invoke) -> None:
    found = json.loads(invoke("data", "noise", task, "--json").stdout)
    assert found["share"] == 0.25
    assert len(found["suspects"]) == 25
    assert found["suspects"][0] == suspect(1).model_dump()


def test_csv_has_all_of_them_and_no_formula(
    task: Path, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = LabelNoise(rows=9, all_rows=9, rare=0, suspects=(suspect(1, '=1+1,"x"'), suspect(2, "兩行\n文字")))
    monkeypatch.setattr("tasktune.data.noise.label_noise", lambda task: odd)
    result = invoke("data", "noise", task, "--csv", tmp_path / "out.csv", "--lang", "en")
    assert "2 rows in" in result.stderr
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == ['\'=1+1,"x"', "兩行\n文字"]
    assert rows[0]["id"] == "data/train.jsonl:1"
    assert (rows[0]["given"], rows[0]["probable"], rows[0]["score"]) == ("1", "5", "0.01")


def test_nothing_suspicious_is_said_in_a_line() -> None:
    assert list(sections(LabelNoise(rows=8, all_rows=40, rare=2, suspects=()))) == [
        "0 of 8 rows probably have a wrong label (0.0%)\n"
        "2 rows of classes with fewer than 5 different texts were left out\n"
        "of 40 rows evenly spaced ones were looked at"
    ]


def test_a_task_without_cleanlab_is_told_what_to_install(
    task: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasktune.data.noise.find_spec", lambda name: None)
    result = invoke("data", "noise", task, "--lang", "en")
    assert result.exit_code == 2
    assert "cleanlab is not installed" in result.stderr
    assert "pip install 'tasktune[data]'" in result.stderr
