"""Sweeps: which settings are tried, what is kept, and how they go on; mostly of trainings that are made up."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import InputError, RunError
from tasktune.improve.sweep import runs, study
from tasktune.improve.sweep.runs import sweep
from tasktune.pipeline import stages
from tasktune.workspace.events import Event, Events
from tasktune.workspace.versions import Version, versions

MakeTask = Callable[..., Task]
RATE = "training.learning_rate"
SPACE = {"space": {RATE: {"low": 1e-4, "high": 1e-1, "log": True}, "lora.r": [2, 4, 8]}, "trials": 12, "seeds": 3}


class MadeUp:
    """In place of a training: the nearer the learning rate to 0.01, the better; seeds lift or lower it a little."""

    def __init__(self, seed_noise: float = 0.001) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.stop_at: int | None = None
        self.fails: Callable[[float], bool] = lambda rate: False
        self.curve: Callable[[float], float] | None = None
        self._noise = seed_noise

    def __call__(self, ground: Any, version: Version, task: Task, on_event: Callable[[Event], None]) -> float:
        training = task.spec.training
        if self.stop_at == len(self.asked):
            self.stop_at = None
            raise KeyboardInterrupt
        self.asked.append((version.name, {"rate": training.learning_rate, "r": training.lora.r, "seed": training.seed}))
        if self.fails(training.learning_rate):
            raise RunError("memory ran out")
        score = 0.9 - 0.1 * abs(math.log10(training.learning_rate) + 2) + self._noise * (training.seed % 3)
        if self.curve is not None:
            for percent in (20, 40, 60, 80, 100):
                figures = {"eval_loss": self.curve(score), "metric": None}
                Events(on_event).progress("train", done=percent, total=100, unit="step", **figures)
        return score

    @property
    def trials(self) -> list[dict[str, Any]]:
        return [given for name, given in self.asked if name.startswith("trial-")]


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    made = MadeUp()
    monkeypatch.setattr(runs, "measure", made)
    return made


@pytest.fixture
def task(make_task: MakeTask) -> Task:
    return make_task(training={"learning_rate": 0.001, "lora": {"r": 4}}, sweep=SPACE)


def test_the_own_setting_is_tried_first_and_the_best_again_with_other_seeds(task: Task, made_up: MadeUp) -> None:
    found, folder = sweep(task)
    assert folder.parent == task.folder / "sweep"
    assert versions(task.folder) == []
    assert made_up.trials[0] == {"rate": 0.001, "r": 4, "seed": 42}
    assert len(made_up.trials) == len(found.trials) == 12
    assert all(1e-4 <= given["rate"] <= 1e-1 and given["r"] in (2, 4, 8) for given in made_up.trials)
    # Settings that are drawn are not drawn twice.
    assert len({given["rate"] for given in made_up.trials}) == 12
    best = max(found.trials, key=lambda trial: trial.value or 0)
    assert found.best == best.number
    assert found.changes[RATE] == best.params[RATE]
    again = [given for name, given in made_up.asked if not name.startswith("trial-")]
    assert sorted({given["seed"] for given in again}) == [43, 44, 45]
    assert [given["rate"] for given in again] == [0.001, best.params[RATE]] * 3
    assert found.verdict == "better"
    assert set(found.importance) == {RATE, "training.lora.r"}
    assert found.importance[RATE] > 0.5


def test_an_interrupted_sweep_goes_on_with_the_trial_that_was_begun(task: Task, made_up: MadeUp) -> None:
    made_up.stop_at = 4
    with pytest.raises(KeyboardInterrupt):
        sweep(task)
    found, _folder = sweep(task)
    assert len(made_up.trials) == 12
    names = [name for name, _given in made_up.asked if name.startswith("trial-")]
    assert names == [f"trial-{number}" for number in range(1, 13)]
    assert [trial.state for trial in found.trials] == ["complete"] * 12
    # A budget that is used up trains nothing; a greater one goes on.
    before = len(made_up.trials)
    assert sweep(task)[0].trials == found.trials
    assert len(made_up.trials) == before
    more, _folder = sweep(task, trials=14)
    assert len(made_up.trials) == 14
    assert more.trials[:12] == found.trials


def test_a_torn_last_line_of_the_journal_is_passed_over(task: Task, made_up: MadeUp) -> None:
    sweep(task, trials=3)
    [journal] = (task.folder / "sweep").glob("*/study.jsonl")
    with journal.open("ab") as file:
        file.write(b'{"op_code": 6, "work')
    found, _folder = sweep(task, trials=5)
    assert len(found.trials) == 5


def test_what_is_searched_or_trained_otherwise_begins_anew(task: Task, made_up: MadeUp) -> None:
    sweep(task, trials=1)
    for override in ("sweep.space={training.epochs: [1, 2]}", "training.batch_size=4"):
        sweep(load_task(task.file, overrides=[override]), trials=1)
    assert len(list((task.folder / "sweep").iterdir())) == 3


def test_minutes_end_it_too(task: Task, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 10**6, 30))
    monkeypatch.setattr(runs.time, "monotonic", lambda: float(next(now)))
    found, _folder = sweep(task, minutes=2)
    assert len(found.trials) == 4
    assert found.minutes == 2.0


def test_a_setting_that_fails_is_one_trial_and_three_at_first_are_the_end(task: Task, made_up: MadeUp) -> None:
    made_up.fails = lambda rate: rate > 0.003
    found, _folder = sweep(task)
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert failed
    assert {trial.why for trial in failed} == {"memory ran out"}
    assert len(found.trials) == 12
    assert found.trials[0].state == "complete"
    made_up.fails = lambda rate: True
    other = load_task(task.file, overrides=["training.batch_size=4"])
    with pytest.raises(InputError, match="all 3 trials failed: memory ran out"):
        sweep(other)


def test_a_setting_that_falls_behind_is_ended_early(task: Task, made_up: MadeUp) -> None:
    made_up.curve = lambda score: 1 - score
    found, _folder = sweep(task, trials=30)
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned
    assert all(trial.number > study.FIRST_UNPRUNED and trial.value is None for trial in pruned)
    complete = [trial.value for trial in found.trials if trial.value is not None]
    assert found.best is not None
    assert found.trials[found.best - 1].value == max(complete)


def test_nothing_better_than_the_own_setting(make_task: MakeTask, made_up: MadeUp) -> None:
    task = make_task(training={"learning_rate": 0.01}, sweep={"space": {RATE: [0.01, 0.1, 0.001]}, "trials": 4})
    found, _folder = sweep(task)
    assert found.verdict == "own"
    assert found.repeats == ()
    assert found.importance == {}


def test_without_optuna_or_validation_rows_it_says_so(
    make_task: MakeTask, task: Task, made_up: MadeUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = make_task(tmp_path / "bare", data={"split": {"valid": 0.0, "test": 0.4}}, sweep=SPACE)
    with pytest.raises(InputError, match="no validation rows"):
        sweep(bare)
    monkeypatch.setattr(study, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs Optuna") as caught:
        sweep(task)
    assert caught.value.hint == "pip install 'tasktune[sweep]'"
    assert not (task.folder / "sweep").exists()


@pytest.mark.slow
def test_a_real_sweep_scores_validation_rows_and_keeps_no_weights(
    make_task: MakeTask, no_child: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, asked = stages.run_worker, []

    def spy(stage: str, version: Version, task: Task, on_event: Any, **how: Any) -> None:
        asked.append((stage, version.name, how.get("split")))
        work(stage, version, task, on_event, **how)

    monkeypatch.setattr(runs, "run_worker", spy)
    task = make_task(
        training={"max_steps": 4, "checkpoint_steps": 100, "monitor": {"eval_steps": 2}},
        sweep={"space": {RATE: [0.001, 0.01]}, "trials": 2, "seeds": 1},
    )
    found, folder = sweep(task)
    assert [trial.state for trial in found.trials] == ["complete", "complete"]
    assert {split for stage, _name, split in asked if stage == "evaluate"} == {"valid"}
    assert {params[RATE] for params in (trial.params for trial in found.trials)} <= {0.001, 0.01}
    for trial in found.trials:
        version = Version(folder / f"trial-{trial.number}")
        assert json.loads((version.folder / "value.json").read_text("utf-8")) == {"value": trial.value}
        assert (version.evaluation_of("valid") / "predictions.jsonl").exists()
        assert not version.evaluation.exists()
        assert not version.adapter.exists()
    count = len(asked)
    assert sweep(task)[0] == found
    assert len(asked) == count
