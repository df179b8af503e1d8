"""Task types of three shapes (a label, spans, free text), and the command in this process."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tasktune.cli.root import tune

_PLUGIN = """
from collections.abc import Sequence
from typing import Annotated
from pydantic import Field
from tasktune.errors import Problem, RecordError
from tasktune.hookspecs import CONTRACT, hookimpl
from tasktune.types import Answer, Message, Metrics, Prompt, Record, TaskOptions, TaskTypeInfo

class Options(TaskOptions):
    names: tuple[str, ...] = ()

@hookimpl
def plugin_info():
    return TaskTypeInfo(contract=CONTRACT, summary="for tests", options=Options, target_field={target_field!r},
        examples=({example},), example_options={{}}, primary_metric="m", suggested_threshold=0.5)

@hookimpl
def read_record(row, record_id, options):
    problems = []
    if not isinstance(row.get("text"), str):
        problems.append(Problem("missing", path="text"))
    target = row.get({target_field!r})
    for each in target if isinstance(target, list) else ():
        if options.names and each["label"] not in options.names:
            problems.append(Problem(each["label"] + " is not a name", path={target_field!r}))
    if problems:
        raise RecordError(*problems)
    return Record(id=record_id, inputs={{k: v for k, v in row.items() if k != {target_field!r}}}, target=target)

@hookimpl
def build_prompt(record, options):
    return Prompt(messages=(Message(role="user", content=record.inputs["text"]),))

@hookimpl
def parse_output(text):
    return Answer(value=text)

@hookimpl
def compute_metrics(rows):
    return Metrics(primary="m", values={{"m": 0.0}})
"""
_SPANS = 'Record(id="1", inputs={"text": "ab"}, target=[{"text": "a", "label": "X", "start": 0, "end": 1}])'
_FREE = 'Record(id="1", inputs={"text": "ab"}, target="ba"), Record(id="2", inputs={"text": "c"}, target="d")'


@dataclass(frozen=True)
class Imported:
    """What the command did: exit code, its JSON, the rows that it wrote and those that it rejected."""

    exit_code: int
    report: dict[str, Any]
    rows: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    stderr: str

    @property
    def counts(self) -> tuple[int, int, int, int]:
        counts = self.report["counts"]
        return counts["read"], counts["written"], counts["rejected"], counts["blank"]

    @property
    def error(self) -> str:
        """All that an error says."""
        error = self.report["error"]
        problems = [f"{p['file']}:{p['line']}: {p['path']}: {p['message']} ({p['hint']})" for p in error["problems"]]
        return "\n".join([error["message"], *problems, str(error["hint"])])


Import = Callable[..., Imported]


@pytest.fixture(autouse=True)
def task_types(toy_task_type: str, install_plugin: Callable[..., Path]) -> None:
    """``toy`` wants a label, ``spots`` wants spans, ``echo`` wants text."""
    install_plugin("spots", _PLUGIN.format(target_field="entities", example=_SPANS))
    install_plugin("echo", _PLUGIN.format(target_field="output", example=_FREE))


@pytest.fixture
def install_sentence_type(install_plugin: Callable[..., Path]) -> None:
    """``seats`` wants spans in the field ``sentence``."""
    source = _PLUGIN.replace('"text"', '"sentence"').format(
        target_field="entities", example=_SPANS.replace('"text": "ab"', '"sentence": "ab"')
    )
    install_plugin("seats", source)


@pytest.fixture
def tune_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run ``tune`` in ``tmp_path``; stdout and stderr are apart."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    separate: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    runner = CliRunner(**separate)
    return lambda *words, **options: runner.invoke(tune, [str(word) for word in words], prog_name="tune", **options)


@pytest.fixture
def import_(tmp_path: Path, tune_here: Callable[..., Result]) -> Import:
    """``import_("rows.csv", "--field", "text=a", type="spots")``; the output is ``out.jsonl``."""

    def run(source: object, *options: object, type: str = "toy") -> Imported:
        purpose = () if "--task" in options else ("--task-type", type)
        result = tune_here("data", "import", source, *purpose, "--out", "out.jsonl", "--json", *options)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Imported(
            result.exit_code,
            json.loads(result.stdout),
            lines(tmp_path / "out.jsonl"),
            lines(tmp_path / "out.rejects.jsonl"),
            result.stderr,
        )

    return run


def lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file; none when it is not there."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
