"""A run from the data to the report, and running it again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.base_models import contents
from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.evaluation.predictions import read_predictions
from tasktune.pipeline import evaluate, run
from tasktune.workspace.events import Event
from tasktune.workspace.provenance import read_provenance
from tasktune.workspace.versions import Version, get_version, versions

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
# conftest.Finished, which importlib mode gives no name to import it by.
Finished = Any

FILES = {
    "task.yaml",
    "provenance.json",
    "prepared/train.jsonl",
    "prepared/valid.jsonl",
    "prepared/test.jsonl",
    "prepared/audit.json",
    "adapter/adapter_config.json",
    "adapter/adapter_model.safetensors",
    "adapter/tokenizer.json",
    "decoding.json",
    "training.json",
    "evaluation/predictions.jsonl",
    "evaluation/metrics.json",
    "evaluation/statistics.json",
    "evaluation/report.md",
    "evaluation/report.html",
    "results.json",
    "events.jsonl",
    "log.txt",
    "state.json",
}


def test_a_finished_version_has_its_files_and_no_rubbish(finished: Finished) -> None:
    folder = finished.result.version_dir
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there >= FILES
    assert not [name for name in there if name.endswith(".tmp") or "partial" in name or "checkpoint" in name]
    assert not (folder / "failure.json").exists()
    assert folder == finished.task.folder / "versions" / "v1"
    state = Version(folder).state()
    assert state is not None
    assert state.finished
    assert state.stages_done == ("prepare", "train", "evaluate")


def test_the_adapter_holds_no_pickle_and_no_path(finished: Finished) -> None:
    names = {path.suffix for path in (finished.result.version_dir / "adapter").iterdir()}
    assert names <= {".json", ".safetensors", ".jinja"}
    config = json.loads(finished.file("adapter/adapter_config.json"))
    assert config["base_model_name_or_path"] == finished.task.spec.training.base_model


def test_other_criteria_judge_anew_without_training(finished: Finished, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished.task.folder, tmp_path / "task"))
    task = load_task(folder, overrides=["success_criteria.threshold=1.0"])
    result = run(task)
    assert (result.status, result.version) == ("unchanged", "v1")
    assert result.evaluation is not None
    assert result.evaluation.headline.threshold == 1.0
    assert result.evaluation.metrics == finished.result.evaluation.metrics
    assert "100" in (result.version_dir / "evaluation" / "report.md").read_text("utf-8")
    assert [version.name for version in versions(folder)] == ["v1"]


def test_the_choice_of_the_backend_is_kept_and_reported(finished: Finished) -> None:
    told = json.loads(finished.file("training.json"))
    said = f"{told['backend']}: {told['backend_reason']}"
    assert f"Trained with: {said}" in finished.file("evaluation/report.md").decode()
    assert f"training with {said}" in [event.data["text"] for event in finished.events if event.kind == "message"]


FILE = "evaluation/predictions.jsonl"


def test_other_decoding_is_a_version_without_a_training(finished: Finished, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished.task.folder, tmp_path / "task"))
    before = {path: path.read_bytes() for path in (folder / "versions" / "v1").rglob("*") if path.is_file()}
    for number, settings in enumerate((["evaluation.decoding=constrained"], ["evaluation.batch_size=4"]), 1):
        events: list[Event] = []
        result = run(load_task(folder, overrides=settings), on_event=events.append)
        assert (result.status, result.version) == ("finished", f"v1.{number}")
        assert not [event for event in events if event.stage == "train" and event.kind == "progress"]
        told = json.loads((result.version_dir / "training.json").read_text("utf-8"))
        assert told == {**json.loads(finished.file("training.json")), "trained_in": "v1"}
        for name in ("adapter/adapter_model.safetensors", "adapter/tokenizer.json", "prepared/audit.json"):
            assert (result.version_dir / name).read_bytes() == finished.file(name)
        assert "the model is that of v1" in (result.version_dir / "evaluation" / "report.md").read_text("utf-8")
    outputs = [p.output for p in read_predictions(folder / "versions" / "v1.1" / "evaluation" / "predictions.jsonl")]
    assert set(outputs) <= {'{"label": "yes"}', '{"label": "no"}'}
    free, larger = (list(read_predictions(folder / "versions" / name / FILE)) for name in ("v1", "v1.2"))
    for one, other in zip(free, larger, strict=True):
        assert one.model_copy(update={"confidence": None}) == other.model_copy(update={"confidence": None})
        assert one.confidence is not None
        assert other.confidence is not None
        assert one.confidence.logprob == pytest.approx(other.confidence.logprob, abs=1e-3)
    assert {path: path.read_bytes() for path in before} == before


def test_every_row_is_accounted_for(finished: Finished) -> None:
    audit = json.loads(finished.file("prepared/audit.json"))
    lines = {split: finished.file(f"prepared/{split}.jsonl").count(b"\n") for split in ("train", "valid", "test")}
    assert sum(lines.values()) == 200
    assert (audit["train"]["rows"], audit["valid"]["rows"]) == (lines["train"], lines["valid"])
    assert {name: entry["rows"] for name, entry in audit["train"]["classes"].items()} == {"no": 50, "yes": 50}
    predictions = list(read_predictions(finished.result.version_dir / "evaluation" / "predictions.jsonl"))
    prepared = [json.loads(line)["id"] for line in finished.file("prepared/test.jsonl").splitlines()]
    assert [prediction.id for prediction in predictions] == prepared


def test_the_result_is_that_of_the_files(finished: Finished) -> None:
    evaluation = finished.result.evaluation
    assert evaluation is not None
    results = json.loads(finished.file("results.json"))
    assert results["metrics"] == dict(evaluation.metrics.values)
    assert results["version"] == finished.result.version == "v1"
    assert finished.result.criteria_met == evaluation.met
    assert evaluation.counts.scored == 80
    assert evaluation.counts.train == 100
    assert "majority" in evaluation.baselines


def test_its_provenance_is_complete(finished: Finished, base: Path) -> None:
    found = read_provenance(Version(finished.result.version_dir))
    assert found.base.files == contents(base)
    assert [(session.stage, session.split) for session in found.sessions] == [("train", None), ("evaluate", "test")]
    assert found.finished is not None
    moments = [found.started, *(moment for each in found.sessions for moment in (each.started, each.ended))]
    assert [*moments, found.finished] == sorted([*moments, found.finished])
    for session in found.sessions:
        assert session.environment.packages["tasktune-toy"] == "0.1.0"
        assert session.environment.variables["OMP_NUM_THREADS"] == "1"
        assert session.environment.device is not None
        assert (session.environment.device.processes, session.environment.device.threads) == (1, 1)


def test_the_snapshot_loads_as_the_task_that_was_run(finished: Finished) -> None:
    snapshot = load_task(finished.result.version_dir / "task.yaml", folder=finished.task.folder)
    assert snapshot.spec == finished.task.spec
    assert snapshot.options == finished.task.options


def test_events_tell_of_every_stage_in_order(finished: Finished) -> None:
    stages = [(event.stage, event.data["status"]) for event in finished.events if event.kind == "stage"]
    assert stages == [
        ("check", "started"),
        ("check", "finished"),
        ("prepare", "started"),
        ("prepare", "finished"),
        ("train", "started"),
        ("train", "finished"),
        ("evaluate", "started"),
        ("evaluate", "finished"),
    ]
    steps = [event for event in finished.events if event.kind == "progress" and event.stage == "train"]
    assert steps[-1].data["done"] == steps[-1].data["total"] == 104


def test_the_precision_that_is_asked_for_is_computed_in(make_task: MakeTask, tmp_path: Path) -> None:
    losses = []
    for precision in ("fp32", "bf16"):
        task = make_task(tmp_path / precision, training={"precision": precision, "max_steps": 3})
        history = json.loads((run(task, stages=("prepare", "train")).version_dir / "training.json").read_text("utf-8"))
        losses.append(history["history"][0]["loss"])
    full, half = losses
    assert full != half
    assert half == pytest.approx(full, rel=0.02)


def test_running_again_changes_nothing_and_loads_no_torch(finished: Finished) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.task.folder.rglob("*")}
    program = (
        "import sys; from tasktune.definition import load_task; from tasktune.pipeline import run\n"
        "events = []; result = run(load_task(sys.argv[1]), on_event=events.append)\n"
        "assert not events\n"
        "print(result.status, result.version, result.evaluation.counts.scored)\n"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    command = [sys.executable, "-c", program, str(finished.task.folder)]
    said, modules = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    assert said == "unchanged v1 80"
    assert not set(modules.split()) & {"torch", "transformers", "trl", "datasets", "sklearn", "fabric"}
    assert {path: path.stat().st_mtime_ns for path in finished.task.folder.rglob("*")} == before


def test_evaluating_another_split_leaves_the_verdict_alone(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished.task.folder, tmp_path / "task")
    version = get_version(tmp_path / "task", "v1")
    evaluation = evaluate(load_task(tmp_path / "task"), version, "valid")
    assert evaluation.split == "valid"
    assert evaluation.counts.scored == 20
    assert (version.folder / "evaluation-valid" / "predictions.jsonl").exists()
    for name in ("evaluation/report.md", "evaluation/predictions.jsonl", "results.json"):
        assert (version.folder / name).read_bytes() == finished.file(name)


class TestOverLength:
    def test_refusing_names_the_rows_and_leaves_no_version(self, make_task: MakeTask) -> None:
        task = make_task()
        with (task.folder / "data" / "train.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"text": "long " * 300, "label": "yes"}) + "\n")
        task = make_task_limited(make_task, task, "refuse")
        with pytest.raises(InputError) as caught:
            run(task)
        assert caught.value.exit_code == 2
        assert "training.max_length is 256" in caught.value.message
        [problem] = caught.value.problems
        assert (problem.file, problem.line) == ("data/train.jsonl", 201)
        assert "data.over_length: drop" in str(problem.hint)
        assert versions(task.folder) == []
        assert sorted(path.name for path in (task.folder / "versions").iterdir()) == [".lock"]

    def test_dropping_names_them_in_the_audit(self, make_task: MakeTask) -> None:
        task = make_task()
        with (task.folder / "data" / "train.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"text": "long " * 300, "label": "yes"}) + "\n")
        task = make_task_limited(make_task, task, "drop")
        result = run(task, stages=("prepare", "train"))
        audit = json.loads((result.version_dir / "prepared" / "audit.json").read_text("utf-8"))
        assert audit["train"]["dropped"] == ["data/train.jsonl:201"]
        assert audit["train"]["rows"] == 200
        assert result.evaluation is None
        assert not result.criteria_met


def make_task_limited(make_task: MakeTask, task: Task, policy: str) -> Task:
    """The same data, all of it for training but one row, with a limit that one row exceeds."""
    kept = (task.folder / "data" / "train.jsonl").read_text("utf-8")
    training: dict[str, Any] = {"max_length": 256, "max_steps": 2}
    task = make_task(training=training, data={"over_length": policy, "split": {"valid": 0.0, "test": 0.0}})
    (task.folder / "data" / "train.jsonl").write_text(kept, "utf-8")
    (task.folder / "data" / "test.jsonl").write_text('{"text": "unseen", "label": "no"}\n', "utf-8")
    return task


def test_a_base_model_that_cannot_be_loaded_is_the_users_to_mend(make_task: MakeTask, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}", "utf-8")
    task = make_task(training={"base_model": str(broken)})
    events: list[Event] = []
    with pytest.raises(InputError, match="cannot be loaded"):
        run(task, on_event=events.append)
    assert versions(task.folder) == []
