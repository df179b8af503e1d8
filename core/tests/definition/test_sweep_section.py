"""The section ``sweep``: what may be searched, and what is wrong said at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasktune.definition import Task, fingerprint, load_task
from tasktune.errors import InputError
from tasktune.improve.sweep.space import own_setting, space_of, with_setting

Load = Callable[..., Task]
HEAD = "task_name: a\ntask_type: toy\noptions: {classes: [x, y]}\n"


@pytest.fixture
def load(toy_task_type: str, tmp_path: Path) -> Load:
    def loaded(block: str, more: str = "") -> Task:
        (tmp_path / "task.yaml").write_text(f"{HEAD}{more}sweep:\n  space:\n{block}", "utf-8")
        return load_task(tmp_path)

    return loaded


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("    training.learning_rat: [1e-4, 1e-5]", "no key of training (did you mean training.learning_rate?)"),
        ("    learning_rate: [1e-4, 1e-5]", "no key of training (did you mean training.learning_rate?)"),
        ("    evaluation.decoding: [free, constrained]", "no key of training"),
        ("    training.lora: [1, 2]", "no key of training"),
        ("    training.seed: [1, 2]", "seeds are not searched"),
        ("    lora.r: [4, 8]\n    training.lora.r: [4, 8]", "is searched as lora.r already"),
        ("    training.epochs: {low: 3, high: 1}", "low must be less than high"),
        ("    training.epochs: {low: 0, high: 1, log: true}", "log wants low above 0"),
        ("    training.epochs: {low: 1, high: 2, step: 0.3}", "high is no whole number of steps above low"),
        ("    training.epochs: {low: 1, hihg: 2}", "unknown key"),
        ("    training.epochs: {low: 1}", "high: missing"),
        ("    training.epochs: 3", "must be a section"),
        ("    training.epochs: [3]", "must not be empty"),
        ("    training.epochs: {low: 0, high: 3}", "must be greater than 0, not 0"),
        ("    training.lora.r: {low: 4.0, high: 8.5}", "must be a whole number"),
        ("    training.scheduler: [cosine, liner]", "must be one of cosine, linear, constant, not 'liner'"),
        ("    training.scheduler: [cosine, liner]", "did you mean linear?"),
        ("    training.batch_size: [8, eight]", "must be a whole number, not 'eight'"),
    ],
)
def test_what_cannot_be_searched_is_said_at_its_line(load: Load, block: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load(block)
    told = [str(problem) for problem in caught.value.problems]
    assert any(said in text for text in told), told
    lines = [problem.line for problem in caught.value.problems]
    assert set(lines) <= {5, 6, 7}


def test_every_problem_is_told_at_once(load: Load) -> None:
    with pytest.raises(InputError) as caught:
        load("    training.lora.r: [0, 8]\n    training.nothing: [1, 2]\n    training.epochs: {low: 1, high: 0}")
    # Values are looked at where the form is right.
    assert len(caught.value.problems) == 1
    with pytest.raises(InputError) as caught:
        load("    training.lora.r: [0, 8]\n    training.nothing: [1, 2]")
    assert len(caught.value.problems) == 2


def test_spellings_and_the_tasks_own_values(load: Load) -> None:
    task = load(
        "    lora.r: [4, 8]\n    training.eval_steps: {low: 5, high: 20, step: 5}\n    training.tuning: [lora, full]"
    )
    space = space_of(task)
    assert list(space) == ["training.lora.r", "training.monitor.eval_steps", "training.tuning"]
    own = {"training.lora.r": 16, "training.monitor.eval_steps": None, "training.tuning": "lora"}
    assert own_setting(task, space) == own


def test_a_setting_changes_what_it_says_and_what_follows_it(load: Load) -> None:
    task = load("    training.lora.r: [4, 8]")
    made = with_setting(task, {"training.lora.r": 8, "training.monitor.eval_steps": 5}, seed=7).spec.training
    assert (made.lora.r, made.lora.alpha, made.monitor.eval_steps, made.seed) == (8, 16, 5, 7)
    assert task.spec.training.lora.r == 16
    fixed = load("    training.lora.r: [4, 8]", "training: {lora: {alpha: 5}, epochs: 2}\n")
    made = with_setting(fixed, {"training.lora.r": 8}).spec.training
    assert (made.lora.alpha, made.epochs) == (5, 2.0)
    with pytest.raises(InputError, match="beta belongs to the methods orpo and dpo"):
        with_setting(task, {"training.beta": 0.3})


def test_nothing_to_search_is_said(toy_task_type: str, tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(HEAD, "utf-8")
    with pytest.raises(InputError) as caught:
        space_of(load_task(tmp_path))
    [problem] = caught.value.problems
    assert "sweep.space: there is nothing to search" in str(problem)


def test_what_is_searched_makes_no_other_version(load: Load) -> None:
    one, other = load("    training.lora.r: [4, 8]"), load("    training.lora.r: [4, 16]")
    assert fingerprint(one) == fingerprint(other)
