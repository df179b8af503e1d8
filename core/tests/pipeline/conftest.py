"""Tasks that real workers train: the toy type and a random base model, installed once for all tests of this folder."""

from __future__ import annotations

import json
import os
import runpy
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Split, Task, load_task
from tasktune.inference.decoding import Decoding, write_decoding
from tasktune.pipeline import RunResult, run
from tasktune.pipeline.stages import begin, check
from tasktune.pipeline.start import data_hashes
from tasktune.training.record import TrainingRecord, write_record
from tasktune.workspace.events import Event, EventReader
from tasktune.workspace.versions import State, Version, new_version

TESTS = Path(__file__).parents[1]
WORDS = {"yes": ("good", "fine", "happy", "bright"), "no": ("bad", "poor", "sad", "grim")}


def rows(count: int) -> list[dict[str, str]]:
    """Labelled rows, every one different."""
    found = []
    for number in range(count):
        label = ("yes", "no")[number % 2]
        words = WORDS[label]
        found.append({"text": f"{number} is {words[number % 4]} and {words[number // 4 % 4]}", "label": label})
    return found


@contextmanager
def at_work(workshop: Path) -> Iterator[None]:
    """Child processes find the toy task type. Only in this folder's tests: others look at what is installed."""
    site = workshop / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])))
        # Two threads of torch are slower than one on a busy machine.
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the base model ``base/``, with the toy task type as if installed in ``site/``."""
    folder = tmp_path_factory.mktemp("workshop")
    site = folder / "site"
    info = site / "tasktune_toy-0.1.0.dist-info"
    info.mkdir(parents=True)
    (site / "tasktune_toy.py").write_text((TESTS / "toy_plugin.py").read_text("utf-8"), "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tasktune-toy\nVersion: 0.1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[tasktune.task_types]\ntoy = tasktune_toy\n", "utf-8")
    return folder


@pytest.fixture(autouse=True)
def _in_the_workshop(workshop: Path) -> Iterator[None]:
    with at_work(workshop):
        yield


@pytest.fixture(scope="session")
def base(workshop: Path) -> Path:
    """The random base model."""
    folder: Path = runpy.run_path(str(TESTS / "tiny_base.py"))["make_base"](workshop / "base")
    return folder


@pytest.fixture
def trapped(base: Path, tmp_path: Path) -> Path:
    """A base that breaks at one letter, which a single row has."""
    import torch
    from transformers import Qwen3ForCausalLM

    folder = Path(shutil.copytree(base, tmp_path / "trapped"))
    model = Qwen3ForCausalLM.from_pretrained(folder, tie_word_embeddings=False)
    letter = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]["~"]
    with torch.no_grad():
        # On their way in tokens look themselves up; on their way out all are looked at.
        model.lm_head.weight = torch.nn.Parameter(model.model.embed_tokens.weight.clone())
        model.model.embed_tokens.weight[letter] = torch.inf
    model.save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Finished:
    """The run that nothing disturbed."""

    task: Task
    result: RunResult
    events: tuple[Event, ...]

    def file(self, path: str) -> bytes:
        """The bytes of a file of the version."""
        return (self.result.version_dir / path).read_bytes()


def write_task(folder: Path, base: Path, *, count: int = 200, **keys: Any) -> Path:
    """A task whose training takes a few seconds, with checkpoints on the way and many batches to evaluate."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows(count))
    (folder / "data" / "train.jsonl").write_text(text, "utf-8")
    definition: dict[str, Any] = {
        "task_name": "example",
        "task_type": "toy",
        "language": "en",
        "options": {"classes": ["yes", "no"]},
        "data": {"split": {"valid": 0.1, "test": 0.4}},
        "training": {
            "base_model": str(base),
            "epochs": 8.0,
            "batch_size": 8,
            "learning_rate": 0.001,
            "lora": {"r": 4},
            "checkpoint_steps": 10,
            "precision": "fp32",
        },
        "evaluation": {"batch_size": 2},
    }
    for key, value in keys.items():
        definition[key] = {**definition[key], **value} if isinstance(definition.get(key), dict) else value
    # JSON is YAML.
    (folder / "task.yaml").write_text(json.dumps(definition), "utf-8")
    return folder


