"""docs/evaluate.md: its commands do what it shows, against a local server."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.data.records import Split
from tasktune.definition import Task, load_task
from tasktune.locale import current_language, use_language
from tasktune.training.interruption import Interruption
from tasktune.training.session import recorded
from tasktune.training.worker import base_answers, evaluate_version, train_version
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "evaluate.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- (?P<kind>run|shows) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)
ADDRESS = "http://localhost:8000/v1"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = current_language()
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


@pytest.fixture
def server() -> Iterator[Any]:
    protocol = SimpleNamespace(**runpy.run_path(str(ROOT / "core" / "tests" / "openai_server.py")))
    with protocol.serving() as server:
        server.models = ["entity-sentiment"]
        yield server


def work_here(
    stage: str,
    version: Version,
    task: Task,
    on_event: Callable[[Event], None],
    *,
    split: Split = "test",
    scratch: Path | None = None,
) -> None:
    """A worker's work in this process, which has imported torch already."""
    loaded = load_task(version.definition, folder=task.folder)
    if scratch is not None:
        base_answers(loaded, version, scratch, Interruption(), few_shot=stage == "few_shot")
    elif stage == "train":
        with recorded(loaded, version, "train"):
            train_version(loaded, version, Interruption())
    else:
        with recorded(loaded, version, "evaluate", split):
            evaluate_version(loaded, version, split, Interruption())


@pytest.mark.slow
def test_the_page_is_true(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "entity-sentiment"
    shutil.copytree(ROOT / "examples" / "entity-sentiment", folder, ignore=shutil.ignore_patterns("versions"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tasktune.pipeline.stages.run_worker", work_here)
    monkeypatch.setattr("tasktune.pipeline.baselines.run_worker", work_here)

    def as_the_version_does(body: dict[str, Any]) -> str:
        wrote = (folder / "versions" / "v1" / "evaluation" / "predictions.jsonl").read_text("utf-8").splitlines()
        asked = {row["messages"][-2]["content"]: row["id"] for row in rows(folder / "versions" / "v1" / "prepared")}
        outputs = {each["id"]: each["output"] for each in map(json.loads, wrote)}
        return str(outputs[asked[body["messages"][-1]["content"]]])

    server.reply = as_the_version_does
    seen: list[str] = []
    output = ""
    for block in BLOCK.finditer(TEXT):
        seen.append(block["kind"])
        if block["kind"] == "run":
            words = shlex.split(block["text"].replace(ADDRESS, server.url))[1:]
            done = CliRunner().invoke(tune, [*words, "--lang", "en"], prog_name="tune")
            # 1 says that the criteria are not met: ten steps of training promise nothing.
            assert done.exit_code in (0, 1), done.output
            assert "Traceback" not in done.output
            output = done.output
        else:
            assert block["text"] in output, output
    assert seen == ["run", "shows"] * 4


def rows(prepared: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (prepared / "test.jsonl").read_text("utf-8").splitlines()]
