"""``tune sweep``: what it prints and writes; the trainings are made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktune.definition import Task, load_task
from tasktune.improve.sweep.results import Repeat, Sweep, Trial

Invoke = Callable[..., Result]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """How the sweep is asked for."""
    found: list[Any] = []

    def made(of: Task, *, trials: int | None, minutes: float | None, on_event: Any) -> tuple[Sweep, Path]:
        found.append((of.name, trials, minutes))
        params = {"training.learning_rate": 3e-4, "training.lora.r": 8}
        swept = Sweep(
            task_name=of.name,
            metric=of.primary_metric,
            trials=(Trial(number=1, state="complete", params=params, value=0.8, seconds=60),),
            minutes=1.0,
            best=1,
            changes=params,
            repeats=tuple(Repeat(seed=seed, own=0.7, best=0.8) for seed in (43, 44, 45)),
        )
        folder = of.folder / "sweep" / "0123"
        folder.mkdir(parents=True, exist_ok=True)
        return swept, folder

    monkeypatch.setattr("tasktune.improve.sweep.runs.sweep", made)
    return found


def test_the_best_setting_is_shown_kept_and_can_be_laid_over(task: Path, invoke: Invoke, asked: list[Any]) -> None:
    result = invoke("sweep", task, "--lang", "en", "--trials", "7", "--minutes", "1.5")
    assert result.exit_code == 0, result.output
    assert asked == [("review-stars", 7, 1.5)]
    assert "To take it: tune run --config sweep-best" in " ".join(result.stdout.split())
    folder = task / "sweep" / "0123"
    assert {path.name for path in folder.iterdir()} == {"sweep.json", "sweep.md", "sweep.html"}
    training = load_task(task, overlays=["sweep-best"]).spec.training
    assert (training.learning_rate, training.lora.r) == (3e-4, 8)


def test_json(task: Path, invoke: Invoke, asked: list[Any]) -> None:
    told = json.loads(invoke("sweep", task, "--json").stdout)
    assert (told["verdict"], told["best"]) == ("better", 1)
    assert asked == [("review-stars", None, None)]


@pytest.mark.parametrize("option", [("--trials", "0"), ("--minutes", "0")])
def test_a_budget_is_more_than_nothing(task: Path, invoke: Invoke, asked: list[Any], option: tuple[str, str]) -> None:
    assert invoke("sweep", task, *option).exit_code == 2
    assert asked == []


def test_an_interruption_says_how_to_go_on(task: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_what: Any, **_how: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("tasktune.improve.sweep.runs.sweep", interrupted)
    result = invoke("sweep", task, "--lang", "en")
    assert result.exit_code == 130
    assert "the same command goes on where this one stopped" in result.stderr
