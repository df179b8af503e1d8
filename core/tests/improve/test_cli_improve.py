"""``tune improve``: what is suggested, what is changed, and what is recorded of it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tasktune.cli.completers import ACTIONS
from tasktune.cli.root import tune
from tasktune.definition import load_task
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.score import score
from tasktune.improve.suggestions import suggestions
from tasktune.pipeline.effect import write_effect
from tasktune.pipeline.iteration import write_iteration
from tasktune.training.record import TrainingRecord, write_record
from tasktune.types import Action, Finding
from tasktune.workspace.files import write_json_atomically
from tasktune.workspace.improvements import read_improvements
from tasktune.workspace.versions import Version

Invoke = Callable[..., Any]
DEFINITION = """\
# toys of all kinds
task_name: toys
task_type: toy
language: en
options: {classes: ["yes", "no"]}
training:
  epochs: 3   # enough?
evaluation:
  decoding: free
success_criteria: {threshold: 0.8}
"""


@pytest.fixture
def invoke() -> Invoke:
    separate: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    runner = CliRunner(**separate)

    def run(*arguments: object) -> Any:
        return runner.invoke(tune, ["improve", *map(str, arguments)], prog_name="tune")

    return run


@pytest.fixture
def task(made: Any, toy_task_type: str, tmp_path: Path) -> Path:
    """A task whose version v1 has unreadable answers, and misses its target."""
    folder: Path = made.toy_task(tmp_path / "toys")
    (folder / "task.yaml").write_text(DEFINITION, "utf-8")
    evaluated(made, folder, "v1", "+" * 50 + "-" * 20 + "?" * 30)
    return folder


def evaluated(made: Any, folder: Path, name: str, answers: str) -> Version:
    rows = made.toy_rows(answers)
    version: Version = made.make_version(folder, name, rows)
    scores = score(load_task(version.definition, folder=folder), rows)
    (version.evaluation / "metrics.json").write_text(scores.model_dump_json(), "utf-8")
    write_json_atomically(version.results, {"metrics": dict(scores.metrics.values)})
    write_record(version.training, TrainingRecord(steps=500, planned=500, history=()))
    for split in ("train", "valid", "test"):
        (version.prepared / f"{split}.jsonl").touch()
    return version


def test_the_matrix_has_changes_and_work_for_people(task: Path, invoke: Invoke) -> None:
    done = invoke(task)
    assert done.exit_code == 0, done.stderr
    changes = done.stdout.split("Changes of task.yaml")[1]
    assert changes.index("constrain-answers:") < changes.index("raise-lora-rank:")
    assert "because of: unparsed-answers" in done.stdout
    found = json.loads(invoke(task, "--json").stdout)["suggestions"]
    assert [each["worth"] for each in found] == sorted((each["worth"] for each in found), reverse=True)
    assert found[0]["reasons"][0]["evidence"]["share"] == 0.3


def test_a_dry_run_shows_the_difference_and_writes_nothing(task: Path, invoke: Invoke) -> None:
    done = invoke(task, "--apply", "constrain-answers", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert "-  decoding: free\n+  decoding: constrained\n" in done.stdout
    assert (task / "task.yaml").read_text("utf-8") == DEFINITION
    assert read_improvements(task) == []


def test_a_change_is_made_and_its_reason_recorded(task: Path, invoke: Invoke) -> None:
    done = invoke(task, "--apply", "constrain-answers", "--by", "lin", "--json")
    assert json.loads(done.stdout)["written"] is True
    assert (task / "task.yaml").read_text("utf-8") == DEFINITION.replace("decoding: free", "decoding: constrained")
    [improvement] = read_improvements(task)
    assert (improvement.version, improvement.who, improvement.several) == ("v1", "lin", False)
    [change] = improvement.changes
    assert change.patch == {"evaluation.decoding": "constrained"}
    assert change.why[0].code == "unparsed-answers"
    assert change.why[0].evidence["share"] == 0.3


def test_one_variable_at_a_time(task: Path, invoke: Invoke) -> None:
    both = ("--apply", "constrain-answers", "--apply", "raise-lora-rank")
    done = invoke(task, *both)
    assert done.exit_code == 2
    assert "more than one variable" in done.stderr
    assert read_improvements(task) == []
    assert invoke(task, "--apply", "constrain-answers").exit_code == 0
    again = invoke(task, "--apply", "raise-lora-rank")
    assert again.exit_code == 2
    assert "evaluation.decoding is not what it was in v1" in again.stderr
    assert invoke(task, *both, "--allow-several").exit_code == 0
    assert [each.several for each in read_improvements(task)] == [False, True]
    # The target of today is no variable of a run.
    text = DEFINITION.replace("0.8", "0.85")
    (task / "task.yaml").write_text(text, "utf-8")
    assert invoke(task, "--apply", "constrain-answers").exit_code == 0


def test_what_cannot_be_applied_is_said(task: Path, invoke: Invoke) -> None:
    done = invoke(task, "--apply", "constrain-answer", "--apply", "add-test-rows")
    assert done.exit_code == 2
    assert "did you mean" in done.stderr
    for option in ("--dry-run", "--run", "--allow-several"):
        assert invoke(task, option).exit_code == 2
    assert invoke(task, "--apply", "constrain-answers", "--dry-run", "--run").exit_code == 2
    (task / "versions" / "improvements.jsonl").write_text("{}\n", "utf-8")
    assert invoke(task, "--apply", "constrain-answers").exit_code == 0


def test_work_for_people_is_not_applied(made: Any, task: Path, invoke: Invoke) -> None:
    version = Version(task / "versions" / "v1")
    row = {
        "id": "t:1",
        "inputs": {},
        "target": "yes",
        "classes": ["yes"],
        "messages": [{"role": "user", "content": "a"}],
    }
    (version.prepared / "train.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    done = invoke(task, "--apply", "label-more-rows")
    assert done.exit_code == 2
    assert "is a person's work" in done.stderr
    assert "tune data generate" in done.stderr


def test_the_next_version_says_why_and_what_came_of_it(made: Any, task: Path, invoke: Invoke) -> None:
    assert invoke(task, "--apply", "constrain-answers").exit_code == 0
    v1 = Version(task / "versions" / "v1")
    v2 = evaluated(made, task, "v2", "+" * 85 + "-" * 15)
    write_iteration(v2, v1)
    text = v2.changes.read_text("utf-8")
    assert "| evaluation.decoding | free | constrained |" in text
    assert "- **constrain-answers**: let the model write answers of the right form only" in text
    assert "unparsed-answers: 30 of 100 answers" in text
    assert "Nobody has said yet" not in text
    for value, words in ((0.85, "It has come."), (0.5, "It has not come")):
        write_effect(load_task(task), v2, Verdict.on("accuracy", value, 0.8))
        text = v2.changes.read_text("utf-8")
        assert text.count("## What came of it") == 1
        assert f"Accuracy 50.0% → {value:.1%}" in text
        assert words in text
        assert "`tune compare v1 v2`" in text


def test_a_change_that_was_undone_is_no_reason(made: Any, task: Path, invoke: Invoke) -> None:
    assert invoke(task, "--apply", "constrain-answers").exit_code == 0
    (task / "task.yaml").write_text(DEFINITION.replace("epochs: 3", "epochs: 4"), "utf-8")
    v2 = evaluated(made, task, "v2", "+" * 85 + "-" * 15)
    write_iteration(v2, Version(task / "versions" / "v1"))
    before = v2.changes.read_text("utf-8")
    assert "Nobody has said yet" in before
    write_effect(load_task(task), v2, Verdict.on("accuracy", 0.9, 0.8))
    assert v2.changes.read_text("utf-8") == before


def test_equal_changes_are_one_suggestion_with_two_reasons() -> None:
    def finding(name: str, **action: Any) -> Finding:
        given = {"title": "t", "expected_effect": "e", "effort": "low", **action}
        return Finding(code=name, severity="info", message="m", actions=(Action(**given),))

    found = suggestions(
        [
            finding("a", code="x", patch={"training.epochs": 6}),
            finding("b", code="y", patch={"training.epochs": 6}, gain=(0.1, 0.2), confidence="high"),
            finding("c", code="x", patch={"training.epochs": 9}),
            finding("d"),
            finding("e", title="other"),
        ]
    )
    by_code = {each.code: each for each in found}
    assert set(by_code) == {"x", "x-2", "d", "e"}
    assert [reason.code for reason in by_code["x"].reasons] == ["a", "b"]
    assert by_code["x"].action.gain == (0.1, 0.2)
    assert found[0].code == "x"


def test_completion_knows_the_actions_that_change_task_yaml() -> None:
    sources = Path(__file__).parents[3].glob("*/**/diagnos*/**/*.py")
    text = "".join(path.read_text("utf-8") for path in sources)
    text += "".join(path.read_text("utf-8") for path in Path(__file__).parents[3].glob("plugins/*/src/*/diagnose.py"))
    assert all(f'"{code}"' in text for code in ACTIONS)
