"""docs/data-generate.md: its commands and outputs are real, against a local server; every task type can be asked."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.locale import current_language, use_language

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "data-generate.md"
BLOCK = re.compile(r"<!-- (?P<kind>file|run|shows)(?:: (?P<name>\S+))? -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)
ADDRESS = "http://localhost:8000/v1"


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = current_language()
    for name in list(os.environ):
        if name.startswith("OPENAI_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


@pytest.fixture
def server() -> Iterator[Any]:
    protocol = SimpleNamespace(**runpy.run_path(str(ROOT / "core" / "tests" / "openai_server.py")))
    with protocol.serving() as server:
        yield server


def run(*arguments: object) -> Any:
    return CliRunner().invoke(tune, [*map(str, arguments), "--lang", "en"], prog_name="tune")


def copy(example: str, tmp_path: Path) -> Path:
    folder = tmp_path / "tasks" / example
    shutil.copytree(ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns("versions"))
    return folder


def test_the_page_is_true(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    copy("entity-sentiment", tmp_path)
    texts = ["甲社公布上月營收", "甲社公布上月營收。", "", *(f"乙社第{n}季法說會訂於下週舉行" for n in range(1, 9))]
    server.write = lambda n: {"text": texts[n - 1], "entity": "甲社"}
    seen: list[str] = []
    output = ""
    for block in BLOCK.finditer(PAGE.read_text("utf-8")):
        kind, text = block["kind"], block["text"]
        seen.append(kind)
        if kind == "file":
            Path(block["name"]).write_text(text, "utf-8")
        elif kind == "run":
            done = run(*shlex.split(text.replace(ADDRESS, server.url))[1:])
            assert done.exit_code == 0, done.output
            output = done.output.replace(server.url, ADDRESS)
        else:
            assert text in output, output
    assert [seen.count(kind) for kind in ("file", "run", "shows")] == [1, 5, 5]
    added = (tmp_path / "tasks/entity-sentiment/data/train.jsonl").read_text("utf-8").splitlines()[-5:]
    assert json.loads(added[1]) == {"text": "岱青公告下月十日召開股東常會", "entity": "岱青", "label": "中立"}


def generate(folder: Path, server: Any, *arguments: object) -> Any:
    done = run("data", "generate", folder, *arguments, "--model", "m", "--base-url", server.url, "--yes", "--json")
    return done.exit_code, json.loads(done.stdout)


def test_entities_are_asked_for_by_their_text(server: Any, tmp_path: Path) -> None:
    folder = copy("news-ner", tmp_path)
    written = [
        {"text": "賀筠昨日抵達碧潭", "entities": [{"text": "賀筠", "label": "PER"}, {"text": "碧潭", "label": "LOC"}]},
        {"text": "賀筠說，賀筠的車停在碧潭", "entities": [{"text": "賀筠", "label": "PER", "nth": 2}]},
        {"text": "碧潭今晨起霧", "entities": [{"text": "碧湖", "label": "LOC"}]},
        {"text": "碧潭下午放晴", "entities": [{"text": "碧潭", "label": "PLACE"}]},
        {"text": "碧潭晚間有雨", "entities": [{"text": "碧潭", "label": "LOC"}]},
    ]
    server.write = lambda n: written[n - 1] if n <= 5 else {**written[0], "text": f"賀筠第{n}次抵達碧潭"}
    code, report = generate(folder, server, "--class", "PER", "--count", 2)
    assert code == 0
    assert (report["kept"], report["refused"]) == (2, 0)
    assert server.written == 2
    code, report = generate(folder, server, "--class", "PER", "--count", 6)
    assert code == 0
    assert any("碧湖" in reason for reason in report["reasons"])
    assert any("PLACE" in reason for reason in report["reasons"])
    assert "entities: shows the class LOC" in report["reasons"]
    rows = [json.loads(line) for line in (folder / "data/raw/generated_PER.jsonl").read_text("utf-8").splitlines()]
    assert rows[0]["entities"] == [
        {"text": "賀筠", "label": "PER", "start": 0, "end": 2},
        {"text": "碧潭", "label": "LOC", "start": 6, "end": 8},
    ]
    assert rows[1]["entities"] == [{"text": "賀筠", "label": "PER", "start": 4, "end": 6}]
    form = server.requests[0]["response_format"]["json_schema"]
    assert form["strict"] is False, "an answer has the optional property nth, which strict mode does not know"
    assert "start" not in json.dumps(form["schema"])


def test_texts_are_asked_for_as_they_are_written(server: Any, tmp_path: Path) -> None:
    folder = copy("official-rewrite", tmp_path)
    good = "主旨：本所訂於{}月辦理環境清潔競賽，請查照。"
    server.write = lambda n: {"text": f"我們{n}月要比賽打掃", "output": good.format(n) if n != 2 else "好的"}
    code, report = generate(folder, server, "--count", 5)
    assert code == 0
    assert (report["kept"], report["refused"]) == (5, 1)
    assert run("data", "review", folder, "--accept-all").exit_code == 0
    assert run("check", folder).exit_code == 0
    code, report = generate(folder, server, "--count", 6)
    assert (code, report["rows"]) == (0, 6)
    done = run("data", "generate", folder, "--class", "x", "--count", 5, "--model", "m", "--base-url", ADDRESS)
    assert done.exit_code == 2
    assert "the rows of this task show no classes; leave --class out" in done.output


def test_a_schema_with_references_still_points_into_itself(server: Any, tmp_path: Path) -> None:
    import jsonschema

    folder = tmp_path / "task"
    (folder / "data").mkdir(parents=True)
    schema = {
        "type": "object",
        "properties": {"first": {"$ref": "#/$defs/name"}, "second": {"$ref": "#/properties/first"}},
        "required": ["first", "second"],
        "additionalProperties": False,
        "$defs": {"name": {"type": "string", "minLength": 2}},
    }
    task = {"task_name": "t", "task_type": "generation", "output_format": {"type": "json", "schema": schema}}
    (folder / "task.yaml").write_text(json.dumps(task), "utf-8")
    for split in ("train", "valid", "test"):
        row = {"text": f"{split} text", "output": {"first": "ab", "second": "cd"}}
        (folder / "data" / f"{split}.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    server.write = lambda n: {"text": f"text {n}", "output": {"first": "ab", "second": "cd"}}
    code, report = generate(folder, server, "--count", 2)
    assert (code, report["kept"]) == (0, 2)
    asked = server.requests[0]["response_format"]["json_schema"]["schema"]
    check = jsonschema.Draft202012Validator(asked)
    assert check.is_valid({"examples": [{"text": "a", "output": {"first": "ab", "second": "cd"}}]})
    assert not check.is_valid({"examples": [{"text": "a", "output": {"first": "ab", "second": "c"}}]})
