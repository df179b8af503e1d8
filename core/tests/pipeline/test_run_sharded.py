"""Two processes that split a model between them learn what one learns, save what it saves, and can be disturbed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from tasktune.definition import Task, load_task
from tasktune.errors import RunError
from tasktune.pipeline import run
from tasktune.training.interruption import Interruption
from tasktune.training.record import TrainingRecord, read_record
from tasktune.training.worker import train_version
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
MODEL = "model/model.safetensors"
# 49 rows in steps of 14 leave 7: a process has none of the last batch. With weights each row counts another amount.
TRAINING: dict[str, Any] = {
    "tuning": "full",
    "learning_rate": 0.003,
    "class_weights": {"yes": 3.0},
    "max_grad_norm": 0.5,
    "checkpoint_steps": 6,
    "max_steps": 30,
    "monitor": {"eval_steps": 4, "watch": "metric", "metric_rows": 9, "keep": "best"},
}
TOGETHER = {"processes": 2, "sharding": "full"}


def test_processes_that_split_a_model_learn_and_save_what_one_does(make_task: MakeTask, tmp_path: Path) -> None:
    decoding = {"decoding": "constrained"}
    alone = make_task(tmp_path / "one", count=98, training={**TRAINING, "batch_size": 14}, evaluation=decoding)
    one = run(alone, stages=("prepare",)).version_dir
    train_version(alone, Version(one), Interruption())
    training = {**TRAINING, "batch_size": 1, "gradient_accumulation": 7}
    split = make_task(tmp_path / "two", count=98, training=training, execution=TOGETHER, evaluation=decoding)
    two = run(split, stages=("prepare", "train")).version_dir

    expected, found = read_record(one / "training.json"), read_record(two / "training.json")
    assert max(values(expected, "grad_norm")) > TRAINING["max_grad_norm"], "nothing was clipped"
    for name in ("loss", "grad_norm", "eval_loss"):
        # Rounding differs, and with the steps its effect grows.
        assert values(found, name) == pytest.approx(values(expected, name), rel=1e-4), name
    assert values(found, "eval_accuracy") == values(expected, "eval_accuracy")
    assert found.kept == expected.kept
    assert found.kept is not None
    assert found.kept.step < found.steps, "the weights of an earlier step were not needed"
    whole, joined = load_file(one / MODEL), load_file(two / MODEL)
    assert joined.keys() == whole.keys()
    assert all((weight - joined[name]).abs().max() < 1e-4 for name, weight in whole.items())
    assert files(two / "model") == files(one / "model")
    _model, loading = AutoModelForCausalLM.from_pretrained(two / "model", output_loading_info=True)
    assert not any(loading.values())


def values(record: TrainingRecord, name: str) -> list[float]:
    return [value for _step, value in record.curve(name)]


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_disturbed_run_that_splits_a_model_goes_on(make_task: MakeTask, tmp_path: Path) -> None:
    # Long enough to be disturbed on a fast machine.
    training = {"tuning": "full", "batch_size": 3, "checkpoint_steps": 20, "max_steps": 60, "precision": "bf16"}
    tasks = [
        make_task(tmp_path / name, count=98, training=training, execution=TOGETHER) for name in ("two", "disturbed")
    ]
    two = run(tasks[0], stages=("prepare", "train")).version_dir
    began = interrupted(tasks[1], KeyboardInterrupt, press_ctrl_c)
    went_on = interrupted(tasks[1], RunError, kill_torchrun)
    assert 0 < began < went_on
    found = run(tasks[1], stages=("prepare", "train")).version_dir
    assert (found / MODEL).read_bytes() == (two / MODEL).read_bytes()
    one, other = read_record(found / "training.json"), read_record(two / "training.json")
    assert all(values(one, name) == values(other, name) for name in ("loss", "grad_norm", "eval_loss"))


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


def test_processes_that_split_a_model_name_the_row_to_blame(make_task: MakeTask, tmp_path: Path, trapped: Path) -> None:
    training = {"tuning": "full", "batch_size": 3, "max_steps": 30, "base_model": str(trapped)}
    task = make_task(tmp_path / "task", count=98, training=training, execution=TOGETHER)
    rows = (task.folder / "data" / "train.jsonl").read_text("utf-8").splitlines()
    for split, some in (("train", [*rows[:50], '{"text": "~", "label": "no"}']), ("valid", rows[50:60])):
        (task.folder / "data" / f"{split}.jsonl").write_text("\n".join(some) + "\n", "utf-8")
    (task.folder / "data" / "test.jsonl").write_text("\n".join(rows[60:70]) + "\n", "utf-8")
    with pytest.raises(RunError, match="because of 1 of 6 rows") as caught:
        run(load_task(task.folder), stages=("prepare", "train"))
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [("data/train.jsonl", 51)]
