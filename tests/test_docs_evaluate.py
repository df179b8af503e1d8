"""docs/evaluate.md: its commands do what it shows, against a local server."""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

PROTOCOL = Path(__file__).resolve().parent.parent / "core" / "tests" / "openai_server.py"

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with SimpleNamespace(**runpy.run_path(str(PROTOCOL))).serving() as server:
        server.models = ["entity-sentiment"]
        yield server


@pytest.mark.slow
def test_the_page_is_true(server: Any, example: Path, follow: Any) -> None:
    version = example / "versions" / "v1"

    def as_the_version_does(body: dict[str, Any]) -> str:
        asked = {row["messages"][-2]["content"]: row["id"] for row in rows(version / "prepared" / "test.jsonl")}
        outputs = {each["id"]: each["output"] for each in rows(version / "evaluation" / "predictions.jsonl")}
        return str(outputs[asked[body["messages"][-1]["content"]]])

    server.reply = as_the_version_does
    kinds, _ = follow("evaluate", codes=[{0, 1}] * 4, instead={"http://localhost:8000/v1": server.url})
    assert kinds == ["run", "shows"] * 4


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
