"""Training that is watched: what stops it, which weights are kept, and that watching changes nothing."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import load_file

from tasktune.definition import Task, load_task
from tasktune.errors import InputError, RunError
from tasktune.pipeline import run
from tasktune.training.interruption import Interruption
from tasktune.training.objectives import Sft
from tasktune.training.record import TrainingRecord, read_record
from tasktune.training.worker import train_version
from tasktune.workspace.events import EventLog, read_events
from tasktune.workspace.versions import Version

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
# A rate that does not depend on how long a run is meant to be, and at which the validation loss goes up and down.
STEADY = {
    "tuning": "full",
    "learning_rate": 0.02,
    "scheduler": "constant",
    "warmup_ratio": 0.0,
    "checkpoint_steps": 7,
    "max_steps": 39,
}
LORA = {"tuning": "lora", "lora": {"r": 16}, "max_steps": 12}


def prepared(make_task: MakeTask, folder: Path, decoding: str = "constrained", **training: Any) -> tuple[Task, Version]:
    task = make_task(folder, training={**STEADY, **training}, evaluation={"decoding": decoding})
    return task, Version(run(task, stages=("prepare",)).version_dir)


def trained(make_task: MakeTask, folder: Path, decoding: str = "constrained", **training: Any) -> Version:
    task, version = prepared(make_task, folder, decoding, **training)
    train_version(task, version, Interruption())
    return version


def weights(version: Version) -> dict[str, torch.Tensor]:
    full = version.model / "model.safetensors"
    found: dict[str, torch.Tensor] = load_file(full if full.exists() else version.adapter / "adapter_model.safetensors")
    return found


def same_weights(one: Version, other: Version) -> bool:
    mine, theirs = weights(one), weights(other)
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def messages(version: Version) -> list[str]:
    return [event.data["text"] for event in read_events(version.events) if event.kind == "message"]


def evaluations(record: TrainingRecord) -> list[int]:
    return [step for step, _loss in record.curve("eval_loss")]


class TestBest:
    @pytest.mark.parametrize("tuning", [LORA, {}], ids=["lora", "full"])
    def test_the_version_has_the_weights_of_the_best_evaluation(
        self, make_task: MakeTask, tmp_path: Path, tuning: dict[str, Any]
    ) -> None:
        watched = trained(make_task, tmp_path / "a", **tuning, monitor={"eval_steps": 3, "keep": "best"})
        record = read_record(watched.training)
        losses = dict(record.curve("eval_loss"))
        best = min(losses, key=lambda step: losses[step])
        assert record.kept is not None
        assert (record.kept.step, record.kept.by, record.kept.figure) == (best, "best", "eval_loss")
        assert record.kept.value == losses[best]
        assert 0 < best < record.steps == record.planned, "else this test tells nothing"
        as_long = trained(make_task, tmp_path / "b", **{**tuning, "max_steps": best})
        assert same_weights(watched, as_long)
        last = read_record(as_long.training).kept
        assert last is not None
        assert (last.step, last.by) == (best, "last")
        assert not watched.checkpoints.exists()

    def test_stopping_early(self, make_task: MakeTask, tmp_path: Path) -> None:
        version = trained(make_task, tmp_path / "a", monitor={"eval_steps": 2, "early_stopping": 2})
        record = read_record(version.training)
        assert record.kept is not None
        assert record.kept.by == "best"
        assert record.stopped_early
        assert record.steps == record.kept.step + 4 < record.planned == 39
        assert any(f"stopped at step {record.steps}" in text for text in messages(version))

    def test_without_it_evaluations_are_an_epoch_apart(self, make_task: MakeTask, tmp_path: Path) -> None:
        record = read_record(trained(make_task, tmp_path / "a", max_steps=30).training)
        # 100 rows in batches of 8
        assert evaluations(record) == [13, 26, 30]
        assert record.kept is not None
        assert (record.kept.step, record.kept.by, record.stopped_early) == (30, "last", False)


class TestMetric:
    MONITOR: ClassVar = {"eval_steps": 4, "watch": "metric", "metric_rows": 10, "keep": "best"}

    def test_it_is_that_of_the_task_and_decides(self, make_task: MakeTask, tmp_path: Path) -> None:
        version = trained(make_task, tmp_path / "a", monitor=self.MONITOR)
        record = read_record(version.training)
        values = dict(record.curve("eval_accuracy"))
        assert record.watched == "eval_accuracy"
        assert list(values) == evaluations(record)
        assert all(round(value * 10, 6) == round(value * 10) for value in values.values()), "of ten rows"
        assert record.kept is not None
        assert record.kept.value == max(values.values()) == values[record.kept.step]
        shown = [event.data for event in read_events(version.events) if event.kind == "progress"]
        assert {data.get("metric_name") for data in shown if data["unit"] == "step"} == {"accuracy"}
        assert shown[-1]["metric"] == values[record.steps]

    @pytest.mark.parametrize(("decoding", "precision"), [("free", "fp32"), ("constrained", "bf16")])
    def test_evaluating_leaves_no_trace_in_the_weights(
        self, make_task: MakeTask, tmp_path: Path, decoding: str, precision: str
    ) -> None:
        training = {**LORA, "lora": {"r": 4, "dropout": 0.3}, "precision": precision}
        alone = trained(make_task, tmp_path / "a", **training)
        monitor = {"eval_steps": 2, "watch": "metric", "metric_rows": 10}
        watched = trained(make_task, tmp_path / "b", decoding, **training, monitor=monitor)
        values = [value for _step, value in read_record(watched.training).curve("eval_accuracy")]
        assert len(values) == 6
        if decoding == "constrained":
            assert max(values) > 0, "an untrained model answers in the right form only if it must"
        assert same_weights(alone, watched)


class Killed(BaseException):
    """Ends a training as kill -9 would: nothing is written after it."""


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """End the training when it has come to a step, once."""
    tell = EventLog.progress

    def progress(self: EventLog, stage: Any, done: int, *rest: Any, **facts: Any) -> None:
        if stage == "train" and done >= step:
            monkeypatch.undo()
            raise Killed
        tell(self, stage, done, *rest, **facts)

    monkeypatch.setattr("tasktune.training.monitor.Reporter._SECONDS_BETWEEN_EVENTS", -1.0)
    monkeypatch.setattr(EventLog, "progress", progress)


def same_training(one: Version, other: Version) -> None:
    told = [version.training.read_text("utf-8") for version in (one, other)]
    first, second = (json.loads(text) for text in told)
    for record in (first, second):
        for entry in record["history"]:
            for name in ("eval_runtime", "eval_samples_per_second", "eval_steps_per_second"):
                entry.pop(name, None)
    assert first == second
    assert same_weights(one, other)


@pytest.mark.parametrize("step", [3, 7, 12])
def test_a_killed_run_stops_and_keeps_as_an_undisturbed_one(
    make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monitor = {"eval_steps": 2, "watch": "metric", "metric_rows": 10, "early_stopping": 6}
    training = {"checkpoint_steps": 3, "monitor": monitor}
    whole = trained(make_task, tmp_path / "a", **training)
    assert read_record(whole.training).steps > 12, "else this test tells nothing"
    task, version = prepared(make_task, tmp_path / "b", **training)
    kill_at(monkeypatch, step)
    with pytest.raises(Killed):
        train_version(task, version, Interruption())
    assert not version.training.exists()
    train_version(task, version, Interruption())
    same_training(whole, version)


@pytest.mark.parametrize(("early_stopping", "checkpoint_steps"), [(None, 7), (3, 1)])
def test_a_run_killed_after_its_last_checkpoint_makes_no_step_more(
    make_task: MakeTask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    early_stopping: int | None,
    checkpoint_steps: int,
) -> None:
    training = {
        "checkpoint_steps": checkpoint_steps,
        "monitor": {"eval_steps": 2, "early_stopping": early_stopping},
    }
    whole = trained(make_task, tmp_path / "a", **training)
    task, version = prepared(make_task, tmp_path / "b", **training)

    def killed(*_arguments: Any) -> None:
        raise Killed

    monkeypatch.setattr("tasktune.training.train._save", killed)
    with pytest.raises(Killed):
        train_version(task, version, Interruption())
    monkeypatch.undo()
    train_version(task, version, Interruption())
    same_training(whole, version)


def test_the_best_weights_must_be_whole(make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, version = prepared(make_task, tmp_path / "a", monitor={"eval_steps": 2, "early_stopping": 2})

    def damage(_trainer: Any, checkpoint: str) -> None:
        (Path(checkpoint) / "model.safetensors").write_bytes(b"torn")
        raise Killed

    monkeypatch.setattr("tasktune.training.guarded.GuardedTrainer._load_from_checkpoint", damage)
    with pytest.raises(Killed):
        train_version(task, version, Interruption())
    monkeypatch.undo()
    with pytest.raises(RunError, match="the checkpoint of the best evaluation is damaged") as caught:
        train_version(task, version, Interruption())
    assert str(version.checkpoints) in str(caught.value.hint)


class TestNotFinite:
    """The error names who is at fault, and no weight has changed."""

    @pytest.mark.parametrize("batching", [(8, 1), (4, 3), (1, 1)])
    def test_the_row_is_named(
        self, make_task: MakeTask, tmp_path: Path, trapped: Path, batching: tuple[int, int]
    ) -> None:
        batch_size, accumulation = batching
        training = {
            "base_model": str(trapped),
            "batch_size": batch_size,
            "gradient_accumulation": accumulation,
            "checkpoint_steps": 1,
            "learning_rate": 1e-4,
        }
        folder = tmp_path / "task"
        make_task(folder, training=training)
        lines = (folder / "data" / "train.jsonl").read_text("utf-8").splitlines()
        (folder / "data" / "train.jsonl").write_text("\n".join(lines[:120]) + "\n", "utf-8")
        for split, rows in (("valid", lines[120:140]), ("test", lines[140:160])):
            (folder / "data" / f"{split}.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
        lines[57] = json.dumps({"text": "57 ~ odd", "label": "no"})
        (folder / "data" / "train.jsonl").write_text("\n".join(lines[:120]) + "\n", "utf-8")
        task = load_task(folder)
        version = Version(run(task, stages=("prepare",)).version_dir)
        with pytest.raises(RunError, match="because of 1 of") as caught:
            train_version(task, version, Interruption())
        [problem] = caught.value.problems
        assert (problem.file, problem.line) == ("data/train.jsonl", 58)
        assert caught.value.hint
        step = int(caught.value.message.split("step ")[1].split(",")[0])
        steps = sorted(int(path.name.rpartition("-")[2]) for path in version.checkpoints.iterdir())
        # The broken step was not taken, so what is there is sound.
        assert not steps or steps[-1] == step - 1
        for checkpoint in version.checkpoints.iterdir():
            weights = load_file(checkpoint / "adapter_model.safetensors")
            assert all(bool(weight.isfinite().all()) for weight in weights.values())

    def test_the_pair_is_named(self, make_task: MakeTask, tmp_path: Path, trapped: Path) -> None:
        folder = tmp_path / "task"
        training = {**STEADY, "base_model": str(trapped), "method": "orpo"}
        make_task(folder, training=training, data={"pairs": "pairs.jsonl"})
        pairs = [{"text": f"pair {n}", "chosen": "yes", "rejected": "no"} for n in range(20)]
        pairs[4]["rejected"] = "~"
        (folder / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs), "utf-8")
        task = load_task(folder)
        version = Version(run(task, stages=("prepare",)).version_dir)
        with pytest.raises(RunError, match="because of 1 of 8 rows") as caught:
            train_version(task, version, Interruption())
        assert [(problem.file, problem.line) for problem in caught.value.problems] == [("pairs.jsonl", 5)]

    def test_a_gradient_that_is_none_under_a_loss_that_is_a_number(
        self, make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        total = Sft.total

        def broken(self: Sft, token_losses: torch.Tensor, batch: dict[str, torch.Tensor]) -> Any:
            found, told = total(self, token_losses, batch)
            # The root of 0 is 0, and steeper there than any number.
            return found + (0 * token_losses.sum()).sqrt() if 30 in batch["rows"] else found, told

        monkeypatch.setattr(Sft, "total", broken)
        task, version = prepared(make_task, tmp_path / "a", **LORA)
        with pytest.raises(RunError, match="because of 1 of 8 rows") as caught:
            train_version(task, version, Interruption())
        written = (version.prepared / "train.jsonl").read_text("utf-8").splitlines()
        [problem] = caught.value.problems
        assert f"{problem.file}:{problem.line}" == json.loads(written[30])["id"]

    @pytest.mark.parametrize("batch_size", [8, 1])
    def test_a_rate_that_is_too_high_is_told_from_a_row(
        self, make_task: MakeTask, tmp_path: Path, batch_size: int
    ) -> None:
        task, version = prepared(make_task, tmp_path / "a", learning_rate=1e30, batch_size=batch_size)
        with pytest.raises(RunError, match="for every row") as caught:
            train_version(task, version, Interruption())
        assert not caught.value.problems
        assert "learning_rate" in str(caught.value.hint)


def test_what_needs_validation_rows_is_refused_without_them(make_task: MakeTask, tmp_path: Path) -> None:
    monitor = {"eval_steps": 4, "watch": "metric", "early_stopping": 2, "keep": "best"}
    task = make_task(tmp_path / "a", training={"monitor": monitor}, data={"split": {"valid": 0.0}})
    with pytest.raises(InputError) as caught:
        run(task)
    assert {problem.path for problem in caught.value.problems} == {f"training.monitor.{key}" for key in monitor}
    assert all(problem.hint and problem.line for problem in caught.value.problems)


def test_rows_that_are_too_long_can_leave_none_to_watch(make_task: MakeTask, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    training = {**STEADY, "max_length": 128, "monitor": {"early_stopping": 2}}
    make_task(folder, training=training, data={"over_length": "drop"})
    (folder / "data" / "valid.jsonl").write_text(json.dumps({"text": "long " * 99, "label": "no"}) + "\n", "utf-8")
    task = load_task(folder)
    version = Version(run(task, stages=("prepare",)).version_dir)
    with pytest.raises(InputError, match="no validation rows are left"):
        train_version(task, version, Interruption())


MLFLOW = """
from types import SimpleNamespace

