"""``tune curve``: what it prints and writes; the trainings are made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktune.definition import Task
from tasktune.improve.learning_curve.verdict import LearningCurve, Point, judge, sizes

Invoke = Callable[..., Result]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, task: Path) -> list[Any]:
    """How the curve is asked for; it falls as 1 − n^(−1/2) does."""
    found: list[Any] = []

    def made(
        of: Task, fractions: list[float], seeds: int, target: float | None, on_event: Any
    ) -> tuple[LearningCurve, Path]:
        found.append((of, fractions, seeds, target))
        points = []
        for rows in (30, 60, 120, 300):
            for seed in range(seeds):
                score = 1 - rows**-0.5 - seed / 1000
                points.append(Point(rows=rows, seed=seed, score=score, low=score, high=score))
        forecast, verdict = judge(points, target or 0.95, seed=1)
        curve = LearningCurve(
            task_name=of.name,
            metric=of.primary_metric,
            target=target or 0.95,
            rows=300,
            seeds=tuple(range(seeds)),
            points=tuple(points),
            sizes=sizes(points),
            forecast=forecast,
            verdict=verdict,
        )
        folder = of.folder / "curve" / "0123"
        folder.mkdir(parents=True, exist_ok=True)
        return curve, folder

    monkeypatch.setattr("tasktune.improve.learning_curve.runs.learning_curve", made)
    return found


def test_the_verdict_is_shown_and_kept(task: Path, invoke: Invoke, asked: list[Any]) -> None:
    result = invoke("curve", task, "--lang", "en")
    assert result.exit_code == 0, result.output
    [(of, fractions, seeds, target)] = asked
    assert (of.name, fractions, seeds, target) == ("review-stars", [0.1, 0.2, 0.4, 0.7, 1.0], 3, None)
    assert "the target 95.0% needs about" in result.stdout
    folder = task / "curve" / "0123"
    assert f"report: {folder / 'curve.html'}" in result.stdout
    assert {path.name for path in folder.iterdir()} == {"curve.json", "curve.md", "curve.html", "curve.svg"}
    assert LearningCurve.model_validate_json((folder / "curve.json").read_bytes()).rows == 300


def test_json_and_options(task: Path, invoke: Invoke, asked: list[Any]) -> None:
    result = invoke("curve", task, "--json", "--fractions", "0.25, 1", "--seeds", "2", "--target", "0.9")
    assert json.loads(result.stdout)["verdict"]["answer"] == "reached"
    assert asked[0][1:] == ([0.25, 1.0], 2, 0.9)


@pytest.mark.parametrize("text", ["0.1,x", "0", "0.5,1.5", ""])
def test_a_wrong_fraction_is_named(task: Path, invoke: Invoke, asked: list[Any], text: str) -> None:
    result = invoke("curve", task, "--fractions", text, "--lang", "en")
    assert result.exit_code == 2
    assert "is no share between 0 and 1" in result.stderr
    assert asked == []


def test_an_interruption_says_how_to_go_on(task: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_how: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("tasktune.improve.learning_curve.runs.learning_curve", interrupted)
    result = invoke("curve", task, "--lang", "en")
    assert result.exit_code == 130
    assert "the same command goes on where this one stopped" in result.stderr
