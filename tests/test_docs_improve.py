"""docs/improve.md: its commands do what it shows."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.locale import current_language, use_language

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "improve.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- (?P<kind>run|shows) -->\n```\w+\n(?P<text>.*?)\n```", re.DOTALL)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


@pytest.mark.slow
def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "entity-sentiment"
    shutil.copytree(ROOT / "examples" / "entity-sentiment", folder, ignore=shutil.ignore_patterns("versions"))
    monkeypatch.chdir(folder)
    # A worker's work in this process, which has imported torch already.
    work_here = runpy.run_path(str(ROOT / "tests" / "test_docs_compare.py"))["work_here"]
    monkeypatch.setattr("tasktune.pipeline.stages.run_worker", work_here)
    before = (folder / "task.yaml").read_bytes()
    seen: list[str] = []
    output = ""
    for block in BLOCK.finditer(TEXT):
        seen.append(block["kind"])
        if block["kind"] == "run":
            words = shlex.split(block["text"])[1:]
            done = CliRunner().invoke(tune, [*words, "--lang", "en"], prog_name="tune")
            # 1 says that the criteria are not met, which ten steps of training cannot meet.
            assert done.exit_code == 0 or (words[0] == "run" and done.exit_code == 1), done.output
            output = done.output
        else:
            assert block["text"] in output, output
    assert seen == ["run", "run", "shows", "run", "shows"]
    assert (folder / "task.yaml").read_bytes() == before
