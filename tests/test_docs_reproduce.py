"""docs/reproduce.md: its commands do what it shows, and its tables name every field of provenance.json."""

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
from tasktune.types import Value
from tasktune.workspace.environment import Device, Environment, Source
from tasktune.workspace.events import Event
from tasktune.workspace.provenance import Base, Provenance, Session, StartFrom, TaskTypeSource
from tasktune.workspace.versions import Version

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "reproduce.md").read_text("utf-8")
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
            # 1 says that the criteria are not met, which ten steps of training cannot meet.
            assert done.exit_code == 0 or (done.exit_code == 1 and "quick" in words), done.output
            output = done.output
        else:
            assert block["text"] in output, output
    assert seen == ["run", "run", "shows"]
    kept = folder / "versions" / "reproductions" / "v1" / "evaluation"
    assert {"reproduction.md", "reproduction.json", "report.md"} <= {path.name for path in kept.iterdir()}


@pytest.mark.parametrize(
    "model",
    [Provenance, Base, StartFrom, TaskTypeSource, Session, Environment, Source, Device],
    ids=lambda m: m.__name__,
)
def test_every_field_is_named(model: type[Value]) -> None:
    fields = TEXT[TEXT.index("## `provenance.json`") :]
    missing = [name for name in model.model_fields if f"`{name}`" not in fields]
    assert not missing
