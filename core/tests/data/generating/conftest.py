"""A server that speaks OpenAI's protocol, a task with a file for every split, and a command line."""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tasktune.cli.root import tune

TESTS = Path(__file__).parents[2]
Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine's own, and no proxy on the way to a local server."""
    for name in list(os.environ):
        if name.startswith("OPENAI_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture(scope="session")
def protocol() -> Any:
    """The server's module: ``serving`` and the steps of its scripts."""
    return SimpleNamespace(**runpy.run_path(str(TESTS / "openai_server.py")))


@pytest.fixture
def server(protocol: Any) -> Iterator[Any]:
    with protocol.serving() as server:
        yield server


@pytest.fixture
def task(toy_task_type: str, tmp_path: Path) -> Path:
    """20 training rows, ten a class; five validation and five test rows."""
    folder = tmp_path / "task"
    (folder / "data").mkdir(parents=True)
    for split, count in (("train", 20), ("valid", 5), ("test", 5)):
        rows = [{"text": f"{split} row {n}", "label": "no" if n % 2 else "yes"} for n in range(count)]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "data" / f"{split}.jsonl").write_text(lines, "utf-8")
    definition = {"task_name": "t", "task_type": toy_task_type, "language": "en", "options": {"classes": ["yes", "no"]}}
    (folder / "task.yaml").write_text(json.dumps(definition), "utf-8")
    return folder


@pytest.fixture
def invoke() -> Invoke:
    """Run a command in this process."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(tune, [str(argument) for argument in arguments], prog_name="tune")

    return run


@pytest.fixture
def generate(task: Path, server: Any, invoke: Invoke) -> Invoke:
    """``tune data generate`` on the task, asking the server, without questions."""

    def run(*arguments: object) -> Result:
        said = ("--model", "m", "--base-url", server.url, "--yes", "--retries", 0)
        return invoke("data", "generate", task, *said, *arguments)

    return run


@pytest.fixture
def generated(task: Path) -> Callable[..., list[dict[str, Any]]]:
    """The lines of a file in ``data/raw``."""

    def read(name: str = "generated_yes.jsonl") -> list[dict[str, Any]]:
        return [json.loads(line) for line in (task / "data" / "raw" / name).read_text("utf-8").splitlines()]

    return read
