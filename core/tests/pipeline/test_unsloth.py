"""Training with unsloth, for which a stand-in is installed: it comes first, and files and losses are as ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task
from tasktune.errors import InputError
from tasktune.pipeline import run
from tasktune.training.interruption import Interruption
from tasktune.training.worker import train_version
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
STEPS = {"max_steps": 3, "learning_rate": 0.01, "batch_size": 4, "gradient_accumulation": 2, "checkpoint_steps": 100}
CHILD = """
import json, sys
from pathlib import Path
from tasktune.definition import load_task
from tasktune.errors import TuneError
from tasktune.training.backends import choice
from tasktune.training.interruption import Interruption
from tasktune.training.worker import train_version
from tasktune.workspace.versions import Version

choice.COMPARED_ON = {(9, 0)}
folder, *names = sys.argv[1:]
for name in names:
    version = Version(Path(folder) / "versions" / name)
    task = load_task(version.definition, folder=Path(folder))
    train_version(task, version, Interruption(), gpu=lambda: choice.Gpu(name="a GPU", capability=(9, 0)))
    version.finish_stage("train")
"""


@dataclass(frozen=True)
class Trained:
    """A version that was trained."""

    version: Version

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.version.training.read_text("utf-8"))
        return found

    @property
    def losses(self) -> list[float]:
        return [entry["loss"] for entry in self.told["history"] if "loss" in entry]

    @property
    def messages(self) -> list[str]:
        lines = self.version.events.read_text("utf-8").splitlines()
        events = [Event.model_validate_json(line) for line in lines]
        return [event.data["text"] for event in events if event.kind == "message"]

    @property
    def adapter(self) -> dict[str, Any]:
        config = self.file("adapter/adapter_config.json")
        # A set, written in any order.
        return {**config, "target_modules": sorted(config["target_modules"])}

    def file(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.version.folder / path).read_text("utf-8"))
        return found


def prepare(make_task: MakeTask, folder: Path, **training: Any) -> Version:
    task = make_task(folder, training={**STEPS, **training})
    return Version(run(task, stages=("prepare",)).version_dir)


def with_unsloth(folder: Path, *versions: Version) -> dict[str, Any]:
    """Train versions in a process of their own, which unsloth patches, and return what the stand-in tells."""
    tells = folder / "tells.json"
    command = [sys.executable, "-c", CHILD, str(folder / "task"), *(version.name for version in versions)]
    environment = {**os.environ, "STUB_UNSLOTH_TELLS": str(tells), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(tells.read_text("utf-8"))
    return told


@pytest.fixture
def _unsloth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    site.mkdir()
    stub = Path(__file__).with_name("stub_unsloth.py").read_text("utf-8")
    (site / "unsloth.py").write_text(stub, "utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ["PYTHONPATH"]]))


@pytest.mark.usefixtures("_unsloth")
def test_unsloth_comes_first_and_changes_no_loss_and_no_file(make_task: MakeTask, tmp_path: Path) -> None:
    folder = tmp_path / "task"
    first = prepare(make_task, folder)
    train_version(make_task(folder, training=STEPS), first, Interruption())
    first.finish_stage("train")
    usual = prepare(make_task, folder, start_from="v1", backend="transformers")
    train_version(
        make_task(folder, training={**STEPS, "start_from": "v1", "backend": "transformers"}), usual, Interruption()
    )
    usual.finish_stage("train")

    gone_on = prepare(make_task, folder, start_from="v1", backend="unsloth")
    fresh = prepare(make_task, folder, backend="unsloth", lora={"r": 4, "rslora": True}, tuning="dora")
    full = prepare(make_task, folder, backend="unsloth", tuning="full")
    chosen = prepare(
        make_task, folder, prefix_sharing="off", precision="bf16", max_steps=1, gradient_checkpointing=True
    )
    told = with_unsloth(tmp_path, gone_on, fresh, full, chosen)

    assert told["seen"] == []
    assert told["environment"] == {
        "UNSLOTH_DISABLE_STATISTICS": "1",
        "UNSLOTH_AUTO_INSTALL": "0",
        "UNSLOTH_LLAMA_CPP_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        "UNSLOTH_RETURN_LOGITS": "1",
        "UNSLOTH_COMPILE_LOCATION": str(tmp_path / "cache" / "tasktune" / "unsloth"),
    }
    longest = json.loads((gone_on.prepared / "audit.json").read_text("utf-8"))["train"]["longest"]
    assert told["calls"] == [
        ["from_pretrained", longest, "torch.float32", False, None],
        ["patch_peft_model", False],
        ["from_pretrained", longest, "torch.float32", False, None],
        ["get_peft_model", 4, 8, 42, True, False, {"use_dora": True}],
        ["patch_peft_model", False],
        ["from_pretrained", longest, "torch.float32", True, None],
        ["from_pretrained", longest, "torch.bfloat16", False, None],
        ["get_peft_model", 4, 8, 42, False, "unsloth", {}],
        ["patch_peft_model", "unsloth"],
    ]

    mine, theirs = Trained(gone_on), Trained(usual)
    assert mine.losses == pytest.approx(theirs.losses, rel=1e-4)
    assert mine.adapter == theirs.adapter
    assert sorted(path.name for path in gone_on.adapter.iterdir()) == sorted(p.name for p in usual.adapter.iterdir())
    assert (mine.told["backend"], mine.told["backend_reason"]) == ("unsloth", "training.backend asks for it")
    assert theirs.told["backend"] == "transformers"
    assert mine.messages == [
        "training with unsloth: training.backend asks for it",
        "this model's loss cannot be computed with a shared prefix; training the plain way",
    ]
    assert theirs.messages == ["training with transformers: training.backend asks for it"]

    dora = Trained(fresh).adapter
    assert (dora["use_dora"], dora["use_rslora"], dora["auto_mapping"]) == (True, True, None)
    config = Trained(full).file("model/config.json")
    assert config["use_cache"]
    assert not {"unsloth_version", "model_name"} & config.keys()
    assert Trained(chosen).messages == [
        "training with unsloth: the prompts share too little to save (0%), so its kernels are faster"
    ]


@pytest.mark.usefixtures("_unsloth")
def test_without_a_gpu_unsloth_is_refused_before_anything_is_encoded(make_task: MakeTask, tmp_path: Path) -> None:
    version = prepare(make_task, tmp_path / "task", backend="unsloth")
    task = make_task(tmp_path / "task", training={**STEPS, "backend": "unsloth"})
    with pytest.raises(InputError) as caught:
        train_version(task, version, Interruption(), gpu=lambda: None)
    [problem] = caught.value.problems
    assert problem.path == "training.backend"
    assert problem.line
    assert problem.hint
    assert not (version.prepared / "audit.json").exists()
