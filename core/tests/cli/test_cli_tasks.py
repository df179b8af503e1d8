"""``tune tasks``: all tasks of a folder and how they stand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktune.definition import load_task
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.score import Counts, Evaluation
from tasktune.types import Metrics
from tasktune.workspace.versions import State, Version, locked, new_version

Invoke = Callable[..., Result]


def evaluated(folder: Path, name: str, value: float) -> Version:
    """A finished version with a score."""
    version = new_version(folder, name)
    task = load_task(folder)
    evaluation = Evaluation(
        task_name=task.name,
        task_type=task.spec.task_type,
        split="test",
        decoding="free",
        counts=Counts(scored=1, unlabelled=0, unparsed=0, correct=1, train=1),
        metrics=Metrics(primary="accuracy", values={"accuracy": value}),
        criteria=(Verdict.on("accuracy", value, 0.1),),
    )
    version.evaluation.mkdir(parents=True)
    (version.evaluation / "metrics.json").write_text(evaluation.model_dump_json(), "utf-8")
    version.set_state(State(fingerprint=name, stages_done=("train", "evaluate"), finished=True))
    return version


@pytest.fixture
def tasks(tmp_path: Path, installed: None, make_task: Callable[[Path], None]) -> Path:
    """A task in each state."""
    folder = tmp_path / "all"
    for name in ("ready", "empty", "good", "bad", "stopped", "failed", "broken"):
        make_task(folder / "tasks" / name)
        text = (folder / "tasks" / name / "task.yaml").read_text("utf-8")
        (folder / "tasks" / name / "task.yaml").write_text(text.replace("review-stars", name), "utf-8")
    at = folder / "tasks"
    shutil.rmtree(at / "empty" / "data")
    evaluated(at / "good", "v1", 0.5)
    evaluated(at / "good", "v2", 0.9)
    evaluated(at / "bad", "v1", 0.5)
    new_version(at / "stopped", "v1").set_state(State(fingerprint="x", stages_done=("train",)))
    version = evaluated(at / "failed", "v1", 0.8)
    version = new_version(at / "failed", "v2")
    version.set_state(State(fingerprint="y"))
    version.failure.write_text("{}", "utf-8")
    (at / "broken" / "task.yaml").write_text("task_name: broken\ntask_type: no_such\n", "utf-8")
    return folder


def rows(done: Result) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(done.stdout)["tasks"]}


def test_every_state_is_told(invoke: Invoke, tasks: Path) -> None:
    done = invoke("tasks", tasks, "--json")
    assert done.exit_code == 0
    found = rows(done)
    assert {name: row["state"] for name, row in found.items()} == {
        "ready": "ready",
        "empty": "no data",
        "good": "met",
        "bad": "not met",
        "stopped": "stopped",
        "failed": "failed",
        "broken": "broken",
    }
    good = found["good"]
    assert good["versions"] == ["v1", "v2"]
    assert (good["judged"], good["verdict"]["value"], good["verdict"]["threshold"]) == ("v2", 0.9, 0.7)
    assert good["last_run"].endswith("Z") or good["last_run"].endswith("+00:00")
    assert found["failed"]["judged"] == "v1"
    assert found["ready"]["last_run"] is None
    assert "no_such" in found["broken"]["problem"]


def test_the_table_says_the_same_in_words(invoke: Invoke, tasks: Path) -> None:
    done = invoke("tasks", tasks)
    line = next(line for line in done.stdout.splitlines() if line.startswith("good"))
    assert all(part in line for part in ("rating", "2 (v2)", "accuracy 0.900 (v2)", "0.7", "target met"))
    assert "broken: " in done.stdout
    chinese = invoke("tasks", tasks, "--lang", "zh-TW")
    assert "已達標" in chinese.stdout


def test_the_criteria_of_today_judge(invoke: Invoke, tasks: Path) -> None:
    file = tasks / "tasks" / "good" / "task.yaml"
    file.write_text(file.read_text("utf-8") + "success_criteria: {threshold: 0.95}\n", "utf-8")
    assert rows(invoke("tasks", tasks, "--json"))["good"]["state"] == "not met"


def test_a_run_at_work_is_seen(invoke: Invoke, tasks: Path) -> None:
    with locked(tasks / "tasks" / "good"):
        assert rows(invoke("tasks", tasks, "--json"))["good"]["state"] == "running"
    assert rows(invoke("tasks", tasks, "--json"))["good"]["state"] == "met"


def test_a_damaged_evaluation_is_said_and_the_others_are_shown(invoke: Invoke, tasks: Path) -> None:
    (tasks / "tasks" / "good" / "versions" / "v2" / "evaluation" / "metrics.json").write_text("{", "utf-8")
    done = invoke("tasks", tasks)
    assert done.exit_code == 0
    assert "is damaged" in done.stdout
    assert "ready to run" in done.stdout


def test_a_task_itself_and_a_folder_of_tasks_are_places_too(invoke: Invoke, tasks: Path) -> None:
    assert list(rows(invoke("tasks", tasks / "tasks" / "good", "--json"))) == ["good"]
    assert len(rows(invoke("tasks", tasks / "tasks", "--json"))) == 7


def test_no_task_and_no_folder(invoke: Invoke, tmp_path: Path) -> None:
    empty = invoke("tasks", tmp_path)
    assert (empty.exit_code, "tune init" in empty.stdout) == (0, True)
    assert json.loads(invoke("tasks", tmp_path, "--json").stdout) == {"tasks": []}
    nowhere = invoke("tasks", tmp_path / "nowhere")
    assert nowhere.exit_code == 2
    assert "is no folder" in nowhere.stderr
