"""Two processes that train together learn what one with their batches together learns, disturbed or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import RunError
from tasktune.pipeline import run
from tasktune.training.record import read_record
from tasktune.workspace.events import Event
from tasktune.workspace.provenance import read_provenance
from tasktune.workspace.versions import Version

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
ADAPTER = "adapter/adapter_model.safetensors"
# 50 rows in batches of 7 leave one: a process has no row of it. With weights each row counts another amount.
TRAINING = {"learning_rate": 0.003, "checkpoint_steps": 6, "class_weights": {"yes": 3.0}, "max_steps": 30}
# Long enough to be disturbed on a fast machine.
LONG = {**TRAINING, "checkpoint_steps": 50, "max_steps": 200}
TOGETHER = {"training": {**LONG, "batch_size": 3, "gradient_accumulation": 1}, "execution": {"processes": 2}}


def history(version: Path, name: str, until: int = 200) -> list[float]:
    entries = json.loads((version / "training.json").read_text("utf-8"))["history"]
    return [entry[name] for entry in entries if name in entry and entry["step"] <= until]


def test_two_processes_learn_what_one_learns_also_when_disturbed(make_task: MakeTask, tmp_path: Path) -> None:
    alone = make_task(tmp_path / "alone", count=98, training={**LONG, "batch_size": 6})
    one = run(alone, stages=("prepare", "train")).version_dir
    two = run(make_task(tmp_path / "two", count=98, **TOGETHER), stages=("prepare", "train")).version_dir
    for name in ("loss", "grad_norm", "eval_loss"):
        # Rounding differs, and with the steps its effect grows.
        expected = history(one, name, until=30)
        assert expected
        assert history(two, name, until=30) == pytest.approx(expected, rel=1e-4), name

    disturbed = make_task(tmp_path / "disturbed", count=98, **TOGETHER)
    began = interrupted(disturbed, KeyboardInterrupt, press_ctrl_c)
    went_on = interrupted(disturbed, RunError, kill_torchrun)
    assert 0 < began < went_on
    found = run(disturbed, stages=("prepare", "train")).version_dir
    assert (found / ADAPTER).read_bytes() == (two / ADAPTER).read_bytes()
    assert history(found, "loss") == history(two, "loss")
    devices = [session.environment.device for session in read_provenance(Version(found)).sessions]
    assert [device and device.processes for device in devices] == [2, 2, 2]


def interrupted(task: Task, error: type[BaseException], act: Callable[[], None]) -> int:
    """Disturb a run at the first step that it tells of; which one that was."""
    steps: list[int] = []

    def hear(event: Event) -> None:
        if event.kind == "progress" and event.stage == "train":
            steps.append(event.data["done"])
            if len(steps) == 1:
                act()

    with pytest.raises(error):
        run(task, stages=("prepare", "train"), on_event=hear)
    return steps[0]


def press_ctrl_c() -> None:
    raise KeyboardInterrupt


def kill_torchrun() -> None:
    [launcher] = [child for child in psutil.Process().children() if "torch.distributed.run" in child.cmdline()]
    launcher.kill()


WATCHED = {"eval_steps": 4, "watch": "metric", "metric_rows": 9, "early_stopping": 3}


def test_two_processes_stop_and_keep_as_one_does(make_task: MakeTask, tmp_path: Path) -> None:
    records = []
    # However each cuts its share.
    for name, keys in (("one", {"batch_size": 6}), ("two", {"batch_size": 3, "batch_tokens": 80})):
        training = {**TRAINING, **keys, "monitor": WATCHED}
        execution = {"processes": 2 if name == "two" else 1}
        decoding = {"decoding": "constrained"}
        task = make_task(tmp_path / name, count=98, training=training, execution=execution, evaluation=decoding)
        records.append(read_record(run(task, stages=("prepare", "train")).version_dir / "training.json"))
    one, two = records
    assert one.stopped_early
    assert (two.steps, two.kept, two.hints) == (one.steps, one.kept, one.hints)
    assert two.curve("eval_accuracy") == one.curve("eval_accuracy")


def test_two_processes_name_the_row_to_blame(make_task: MakeTask, tmp_path: Path, trapped: Path) -> None:
    training = {**TRAINING, "batch_size": 3, "base_model": str(trapped)}
    task = make_task(tmp_path / "task", count=98, training=training, execution={"processes": 2})
    rows = (task.folder / "data" / "train.jsonl").read_text("utf-8").splitlines()
    for split, some in (("train", [*rows[:50], '{"text": "~", "label": "no"}']), ("valid", rows[50:60])):
        (task.folder / "data" / f"{split}.jsonl").write_text("\n".join(some) + "\n", "utf-8")
    (task.folder / "data" / "test.jsonl").write_text("\n".join(rows[60:70]) + "\n", "utf-8")
    with pytest.raises(RunError, match="because of 1 of 6 rows") as caught:
        run(load_task(task.folder), stages=("prepare", "train"))
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [("data/train.jsonl", 51)]
