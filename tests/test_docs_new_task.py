"""docs/new-task.md: its files, commands and outputs are real, and its table has every question."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.coach.questions import core_questions
from tasktune.locale import current_language, use_language

PAGE = Path(__file__).resolve().parent.parent / "docs" / "new-task.md"
TEXT = PAGE.read_text("utf-8")
BLOCK = re.compile(r"<!-- (?P<kind>file|run|shows)(?:: (?P<name>\S+))? -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    yield
    use_language(before)


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen: list[str] = []
    output = ""
    for block in BLOCK.finditer(TEXT):
        kind, text = block["kind"], block["text"]
        seen.append(kind)
        if kind == "file":
            Path(block["name"]).write_text(text, "utf-8")
        elif kind == "run":
            done = CliRunner().invoke(tune, [*shlex.split(text)[1:], "--lang", "en"], prog_name="tune")
            assert done.exit_code == 0, done.output
            output = done.output
        else:
            assert text in output
    assert [seen.count(kind) for kind in ("file", "run", "shows")] == [2, 3, 3]


def test_the_table_has_every_question() -> None:
    use_language("en")
    rows = []
    for question in core_questions():
        default = "—" if question.default is None else f"`{question.default}`"
        rows.append(f"| `{question.id}` | {question.ask['en']} | {default} |")
    assert "\n".join(["|---|---|---|", *rows]) + "\n" in TEXT