__version__ = "3.0.0"
told = []
utils = SimpleNamespace(validation=SimpleNamespace(MAX_PARAM_VAL_LENGTH=250, MAX_PARAMS_TAGS_PER_BATCH=100))


def active_run():
    return SimpleNamespace(info=SimpleNamespace(run_id="1")) if told else None


def start_run(run_name=None, nested=False):
    told.append(("start_run", run_name))


def log_metrics(metrics, step=None, synchronous=True):
    told.append(("log_metrics", metrics))


def log_params(params, synchronous=True):
    pass


def is_tracking_uri_set():
    return True


def get_tracking_uri():
    return "nowhere"


def end_run():
    pass
"""
"""As much of MLflow as transformers asks for."""


class TestTrackers:
    def test_tensorboard_writes_into_the_version(self, make_task: MakeTask, tmp_path: Path) -> None:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        monitor = {"eval_steps": 2, "watch": "metric", "metric_rows": 4, "report_to": "tensorboard"}
        version = trained(make_task, tmp_path / "a", max_steps=4, monitor=monitor)
        written = EventAccumulator(str(version.folder / "tensorboard"))
        written.Reload()
        record = read_record(version.training)
        shown = {name: [(e.step, e.value) for e in written.Scalars(name)] for name in written.Tags()["scalars"]}
        for ours, theirs in (("loss", "train/loss"), ("eval_loss", "eval/loss"), ("eval_accuracy", "eval/accuracy")):
            assert shown[theirs] == [pytest.approx(point) for point in record.curve(ours)]

    def test_none_starts_unasked(self, make_task: MakeTask, tmp_path: Path) -> None:
        version = trained(make_task, tmp_path / "a", max_steps=2)
        assert not list(version.folder.rglob("*tfevents*"))

    def test_others_are_given_the_name_of_the_run(
        self, make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "mlflow.py").write_text(MLFLOW, "utf-8")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        mlflow = importlib.import_module("mlflow")
        version = trained(make_task, tmp_path / "a", max_steps=2, monitor={"report_to": ["mlflow"]})
        assert mlflow.told[0] == ("start_run", f"example-{version.name}")
        metrics = [figures for name, figures in mlflow.told if name == "log_metrics"]
        assert metrics[0]["loss"] == read_record(version.training).curve("loss")[0][1]
