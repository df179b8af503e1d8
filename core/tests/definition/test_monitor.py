"""training.monitor: how a training is watched, in our keys and those of transformers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasktune.definition import load_task
from tasktune.definition.monitor import MonitorSpec
from tasktune.errors import InputError

TASK = "task_name: a\ntask_type: toy\noptions: {classes: [x, y]}\ntraining:\n"


def monitor(folder: Path, training: str) -> MonitorSpec:
    path = folder / "task.yaml"
    path.write_text(TASK + training, "utf-8")
    return load_task(path).spec.training.monitor


def test_nothing_is_asked_for_by_default(tmp_path: Path, toy_task_type: str) -> None:
    made = monitor(tmp_path, "  epochs: 1")
    assert made == MonitorSpec()
    assert not made.keeps_best
    assert made.needs_validation == ()


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ("  eval_steps: 50", {"eval_steps": 50}),
        ("  early_stopping_patience: 3", {"early_stopping": 3}),
        ("  report_to: tensorboard", {"report_to": ("tensorboard",)}),
        ("  report_to: none", {"report_to": ()}),
        ("  report_to: [wandb, mlflow]", {"report_to": ("wandb", "mlflow")}),
        ("  monitor: {watch: metric, metric_rows: 50}", {"watch": "metric", "metric_rows": 50}),
    ],
)
def test_spellings(tmp_path: Path, toy_task_type: str, training: str, expected: dict[str, object]) -> None:
    assert monitor(tmp_path, training) == MonitorSpec.model_validate(expected)


@pytest.mark.parametrize(
    ("keep", "early_stopping", "keeps_best"),
    [(None, None, False), (None, 3, True), ("last", 3, False), ("best", None, True)],
)
def test_stopping_early_keeps_the_best_unless_told_otherwise(
    keep: str | None, early_stopping: int | None, keeps_best: bool
) -> None:
    made = MonitorSpec.model_validate({"keep": keep, "early_stopping": early_stopping})
    assert made.keeps_best == keeps_best


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ("  monitor: {metric_rows: 50}", "metric_rows belongs to watch: metric"),
        ("  monitor: {report_to: tensorbord}", "did you mean tensorboard?"),
        ("  monitor: {early_stopping: 0}", "training.monitor.early_stopping"),
        ("  report_to: all", "training.report_to"),
        ("  monitor: {eval_stepz: 3}", "did you mean eval_steps?"),
    ],
)
def test_what_means_nothing_is_refused(tmp_path: Path, toy_task_type: str, training: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        monitor(tmp_path, training)
    [problem] = caught.value.problems
    assert said in str(problem)
    assert problem.line == 5
