"""``tune plugins``: sound and broken ones side by side."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from click.testing import Result

from tasktune.cli.layout import width

Invoke = Callable[..., Result]
RunTune = Callable[..., subprocess.CompletedProcess[str]]


def test_a_plugin_is_a_row_and_a_broken_one_has_its_reason(installed: None, invoke: Invoke) -> None:
    result = invoke("plugins")
    assert result.exit_code == 0
    [row] = [line for line in result.stdout.splitlines() if "rating" in line]
    assert row.split("  ")[0] == "task type"
    assert "tasktune-rating 0.1.0" in row
    assert "Rates a text with a whole number" in row
    broken = " ".join(result.stdout.split("\n\n", 1)[1].split())
    assert "'torn' (tasktune-torn 2.0) cannot be imported: RuntimeError: no such luck" in broken


def test_json_has_one_object_per_plugin(installed: None, invoke: Invoke) -> None:
    rows = {row["name"]: row for row in json.loads(invoke("plugins", "--json").stdout)["plugins"]}
    assert rows["rating"] == {
        "kind": "task type",
        "name": "rating",
        "origin": "tasktune-rating 0.1.0",
        "summary": "Rates a text with a whole number, such as stars.",
        "problem": None,
    }
    assert "no such luck" in rows["torn"]["problem"]


def test_chinese_columns_line_up(installed: None, invoke: Invoke) -> None:
    lines = invoke("plugins", "--lang", "zh-TW").stdout.split("\n\n")[0].splitlines()
    start = width(lines[0][: lines[0].index("名稱")])
    assert all(width(line[: line.index(name)]) == start for line in lines[2:] for name in [line.split("  ")[1].strip()])


def test_nothing_installed_says_what_to_do(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasktune.plugins.survey", lambda: [])
    assert "pip install" in invoke("plugins").stdout
    assert json.loads(invoke("plugins", "--json").stdout) == {"plugins": []}


def test_in_a_process_of_its_own(run_tune: RunTune) -> None:
    result = run_tune("plugins", "--json")
    assert result.returncode == 0
    assert result.stderr == ""
    assert {"rating", "torn"} <= {row["name"] for row in json.loads(result.stdout)["plugins"]}
