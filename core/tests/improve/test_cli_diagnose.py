"""``tune diagnose``: what is said and returned, of finished, half finished and failed versions."""

from __future__ import annotations

import inspect
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.data.noise import LabelNoise, Suspect
from tasktune.definition import load_task
from tasktune.evaluation.noise_section import write_noise
from tasktune.evaluation.score import score
from tasktune.improve.diagnosing.version import NOT_A_NUMBER
from tasktune.training.record import TrainingRecord, write_record
from tasktune.workspace.events import EventLog
from tasktune.workspace.versions import State, Version

Invoke = Callable[..., Any]


@pytest.fixture
def invoke() -> Invoke:
    separate: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    runner = CliRunner(**separate)

    def run(*arguments: object) -> Any:
        return runner.invoke(tune, ["diagnose", *map(str, arguments)], prog_name="tune")

    return run


@pytest.fixture
def task(made: Any, toy_task_type: str, tmp_path: Path) -> Path:
    folder: Path = made.toy_task(tmp_path / "toys", success_criteria={"threshold": 0.8})
    evaluated(made, folder, "v1", "+" * 50 + "-" * 20 + "?" * 30)
    return folder


def evaluated(made: Any, folder: Path, name: str, answers: str) -> None:
    """A version with its evaluation, as a run leaves it."""
    rows = made.toy_rows(answers)
    version = made.make_version(folder, name, rows)
    scores = score(load_task(version.definition, folder=folder), [(row, output) for row, output in rows])
    (version.evaluation / "metrics.json").write_text(scores.model_dump_json(), "utf-8")


def prepared(version: Version, split: str, rows: list[tuple[str, str]]) -> None:
    """Rows as a run writes them, of texts and labels."""
    system = {"role": "system", "content": "Answer with one of: yes, no."}
    lines = [
        json.dumps(
            {
                "id": f"data/{split}.jsonl:{n}",
                "inputs": {"text": text},
                "target": label,
                "classes": [label],
                "messages": [system, {"role": "user", "content": text}, {"role": "assistant", "content": label}],
            }
        )
        for n, (text, label) in enumerate(rows, 1)
    ]
    (version.prepared / f"{split}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def test_findings_with_evidence_and_a_way_out(task: Path, invoke: Invoke) -> None:
    done = invoke(task)
    assert done.exit_code == 1, done.stderr
    for part in (
        "toys v1: Accuracy 50.0%, target 80%",
        "1. ❌ unparsed-answers: 30 of 100 answers (30.0%) cannot be read",
        "task.yaml: evaluation.decoding:",
        "see docs/diagnose.md#unparsed-answers",
        "rows: data/test.jsonl:71,",
    ):
        assert part in done.stdout


def test_json_has_all_of_it(task: Path, invoke: Invoke) -> None:
    done = invoke(task, "--version", "v1", "--json")
    found = json.loads(done.stdout)
    assert (found["version"], found["progress"]) == ("v1", "evaluated")
    assert found["verdict"]["met"] is False
    first = found["findings"][0]
    assert first["actions"][0]["patch"] == {"evaluation.decoding": "constrained"}
    assert first["evidence"]["share"] == 0.3


def test_the_criteria_are_those_of_today(task: Path, invoke: Invoke) -> None:
    definition = json.loads((task / "task.yaml").read_text("utf-8"))
    (task / "task.yaml").write_text(json.dumps({**definition, "success_criteria": {"threshold": 0.1}}), "utf-8")
    assert json.loads(invoke(task, "--json").stdout)["verdict"]["met"] is True


def test_rows_are_looked_at(task: Path, invoke: Invoke) -> None:
    version = Version(task / "versions" / "v1")
    same = [(f"thing {n}", "yes") for n in range(1, 11)]
    prepared(version, "train", [*same, ("THING 1!", "no"), *((f"row {n}", "yes") for n in range(40))])
    prepared(version, "valid", [("other", "no")])
    prepared(version, "test", [*((f"thing {n}", "yes") for n in range(1, 11)), ("new", "maybe")])
    codes = {each["code"]: each for each in json.loads(invoke(task, "--json").stdout)["findings"]}
    assert codes["train-rows-in-test"]["evidence"]["rows"] == 10
    assert codes["contradicting-rows"]["record_ids"] == ["data/train.jsonl:11", "data/train.jsonl:1"]
    assert codes["unseen-classes"]["evidence"]["classes"] == {"maybe": 1}
    assert "prompts-changed" not in codes


def test_a_changed_prompt_is_shown_as_it_was_and_as_it_is(task: Path, invoke: Invoke) -> None:
    version = Version(task / "versions" / "v1")
    prepared(version, "test", [("thing 1", "yes")])
    text = version.definition.read_text("utf-8")
    version.definition.write_text(text.replace("system_prompt:", "system_prompt: Say it."), "utf-8")
    [found] = [
        each for each in json.loads(invoke(task, "--json").stdout)["findings"] if each["code"] == "prompts-changed"
    ]
    assert found["evidence"]["before"].startswith("system: Answer with one of")
    assert found["evidence"]["after"].startswith("system: Say it.")


def test_a_search_for_wrong_labels_is_read(task: Path, invoke: Invoke) -> None:
    suspects = tuple(
        Suspect(
            id=f"data/train.jsonl:{n}", split="train", text="a", given="yes", probable="no", score=0.1, probability=0.9
        )
        for n in range(1, 11)
    )
    noise = LabelNoise(rows=100, all_rows=100, rare=0, suspects=suspects)
    write_noise(task / "versions" / "v1" / "evaluation", noise)
    [found] = [each for each in json.loads(invoke(task, "--json").stdout)["findings"] if each["code"] == "label-noise"]
    assert found["evidence"] == {"rows": 10, "share": 0.1}


def unfinished(task: Path, done: tuple[str, ...] = ("prepare",)) -> Version:
    """A version that has not come to its end."""
    version = Version(task / "versions" / "v2")
    version.prepared.mkdir(parents=True)
    version.definition.write_bytes((task / "versions" / "v1" / "task.yaml").read_bytes())
    version.set_state(State(fingerprint="v2", stages_done=done))
    return version


def test_a_training_that_diverged_is_diagnosed_by_its_events(task: Path, invoke: Invoke) -> None:
    version = unfinished(task)
    events = EventLog(version.events)
    events.stage("train", "started")
    for step in range(1, 31):
        events.progress("train", step, 100, "step", loss=0.9 if step == 1 else 9.0 - step / 10)
    with version.events.open("a") as file:
        file.write('{"half')
    done = invoke(task)
    assert done.exit_code == 1
    assert "toys v2: not trained to its end" in done.stdout
    assert "❌ learning-rate-too-high: the learning rate 0.0001 is too high" in done.stdout
    assert "training-stopped: training stopped at step 30 of 100" in done.stdout


def test_a_loss_that_is_no_number_is_told_until_a_session_goes_on(task: Path, invoke: Invoke) -> None:
    version = unfinished(task)
    events = EventLog(version.events)
    events.stage("train", "started")
    events.progress("train", 3, 100, "step", loss=0.5)
    events.stage("train", "failed", error=NOT_A_NUMBER, message="the loss stopped being a number at step 4")
    [found] = json.loads(invoke(task, "--json").stdout)["findings"]
    assert (found["code"], found["message"]) == ("loss-not-a-number", "the loss stopped being a number at step 4")
    events.stage("train", "started")
    assert [each["code"] for each in json.loads(invoke(task, "--json").stdout)["findings"]] == ["training-stopped"]


def test_a_trained_version_is_diagnosed_by_its_record(task: Path, invoke: Invoke) -> None:
    version = unfinished(task, ("prepare", "train"))
    history = [{"step": n, "loss": 1 / n} for n in range(1, 41)] + [
        {"step": 10 * n, "eval_loss": math.fabs(2 - n) + 0.5} for n in range(1, 5)
    ]
    write_record(version.training, TrainingRecord(steps=40, planned=40, history=tuple(history)))
    done = invoke(task)
    assert "toys v2: trained, not evaluated" in done.stdout
    assert "overfitting: the model learns the training rows by heart" in done.stdout
    assert "at step 20 of 40" in done.stdout


def test_nothing_to_remark(made: Any, task: Path, invoke: Invoke) -> None:
    evaluated(made, task, "v2", "+" * 100)
    done = invoke(task)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "nothing to remark")


