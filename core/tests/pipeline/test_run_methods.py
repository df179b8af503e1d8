"""Every objective and way of tuning trains: the loss falls and the files are there."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from tasktune.definition import Task
from tasktune.errors import InputError
from tasktune.pipeline import run
from tasktune.training.interruption import Interruption
from tasktune.training.worker import train_version
from tasktune.workspace.versions import Version

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
QUICK = {"max_steps": 24, "learning_rate": 0.003, "checkpoint_steps": 100}


def with_pairs(folder: Path) -> None:
    """Pairs that prefer the right answer."""
    rows = [json.loads(line) for line in (folder / "data" / "train.jsonl").read_text("utf-8").splitlines()]
    other = {"yes": "no", "no": "yes"}
    pairs = [{"text": f"{r['text']} so", "chosen": r["label"], "rejected": other[r["label"]]} for r in rows[:64]]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs), "utf-8")


@dataclass(frozen=True)
class Trained:
    """A version that was trained in this process: child processes spend ten times as long on imports."""

    version: Version

    @property
    def losses(self) -> list[dict[str, float]]:
        entries = json.loads(self.version.training.read_text("utf-8"))["history"]
        return [entry for entry in entries if "loss" in entry]

    def weights(self, file: str) -> dict[str, Any]:
        found: dict[str, Any] = load_file(self.version.folder / file)
        return found


def train(make_task: MakeTask, tmp_path: Path, **training: Any) -> Trained:
    folder = tmp_path / "task"
    keys = {"data": {"pairs": "pairs.jsonl"}} if training.get("method", "sft") != "sft" else {}
    task = make_task(folder, training={**QUICK, **training}, **keys)
    with_pairs(folder)
    prepared = run(task, stages=("prepare",))
    version = Version(prepared.version_dir)
    train_version(task, version, Interruption())
    version.finish_stage("train")
    return Trained(version)


@pytest.mark.parametrize("tuning", ["lora", "dora", "full"])
@pytest.mark.parametrize("method", ["sft", "dpo", "orpo"])
def test_the_loss_falls(make_task: MakeTask, tmp_path: Path, method: str, tuning: str) -> None:
    trained = train(make_task, tmp_path, method=method, tuning=tuning, lora={"r": 16}, learning_rate=0.01)
    losses = [entry["loss"] for entry in trained.losses]
    assert sum(losses[-4:]) < sum(losses[:4])
    assert (trained.version.model if tuning == "full" else trained.version.adapter).is_dir()
    if method == "dpo":
        assert trained.losses[-1]["margin"] > 0
        # Nothing has been gained over the reference, which is the model itself, before the first step.
        assert losses[0] == pytest.approx(math.log(2), abs=1e-4)
    if method != "sft":
        assert all(math.isfinite(entry["margin"]) for entry in trained.losses)
        assert all(0.0 <= entry["chosen_ahead"] <= 1.0 for entry in trained.losses)


@pytest.mark.parametrize(("method", "tuning"), [("sft", "lora"), ("dpo", "full")])
def test_computing_blocks_again_changes_nothing(make_task: MakeTask, tmp_path: Path, method: str, tuning: str) -> None:
    plain = train(make_task, tmp_path / "plain", method=method, tuning=tuning)
    again = train(make_task, tmp_path / "again", method=method, tuning=tuning, gradient_checkpointing=True)
    assert [entry["loss"] for entry in again.losses] == pytest.approx(
        [entry["loss"] for entry in plain.losses], rel=1e-4
    )


def test_dora_and_rslora_are_in_the_adapter(make_task: MakeTask, tmp_path: Path) -> None:
    trained = train(make_task, tmp_path, tuning="dora", lora={"r": 4, "rslora": True}, max_steps=2)
    config = json.loads((trained.version.adapter / "adapter_config.json").read_text("utf-8"))
    assert (config["use_dora"], config["use_rslora"]) == (True, True)


@pytest.mark.parametrize(
    ("tuning", "file"), [("lora", "adapter/adapter_model.safetensors"), ("full", "model/model.safetensors")]
)
def test_a_version_goes_on_from_another(make_task: MakeTask, tmp_path: Path, tuning: str, file: str) -> None:
    first = train(make_task, tmp_path, tuning=tuning, max_steps=4)
    second = train(make_task, tmp_path, tuning=tuning, method="dpo", start_from="v1", max_steps=1, learning_rate=1e-9)
    assert second.version.name == "v2"
    before, after = first.weights(file), second.weights(file)
    assert before.keys() == after.keys()
    assert all((before[name] - after[name]).abs().max() < 1e-6 for name in before)
    assert second.losses[0]["loss"] == pytest.approx(math.log(2), abs=1e-4)


def test_what_cannot_be_gone_on_from_is_named(make_task: MakeTask, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        train(make_task, tmp_path, start_from="v1")
    assert "v1 is no trained version of this task" in str(caught.value.problems[0])
    train(make_task, tmp_path, max_steps=1)
    for other, key in (({"tuning": "full"}, "tuning"), ({"lora": {"r": 8}}, "lora")):
        with pytest.raises(InputError) as caught:
            train(make_task, tmp_path, start_from="v1", **other)
        assert f"v1 was trained with another {key}" in str(caught.value.problems[0])


def test_class_weights_are_in_the_loss_that_is_logged(make_task: MakeTask, tmp_path: Path) -> None:
    """The logged loss of a step is Σ w·l / Σ w, computed here from what the step logs without weights, by class."""

    def first_loss(**weights: float) -> float:
        # The first step sees all rows; with a rate of nothing the model stays what it was.
        settings = {"max_steps": 1, "batch_size": 100, "learning_rate": 1e-12}
        trained = train(make_task, tmp_path, **settings, class_weights=weights or None)
        return trained.losses[0]["loss"]

    even, only_yes, only_no = first_loss(), first_loss(no=1e-9), first_loss(yes=1e-9)
    assert only_yes != pytest.approx(only_no, rel=1e-5)
    share = (even - only_no) / (only_yes - only_no)
    expected = (3 * share * only_yes + (1 - share) * only_no) / (3 * share + 1 - share)
    assert first_loss(yes=3.0) == pytest.approx(expected, rel=1e-6)


def test_balanced_sampling_trains(make_task: MakeTask, tmp_path: Path) -> None:
    trained = train(make_task, tmp_path, sampling="balanced", class_weights="balanced", max_steps=2)
    assert trained.losses


def test_a_version_of_pairs_has_them(make_task: MakeTask, tmp_path: Path) -> None:
    trained = train(make_task, tmp_path, method="orpo", max_steps=1)
    rows = (trained.version.prepared / "pairs.jsonl").read_text("utf-8").splitlines()
    assert len(rows) == 64
    assert json.loads(rows[0]).keys() >= {"id", "inputs", "target", "classes", "messages", "rejected"}
