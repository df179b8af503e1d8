"""docs/compare.md: its commands do what it shows."""

from __future__ import annotations

import re
import shlex
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
from tasktune.workspace.versions import Version

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "compare.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- (?P<kind>run|shows) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)


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
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tasktune.pipeline.stages.run_worker", work_here)
    seen: list[str] = []
    output = ""
    for block in BLOCK.finditer(TEXT):
        seen.append(block["kind"])
        if block["kind"] == "run":
            words = shlex.split(block["text"])[1:]
            done = CliRunner().invoke(tune, [*words, "--lang", "en"], prog_name="tune")
            # 1 says that the criteria are not met, or a version is worse: ten steps of training promise nothing.
            assert done.exit_code in (0, 1), done.output
            assert "Traceback" not in done.output
            output = done.output
        else:
            assert block["text"] in output, output
    assert seen == ["run", "run", "run", "shows"]
    assert (folder / "comparison.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (folder / "comparison.md").read_text("utf-8").startswith("# entity-sentiment: v1 → v2 compared")
    report = (folder / "versions" / "v1" / "evaluation" / "report.md").read_text("utf-8")
    assert "%（" in report
    page = (folder / "versions" / "v1" / "evaluation" / "report.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