def test_rules_are_listed_with_their_limits(invoke: Invoke) -> None:
    done = invoke("--rules")
    assert done.exit_code == 0
    assert "few-training-rows: fewer rows than a fine-tuning usually needs" in done.stdout
    assert "training rows: 500 (requirements/iterate-mode.md, step 2)" in done.stdout
    rules = json.loads(invoke("--rules", "--json").stdout)["rules"]
    assert {"code", "about", "reference", "limits"} == set(rules[0])
    assert len(rules) == 27
    chinese = invoke("--rules", "--lang", "zh-TW").stdout
    assert "訓練筆數：500" in chinese


def test_errors_name_the_way_out(made: Any, task: Path, toy_task_type: str, tmp_path: Path, invoke: Invoke) -> None:
    done = invoke(task, "--version", "v9")
    assert done.exit_code == 2
    assert "versions: v1" in done.stderr
    empty = made.toy_task(tmp_path / "empty")
    done = invoke(empty)
    assert done.exit_code == 2
    assert "has no version yet" in done.stderr
    (task / "versions" / "v1" / "evaluation" / "metrics.json").write_text("{}", "utf-8")
    done = invoke(task)
    assert done.exit_code == 2
    assert "is damaged" in done.stderr


def test_nothing_heavy_is_imported_and_nothing_written(task: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in task.rglob("*")}
    code = (
        "import sys\nfrom tasktune.cli import main\n"
        f"sys.argv = ['tune', 'diagnose', {str(task)!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print({'torch', 'transformers', 'datasets', 'sklearn', 'trl'} & set(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "set()", done.stderr
    assert {path: path.stat().st_mtime_ns for path in task.rglob("*")} == before
