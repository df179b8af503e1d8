"""docs/sweep.md: what it says to write loads, and its command runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.data.records import Split
from tasktune.definition import Task, load_task
from tasktune.locale import current_language, use_language
from tasktune.training.interruption import Interruption
from tasktune.training.session import recorded
from tasktune.training.worker import evaluate_version, train_version
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version, versions

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "sweep.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


def work_here(
    stage: str, version: Version, task: Task, on_event: Callable[[Event], None], *, split: Split = "test"
) -> None:
    """A worker's work in this process, which has imported torch already."""
    loaded = load_task(version.definition, folder=task.folder)
    if stage == "train":
        with recorded(loaded, version, "train"):
            train_version(loaded, version, Interruption())
    else:
        with recorded(loaded, version, "evaluate", split):
            evaluate_version(loaded, version, split, Interruption())


@pytest.mark.slow
def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "entity-sentiment"
    shutil.copytree(ROOT / "examples" / "entity-sentiment", folder, ignore=shutil.ignore_patterns("versions"))
    [block] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    definition = folder / "task.yaml"
    definition.write_text(definition.read_text("utf-8") + block, "utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tasktune.improve.sweep.runs.run_worker", work_here)
    quick = ["--config", "quick", "--set", "training.max_steps=2", "--trials", "2", "--set", "sweep.seeds=1"]
    done = CliRunner().invoke(tune, ["sweep", ".", *quick, "--lang", "en"], prog_name="tune")
    assert done.exit_code == 0, done.output
    assert "2 trials in" in done.stdout
    [kept] = (folder / "sweep").iterdir()
    assert {"sweep.md", "sweep.html", "sweep.json", "study.jsonl"} <= {path.name for path in kept.iterdir()}
    assert versions(folder) == []