@pytest.fixture
def make_task(workshop: Path, base: Path, tmp_path: Path) -> Callable[..., Task]:
    """``make_task(count=200, training={…})``: the task in a folder of its own."""

    def make(folder: Path = tmp_path / "task", **keys: Any) -> Task:
        return load_task(write_task(folder, base, **keys))

    return make


@pytest.fixture(scope="session")
def finished(workshop: Path, base: Path) -> Finished:
    """An undisturbed run of the task that ``make_task()`` makes, for comparison."""
    with at_work(workshop):
        task = load_task(write_task(workshop / "undisturbed", base))
        events: list[Event] = []
        result = run(task, on_event=events.append)
    return Finished(task, result, tuple(events))


def work_here(
    stage: str, version: Version, task: Task, on_event: Callable[[Event], None], *, split: Split = "test"
) -> None:
    """Do a worker's work in this process: a child's imports take ten times as long as such a training."""
    from tasktune.training.interruption import Interruption
    from tasktune.training.session import recorded
    from tasktune.training.worker import evaluate_version, train_version

    said = EventReader(version.events, from_end=True)
    loaded = load_task(version.definition, folder=task.folder)
    if stage == "train":
        with recorded(loaded, version, "train"):
            train_version(loaded, version, Interruption())
    else:
        with recorded(loaded, version, "evaluate", split):
            evaluate_version(loaded, version, split, Interruption())
    for event in said.new():
        on_event(event)


@pytest.fixture
def no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are this process."""
    monkeypatch.setattr("tasktune.pipeline.stages.run_worker", work_here)


@pytest.fixture(scope="session")
def made(workshop: Path, base: Path) -> Path:
    """The folder of a task with two finished versions of few steps: v2 goes on from v1. For copying."""
    with at_work(workshop), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasktune.pipeline.stages.run_worker", work_here)
        training = {"max_steps": 6, "checkpoint_steps": 100}
        task = load_task(write_task(workshop / "made", base, count=120, training=training))
        run(task)
        run(load_task(task.folder, overrides=["training.start_from=v1", "training.seed=7"]))
    return task.folder


@pytest.fixture
def make_trained(workshop: Path, tmp_path: Path) -> Callable[..., Version]:
    """``make_trained("constrained", training={…})``: a version that counts as trained, with rules but without a model.

    It has 20 training rows, 5 of valid and 12 of test; texts of the class no have the word odd.
    """

    def make(mode: str = "free", **keys: Any) -> Version:
        folder = tmp_path / "task"
        (folder / "data").mkdir(parents=True)
        kinds = (("even", "yes"), ("odd", "no"))
        for split, count in (("train", 20), ("valid", 5), ("test", 12)):
            told = [{"text": f"{split} {n} {kinds[n % 2][0]}", "label": kinds[n % 2][1]} for n in range(count)]
            (folder / "data" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in told), "utf-8")
        definition = {"task_name": "t", "task_type": "toy", "language": "en", "options": {"classes": ["yes", "no"]}}
        (folder / "task.yaml").write_text(json.dumps({**definition, **keys}), "utf-8")
        task = load_task(folder)
        version = new_version(folder, "v1")
        state = State(fingerprint="f", stages_done=("prepare", "train"))
        begin(task, version, state, data_hashes(task), check(task, lambda event: None), lambda event: None)
        rules: dict[str, Any] = {"mode": mode, "max_new_tokens": 16, "context": 512, "stop": ("<|im_end|>",)}
        switches = {"enable_thinking": False}
        write_decoding(version.decoding, Decoding(**rules, chat_template_sha256="0" * 64, template_switches=switches))
        write_record(version.training, TrainingRecord(steps=1, history=()))
        return version

    return make
