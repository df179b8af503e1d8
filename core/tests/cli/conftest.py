"""A task type that is really installed, as far as Python can tell: the worked example of docs/plugins.md."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tasktune.cli.root import tune
from tasktune.definition import load_task
from tasktune.definition.snapshot import dump_task
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.score import Counts, Evaluation
from tasktune.locale import current_language, use_language
from tasktune.types import Metrics
from tasktune.workspace.versions import State, Version, new_version

DOCS = Path(__file__).parents[3] / "docs"
_FILE = re.compile(r"<!-- file: (?P<name>\S+) -->\n```\w+\n(?P<text>.*?)\n```", re.DOTALL)

Invoke = Callable[..., Result]
MakeVersion = Callable[..., Version]
RunTune = Callable[..., subprocess.CompletedProcess[str]]


def worked_example() -> dict[str, str]:
    """The files that docs/plugins.md shows, by name."""
    text = (DOCS / "plugins.md").read_text("utf-8")
    return {match["name"]: match["text"] + "\n" for match in _FILE.finditer(text)}


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Messages are English whatever the machine speaks, and the language does not leak into other tests."""
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like site-packages, with the worked example and a plugin that cannot be imported."""
    folder = tmp_path_factory.mktemp("site")
    files = worked_example()
    package = folder / "tasktune_rating"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "plugin.py").write_text(files["src/tasktune_rating/plugin.py"], "utf-8")
    _install(folder, "tasktune-rating", "0.1.0", "rating = tasktune_rating.plugin")
    (folder / "torn_plugin.py").write_text("raise RuntimeError('no such luck')\n", "utf-8")
    _install(folder, "tasktune-torn", "2.0", "torn = torn_plugin")
    return folder


def _install(site: Path, name: str, version: str, entry_point: str) -> None:
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    (folder / "entry_points.txt").write_text(f"[tasktune.task_types]\n{entry_point}\n", "utf-8")


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the folder on this process's path."""
    monkeypatch.syspath_prepend(site)


@pytest.fixture
def task(tmp_path: Path, installed: None) -> Path:
    """A sound task of 30 rows."""
    folder = tmp_path / "review-stars"
    write_task(folder)
    return folder


@pytest.fixture
def make_task() -> Callable[[Path], None]:
    """Makes that task in a folder of choice."""
    return write_task


def write_task(folder: Path) -> None:
    """The task of docs/plugins.md, with rows of its own."""
    (folder / "data").mkdir(parents=True)
    (folder / "configs").mkdir()
    (folder / "task.yaml").write_text(worked_example()["task.yaml"], "utf-8")
    (folder / "configs" / "quick.yaml").write_text("training:\n  max_steps: 1\n", "utf-8")
    (folder / "configs" / "full.yml").write_text("training:\n  epochs: 9\n", "utf-8")
    rows = [{"text": f"第 {n} 篇評論", "rating": n % 5 + 1} for n in range(30)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "data" / "train.jsonl").write_text(lines, "utf-8")


@pytest.fixture
def make_version(task: Path) -> MakeVersion:
    """Makes a version of that task with a score, as if it had been trained and evaluated, one a day."""
    return lambda name, accuracy=0.9, **more: write_version(task, name, accuracy, **more)


def write_version(
    folder: Path,
    name: str,
    accuracy: float = 0.9,
    *,
    stages: tuple[str, ...] = ("prepare", "train", "evaluate"),
    per_class: dict[str, dict[str, float]] | None = None,
) -> Version:
    """A version that has done those stages; its folder holds 12 KB of weights once it is trained."""
    task = load_task(folder)
    version = new_version(folder, name)
    version.definition.write_text(dump_task(task), "utf-8")
    day = len(list((folder / "versions").glob("*/provenance.json"))) + 1
    version.provenance.write_text(json.dumps({"started": f"2026-11-{day:02}T08:00:00Z"}), "utf-8")
    if "train" in stages:
        version.adapter.mkdir()
        (version.adapter / "adapter_model.safetensors").write_bytes(bytes(12 * 1024))
        version.training.write_text("{}", "utf-8")
    if "evaluate" in stages:
        evaluation = Evaluation(
            task_name=task.name,
            task_type=task.spec.task_type,
            split="test",
            decoding="free",
            counts=Counts(scored=20, unlabelled=0, unparsed=0, correct=18, train=20),
            metrics=Metrics(primary="accuracy", values={"accuracy": accuracy}, per_class=per_class or {}),
            criteria=(Verdict.on("accuracy", accuracy, task.threshold),),
        )
        version.evaluation.mkdir()
        (version.evaluation / "metrics.json").write_text(evaluation.model_dump_json(), "utf-8")
    version.set_state(State(fingerprint=name, stages_done=stages, finished="evaluate" in stages))
    return version


@pytest.fixture
def invoke() -> Invoke:
    """Run a command in this process; stdout and stderr are apart."""
    # Before click 8.2 they are apart only when asked.
    separate: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    runner = CliRunner(**separate)

    def run(*arguments: object, **options: object) -> Result:
        return runner.invoke(tune, [str(argument) for argument in arguments], prog_name="tune", **options)  # type: ignore[arg-type]

    return run


@pytest.fixture
def run_tune(site: Path) -> RunTune:
    """Run ``python -m tasktune`` in a process of its own, with the worked example installed."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(
            [sys.executable, "-m", "tasktune", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path, "LC_ALL": "C.UTF-8", **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run
