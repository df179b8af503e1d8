"""A task type that somebody else wrote: built as a wheel, pip-installed into a fresh environment, found and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).with_name("third_party")
TASK = """\
task_name: parity
task_type: toy-parity
language: en
options:
  question: Even or odd?
training:
  base_model: builtin:tiny
  tuning: full
  max_steps: 2
  batch_size: 4
  max_length: 128
evaluation:
  decoding: constrained
success_criteria:
  threshold: 0.01
"""
CONFORMANCE = """\
from tasktune.testing import TaskTypeSuite


class TestConformance(TaskTypeSuite):
    name = "toy-parity"
    has_empty_target = False
"""


def command(*words: str | Path, cwd: Path) -> str:
    """What a command prints; it must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment.update(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", PYTHONIOENCODING="utf-8")
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy distribution's wheel, built from a copy, so that building leaves nothing in the repository."""
    folder = tmp_path_factory.mktemp("author")
    for path in SOURCE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = folder / "source" / path.relative_to(SOURCE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    # No isolation, as that would download the build backend.
    command(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder / "source", cwd=folder
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment into which pip has installed the wheel.

    tasktune and torch are this environment's: a .pth file shows its packages to the new one. Installing them anew would
    download gigabytes and show nothing about the plugin. Only the new environment has the plugin.
    """
    folder = tmp_path_factory.mktemp("user")
    command(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    fresh = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    ask = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = Path(command(fresh, "-c", ask, cwd=folder).strip())
    parents = sorted({sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]})
    lines = [f"import site; site.addsitedir({parent!r})" for parent in parents]
    (packages / "this_environment.pth").write_text("\n".join(lines) + "\n", "utf-8")
    command(fresh, "-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", wheel, cwd=folder)
    return fresh


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """The folder of a task of the toy type."""
    folder = tmp_path / "parity"
    (folder / "data").mkdir(parents=True)
    (folder / "task.yaml").write_text(TASK, "utf-8")
    numbers = {"train": range(40), "valid": range(40, 48), "test": range(48, 58)}
    for split, some in numbers.items():
        rows = [{"number": number, "parity": ("even", "odd")[number % 2]} for number in some]
        (folder / "data" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def test_plugin_is_listed_with_its_distribution(python: Path, tmp_path: Path) -> None:
    listed = json.loads(command(python, "-m", "tasktune", "plugins", "--json", cwd=tmp_path))["plugins"]
    [toy] = [row for row in listed if row["name"] == "toy-parity"]
    assert toy == {
        "kind": "task type",
        "name": "toy-parity",
        "origin": "tasktune-toy-parity 0.3.0",
        "summary": "Even or odd: a toy by a third party",
        "problem": None,
    }


def test_plugin_is_not_in_this_environment() -> None:
    """Otherwise the other tests would show nothing."""
    assert subprocess.run([sys.executable, "-c", "import tasktune_toy_parity"], capture_output=True).returncode != 0


def test_plugin_passes_the_conformance_suite(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_conformance.py").write_text(CONFORMANCE, "utf-8")
    printed = command(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_conformance.py", cwd=tmp_path)
    assert " passed" in printed


def test_task_runs_and_is_reported(python: Path, task: Path) -> None:
    printed = command(python, "-m", "tasktune", "run", "--task-type", "toy-parity", "task.yaml", "--json", cwd=task)
    assert json.loads(printed)
    [version] = [path for path in (task / "versions").iterdir() if (path / "state.json").exists()]
    metrics = json.loads((version / "evaluation" / "metrics.json").read_text("utf-8"))
    assert "accuracy" in json.dumps(metrics)
    report = (version / "evaluation" / "report.md").read_text("utf-8")
    assert "Accuracy" in report
    predictions = (version / "evaluation" / "predictions.jsonl").read_text("utf-8").splitlines()
    assert len(predictions) == 10


def test_other_task_type_is_refused(python: Path, task: Path) -> None:
    done = subprocess.run(
        [python, "-m", "tasktune", "check", "--task-type", "toy-party", "task.yaml"],
        cwd=task,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        check=False,
    )
    assert done.returncode == 2
    assert "toy-parity" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
