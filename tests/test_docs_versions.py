"""docs/versions.md: its commands do what it shows, and its tables name every field."""

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
from tasktune.improve.status import ClassRow, Rows, Scores, Status, VersionRow
from tasktune.locale import current_language, use_language
from tasktune.training.interruption import Interruption
from tasktune.training.session import recorded
from tasktune.training.worker import evaluate_version, train_version
from tasktune.types import Value
from tasktune.workspace.decisions import Adoption, Pruning, read_decisions
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "versions.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- (?P<kind>run|refused|shows) -->\n```\w+\n(?P<text>.*?)\s*```", re.DOTALL)


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
        if block["kind"] == "shows":
            assert block["text"] in output, output
            continue
        words = shlex.split(block["text"])[1:]
        done = CliRunner().invoke(tune, [*words, "--lang", "en"], prog_name="tune")
        # 1 says that the criteria are not met, which ten steps of training cannot meet.
        expected = {2} if block["kind"] == "refused" else {0, 1} if "quick" in words else {0}
        assert done.exit_code in expected, done.output
        output = done.output
    assert [seen.count(kind) for kind in ("run", "refused", "shows")] == [7, 1, 6]
    assert (folder / "versions" / "current").read_text("utf-8") == "v1\n"
    assert len(read_decisions(folder)) == 3
    assert "| training.seed | 42 | 7 |" in (folder / "versions" / "v2" / "changes.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (Status, "How does it stand"),
        (Scores, "How does it stand"),
        (ClassRow, "How does it stand"),
        (Rows, "How does it stand"),
        (VersionRow, "How does it stand"),
        (Adoption, "Who decided what"),
        (Pruning, "Who decided what"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_field_is_named(model: type[Value], heading: str) -> None:
    section = TEXT[TEXT.index(f"## {heading}") :].split("\n## ")[0]
    plain = {"name", "f1", "splits"}  # what every class has, and what "rows of each split" says
    missing = [name for name in model.model_fields if f"`{name}`" not in section and name not in plain]
    assert not missing
