"""``tune run``, ``train`` and ``evaluate`` around a run that only pretends to train."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktune.definition import Task, load_task
from tasktune.definition.snapshot import dump_task
from tasktune.errors import InputError, RunError
from tasktune.evaluation.score import Evaluation, score
from tasktune.locale import current_language
from tasktune.pipeline import RunResult
from tasktune.types import Record
from tasktune.workspace.events import Event
from tasktune.workspace.versions import State, Version, new_version

Invoke = Callable[..., Result]
run_module = importlib.import_module("tasktune.pipeline")
EVENTS = (
    Event(kind="stage", stage="prepare", data={"status": "finished", "rows": {"train": 24, "test": 3}}),
    Event(kind="progress", stage="train", data={"done": 1, "total": 2, "unit": "step", "loss": 0.5}),
    Event(kind="message", stage="train", data={"level": "warning", "text": "it is late"}),
)


def evaluation_of(task: Task, right: int, split: str = "test") -> Evaluation:
    """Ten answers, so many of them right."""
    records = [Record(id=f"data/test.jsonl:{n}", inputs={"text": "x"}, target=4) for n in range(10)]
    return score(task, [(record, "4" if n < right else "5") for n, record in enumerate(records)], split=split)


class Run:
    """Takes the place of ``tasktune.pipeline.run`` and remembers how it was called."""

    def __init__(self, right: int | None = 9, status: str = "finished", error: BaseException | None = None) -> None:
        self.right, self.status, self.error = right, status, error
        self.task: Task | None = None
        self.arguments: dict[str, Any] = {}

    def __call__(self, task: Task, *, on_event: Callable[[Event], None], **arguments: Any) -> RunResult:
        self.task, self.arguments = task, arguments
        for event in EVENTS:
            on_event(event)
        if self.error is not None:
            raise self.error
        evaluation = None if self.right is None else evaluation_of(task, self.right)
        return RunResult("v3", task.folder / "versions" / "v3", self.status, evaluation)  # type: ignore[arg-type]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], Run]:
    def use(run: Run) -> Run:
        monkeypatch.setattr(run_module, "run", run)
        return run

    return use


Pretend = Callable[[Run], Run]


def test_a_run_that_meets_the_criteria(task: Path, invoke: Invoke, pretend: Pretend) -> None:
    run = pretend(Run(right=9))
    result = invoke("run", task, "--lang", "en")
    assert result.exit_code == 0
    assert run.arguments == {"stages": ("prepare", "train", "evaluate"), "version": None}
    assert "90.0%" in result.stdout
    assert "v3: the criteria are met" in result.stdout
    assert f"v3 is in {task}/versions/v3" in result.stdout


def test_a_run_that_misses_them_exits_with_1(task: Path, invoke: Invoke, pretend: Pretend) -> None:
    pretend(Run(right=2))
    result = invoke("run", task, "--lang", "en")
    assert result.exit_code == 1
    assert "v3: the criteria are not met" in result.stdout
    assert "warning: 8 of 10" not in result.stdout
    assert "Traceback" not in result.stderr


def test_progress_goes_to_stderr(task: Path, invoke: Invoke, pretend: Pretend) -> None:
    pretend(Run())
    result = invoke("run", task, "--lang", "en")
    assert result.stderr.splitlines() == [
        "prepare: finished (rows: train 24, test 3)",
        "train: 1/2 steps (50%), loss 0.500",
        "train: warning: it is late",
    ]


@pytest.mark.parametrize(("right", "code"), [(9, 0), (2, 1)])
def test_json_is_one_object_whatever_happens_on_the_way(
    task: Path, invoke: Invoke, pretend: Pretend, right: int, code: int
) -> None:
    pretend(Run(right=right))
    result = invoke("run", task, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == code
    assert report["task"] == "review-stars"
    assert report["version"] == "v3"
    assert report["version_dir"] == str(task / "versions" / "v3")
    assert report["status"] == "finished"
    assert report["criteria_met"] is (code == 0)
    assert report["evaluation"]["value"] == right / 10
    assert report["evaluation"]["version"] == "v3"


def test_the_report_is_pointed_at(task: Path, invoke: Invoke, pretend: Pretend) -> None:
    pretend(Run())
    report = task / "versions" / "v3" / "evaluation" / "report.md"
    report.parent.mkdir(parents=True)
    report.touch()
    page = report.with_suffix(".html")
    page.touch()
    said = invoke("run", task, "--lang", "en").stdout
    assert f"report: {report}\nreport: {page}\n" in said


def test_nothing_to_do_is_said(task: Path, invoke: Invoke, pretend: Pretend) -> None:
    pretend(Run(status="unchanged"))
    result = invoke("run", task, "--lang", "en")
    assert result.exit_code == 0
    assert result.stdout.startswith("nothing to do: v3 is finished and nothing has changed since\n")
    assert json.loads(invoke("run", task, "--json").stdout)["status"] == "unchanged"


def test_nothing_to_do_for_a_run_that_missed_its_criteria_is_no_success(
    task: Path, invoke: Invoke, pretend: Pretend
) -> None:
    pretend(Run(right=2, status="unchanged"))
    assert invoke("run", task).exit_code == 1


def test_options_reach_the_run(task: Path, invoke: Invoke, pretend: Pretend) -> None:
    run = pretend(Run())
    invoke("run", task, "--config", "full", "--config", "quick", "--set", "training.seed=7", "--version", "v9")
    assert run.arguments["version"] == "v9"
    assert run.task is not None
    assert (run.task.spec.training.epochs, run.task.spec.training.max_steps) == (9, 1)
    assert run.task.spec.training.seed == 7


def test_task_type_is_filled_in(task: Path, invoke: Invoke, pretend: Pretend) -> None:
    run = pretend(Run())
    definition = task / "task.yaml"
    definition.write_text(definition.read_text("utf-8").replace("task_type: rating\n", ""), "utf-8")
    assert invoke("run", task).exit_code == 2
    assert invoke("run", "--task-type", "rating", task).exit_code == 0
    assert run.task is not None
    assert run.task.plugin.name == "rating"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("two rows are too long"), 2, "Error: two rows are too long\n"),
        (RunError("the worker died"), 1, "Error: the worker died\n"),
        (KeyboardInterrupt(), 130, "Error: interrupted\nHint: the same command goes on where this one stopped\n"),
    ],
)
def test_a_run_that_does_not_end(
    task: Path, invoke: Invoke, pretend: Pretend, error: BaseException, code: int, said: str
) -> None:
    pretend(Run(error=error))
    result = invoke("run", task, "--lang", "en")
    assert result.exit_code == code
    assert result.stderr.endswith(said)
    assert result.stdout == ""
    assert json.loads(invoke("run", task, "--json").stdout)["error"]["exit_code"] == code


def test_messages_change_to_the_tasks_language(task: Path, invoke: Invoke, pretend: Pretend) -> None:
    pretend(Run())
    assert "v3：達到成功標準" in invoke("run", task).stdout
    assert current_language() == "zh-TW"


def test_training_alone_is_not_judged(task: Path, invoke: Invoke, pretend: Pretend) -> None:
    run = pretend(Run(right=None))
    result = invoke("train", task, "--lang", "en", "--version", "v2")
    assert result.exit_code == 0
    assert run.arguments == {"stages": ("prepare", "train"), "version": "v2"}
    assert "criteria" not in result.stdout
    assert f"v3 is in {task}/versions/v3" in result.stdout
    assert json.loads(invoke("train", task, "--json").stdout)["evaluation"] is None


def made_version(task: Path, name: str, *stages: str) -> Version:
    """A version as a run leaves it after these stages."""
    version = new_version(task, name)
    version.definition.write_text(dump_task(load_task(task, overrides=["success_criteria.threshold=0.5"])), "utf-8")
    version.set_state(State(fingerprint="x", stages_done=stages))
    return version


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Task, Version, str]]:
    """Calls of ``tasktune.pipeline.evaluate``, which finds six answers of ten right."""
    calls: list[tuple[Task, Version, str]] = []

    def evaluate(task: Task, version: Version, split: str, on_event: Callable[[Event], None]) -> Evaluation:
        on_event(EVENTS[1])
        calls.append((task, version, split))
        return evaluation_of(task, 6, split)

    monkeypatch.setattr(run_module, "evaluate", evaluate)
    return calls


def test_the_newest_trained_version_is_evaluated_as_it_was_made(
    task: Path, invoke: Invoke, evaluated: list[tuple[Task, Version, str]]
) -> None:
    for name in ("v2", "v10"):
        made_version(task, name, "prepare", "train")
    made_version(task, "v11", "prepare")
    (task / "task.yaml").write_text("not: a task any more\n", "utf-8")
    result = invoke("evaluate", task, "--lang", "en")
    assert result.exit_code == 0, result.output
    [(loaded, version, split)] = evaluated
    assert (version.name, split) == ("v10", "test")
    assert loaded.spec.success_criteria.threshold == 0.5
    assert loaded.folder == task
    assert "60.0%" in result.stdout


def test_a_version_and_a_split_of_choice(
    task: Path, invoke: Invoke, evaluated: list[tuple[Task, Version, str]]
) -> None:
    for name in ("v1", "v2"):
        made_version(task, name, "prepare", "train", "evaluate")
    result = invoke("evaluate", task, "--version", "v1", "--split", "valid", "--json")
    assert [(version.name, split) for _task, version, split in evaluated] == [("v1", "valid")]
    assert json.loads(result.stdout)["evaluation"]["split"] == "valid"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "has no trained version\nHint: train one with tune run"),
        (("--version", "v1"), "version v1 is not trained to its end\nHint: go on with tune run"),
        (("--version", "v7"), "has no version v7; versions: v1"),
        (("--version", "../v1"), "cannot be a version's name"),
    ],
)
def test_a_version_that_cannot_be_evaluated(task: Path, invoke: Invoke, arguments: tuple[str, ...], said: str) -> None:
    made_version(task, "v1", "prepare")
    result = invoke("evaluate", task, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
