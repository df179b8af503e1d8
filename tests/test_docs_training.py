"""docs/training.md: what it configures is accepted, and its tables name what task.yaml takes."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.definition import TrainingSpec
from tasktune.locale import current_language, use_language

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "training.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- (?P<kind>file|run|shows)(?:: (?P<name>\S+))? -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "entity-sentiment"
    shutil.copytree(ROOT / "examples" / "entity-sentiment", folder, ignore=shutil.ignore_patterns("versions"))
    monkeypatch.chdir(folder)
    seen: list[str] = []
    output = ""
    for block in BLOCK.finditer(TEXT):
        seen.append(block["kind"])
        if block["kind"] == "file":
            Path(block["name"]).write_text(block["text"], "utf-8")
        elif block["kind"] == "run":
            done = CliRunner().invoke(tune, [*shlex.split(block["text"])[1:], "--lang", "en"], prog_name="tune")
            assert done.exit_code == 0, done.output
            output = done.output
        else:
            assert block["text"] in output, output
    assert [seen.count(kind) for kind in ("file", "run", "shows")] == [7, 6, 3]


@pytest.mark.parametrize("key", ["method", "tuning", "backend"])
def test_the_tables_have_all_there_is(key: str) -> None:
    rows = re.findall(rf"^\| `{key}` \|.*\n\|[-|]+\n((?:\| `.*\n)+)", TEXT, re.MULTILINE)
    assert len(rows) == 1
    shown = re.findall(r"^\| `(\w+)`", rows[0], re.MULTILINE)
    assert sorted(shown) == sorted(get_args(TrainingSpec.model_fields[key].annotation))
