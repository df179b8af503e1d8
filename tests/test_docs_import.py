"""docs/data-import.md: its files, commands, outputs and written rows are real."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.locale import current_language, use_language

PAGE = Path(__file__).resolve().parent.parent / "docs" / "data-import.md"
BLOCK = re.compile(
    r"<!-- (?P<kind>file|run|shows|writes)(?:: (?P<name>\S+))?(?: (?P<encoding>\S+))? -->\n```\w+\n(?P<text>.*?)```",
    re.DOTALL,
)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen: list[str] = []
    output = ""
    for block in BLOCK.finditer(PAGE.read_text("utf-8")):
        kind, name, text = block["kind"], block["name"], block["text"]
        seen.append(kind)
        if kind == "file":
            Path(name).write_bytes(text.encode(block["encoding"] or "utf-8"))
        elif kind == "run":
            done = CliRunner().invoke(tune, shlex.split(text)[1:], prog_name="tune")
            assert done.exit_code == 0, done.output
            output = done.output
        elif kind == "shows":
            assert text in output
        else:
            assert Path(name).read_text("utf-8") == text
    assert [seen.count(kind) for kind in ("file", "run", "shows", "writes")] == [5, 5, 3, 3]
    rejects = [json.loads(line) for line in Path("data/raw/reviews.rejects.jsonl").read_text("utf-8").splitlines()]
    assert [set(row) for row in rejects] == [{"source", "line", "reasons", "row"}] * 2


def test_what_was_imported_is_what_a_task_reads(tmp_path: Path) -> None:
    """The whole way: rows as they come, imported for each task type, checked without a problem."""
    kinds = {
        "classification": ("text,label\n好吃,正面\n難吃,負面\n", {"labels": ["正面", "負面"]}),
        "ner": ('text,entities\n台積電在高雄,"[[0, 3, ""ORG""]]"\n下雨,[]\n', {"labels": ["ORG"]}),
        "generation": ("text,output\n派個人來,請派員。\n收到了,敬悉。\n", {"instruction": "改寫成公文。"}),
    }
    for task_type, (rows, options) in kinds.items():
        folder = tmp_path / task_type
        folder.mkdir()
        split = {"split": {"valid": 0, "test": 0}, "test": "data/train.jsonl", "overlap": "keep"}
        task = {"task_name": "t", "task_type": task_type, "language": "en", "options": options, "data": split}
        (folder / "task.yaml").write_text(json.dumps(task), "utf-8")
        (folder / "rows.csv").write_text(rows, "utf-8")
        out = folder / "data" / "train.jsonl"
        arguments = ["data", "import", str(folder / "rows.csv"), "--task", str(folder), "--out", str(out)]
        done = CliRunner().invoke(tune, arguments)
        assert done.exit_code == 0, done.output
        assert "2 = 2 + 0 + 0" in done.output
        checked = CliRunner().invoke(tune, ["check", str(folder)])
        assert checked.exit_code == 0, checked.output
