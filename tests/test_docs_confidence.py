"""docs/confidence.md: its commands do what it shows."""

from __future__ import annotations

import csv
import json
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
from tasktune.inference.evaluate import predict_records
from tasktune.inference.predict import read_scratch_records
from tasktune.locale import current_language, use_language
from tasktune.training.interruption import Interruption
from tasktune.training.session import recorded
from tasktune.training.worker import evaluate_version, train_version
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "confidence.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- (?P<kind>run|shows) -->\n```\w+\n(?P<text>.*?)\n```", re.DOTALL)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


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
        predict_records(loaded, version, read_scratch_records(scratch), scratch, Interruption())
    elif stage == "train":
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
    monkeypatch.setattr("tasktune.training.launch.run_worker", work_here)
    seen: list[str] = []
    output = ""
    for block in BLOCK.finditer(TEXT):
        seen.append(block["kind"])
        if block["kind"] == "run":
            words = shlex.split(block["text"])[1:]
            done = CliRunner().invoke(tune, [*words, "--lang", "en"], prog_name="tune")
            # 1 says that the criteria are not met: ten steps of training promise nothing.
            assert done.exit_code in (0, 1), done.output
            assert "Traceback" not in done.output
            output = done.output
        else:
            assert block["text"] in output, output
    assert seen == ["run", "run", "shows", "run", "shows"]
    version = folder / "versions" / "v1"
    report = (version / "evaluation" / "report.md").read_text("utf-8")
    assert "## 最有把握的錯誤" in report
    assert "### 交由人工處理的回答" in report
    assert "## 可能標錯的資料" in report
    assert json.loads((version / "decoding.json").read_text("utf-8"))["abstain_below"] is not None
    trust = json.loads((version / "results.json").read_text("utf-8"))["trust"]
    assert trust["abstaining"]["valid"]["answered"] >= 0.8 * trust["abstaining"]["valid"]["rows"]
    with (folder / "suspects.csv").open(encoding="utf-8-sig", newline="") as file:
        suspects = list(csv.DictReader(file))
    kept = json.loads((version / "evaluation" / "label_noise.json").read_text("utf-8"))["suspects"]
    assert [each["id"] for each in suspects] == [each["id"] for each in kept]


def test_entities_have_no_list_of_wrong_labels() -> None:
    task = str(ROOT / "examples" / "news-ner")
    done = CliRunner().invoke(tune, ["data", "noise", task, "--lang", "en"], prog_name="tune")
    assert done.exit_code == 2
    assert "the answers of ner are no single labels of a set" in done.output
    assert "Traceback" not in done.output
