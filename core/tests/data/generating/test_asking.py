"""What is asked for, for tasks of every shape, and what cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktune.data.generating.plan import tokens
from tasktune.endpoint import is_strict

Invoke = Callable[..., Result]
TOY = Path(__file__).parents[2] / "toy_plugin.py"
NAME = {"type": "string"}


def closed(**properties: Any) -> dict[str, Any]:
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (closed(a=NAME), True),
        (closed(a={"type": "array", "items": closed(b=NAME)}), True),
        (closed(a={"anyOf": [NAME, {"type": "null"}]}), True),
        ({**closed(a=NAME), "required": []}, False),
        ({**closed(a=NAME), "additionalProperties": True}, False),
        (closed(a={"type": "string", "minLength": 1}), False),
        (closed(a={"type": "array", "items": {"type": "object", "properties": {"b": NAME}}}), False),
        ({**closed(a={"$ref": "#/$defs/b"}), "$defs": {"b": {"type": "string", "format": "date"}}}, False),
        (closed(a=True), False),
    ],
)
def test_strict_mode_is_asked_for_only_where_it_is_taken(schema: dict[str, Any], strict: bool) -> None:
    assert is_strict(schema) is strict


def test_tokens_are_told_from_characters() -> None:
    assert (tokens(""), tokens("ten letter"), tokens("五個中文字")) == (0, 3, 5)


@pytest.fixture
def loose(install_plugin: Any, task: Path) -> Callable[[str, list[dict[str, Any]]], Path]:
    """The task as one of a type that takes rows as they are, with a template and training rows."""
    install_plugin("loose", TOY.read_text("utf-8").replace("@hookimpl\ndef read_record", "def read_record"))

    def write(template: str, rows: list[dict[str, Any]]) -> Path:
        definition = json.loads((task / "task.yaml").read_text("utf-8"))
        definition |= {"task_type": "loose", "input_template": template}
        (task / "task.yaml").write_text(json.dumps(definition), "utf-8")
        (task / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return task

    return write


def test_the_fields_are_those_of_the_template(server: Any, generate: Invoke, loose: Any) -> None:
    loose("{text} by {author}", [{"author": "Ada", "text": "so it is", "label": "yes", "source": 3}])
    server.write = lambda n: {"text": f"text {n}", "author": "Bo"}
    assert generate("--class", "yes", "--count", 5).exit_code == 0
    form = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert list(form["properties"]["examples"]["items"]["properties"]) == ["author", "text"]


def test_fields_that_are_not_text_cannot_be_generated(server: Any, generate: Invoke, loose: Any) -> None:
    loose("{text} times {n}", [{"text": "so it is", "n": 3, "label": "yes"}])
    done = generate("--class", "yes", "--count", 5)
    assert done.exit_code == 2
    assert "n: only fields of text can be generated" in done.output
    assert server.requests == []


def test_a_field_of_our_own_name(generate: Invoke, loose: Any) -> None:
    loose("{text} {_generated}", [{"text": "so it is", "_generated": "x", "label": "yes"}])
    done = generate("--class", "yes", "--count", 5)
    assert done.exit_code == 2
    assert "_generated is the field of a generated row's origin" in done.output


def test_a_class_without_training_rows_is_asked_for_without_any(task: Path, server: Any, generate: Invoke) -> None:
    lines = (task / "data" / "train.jsonl").read_text("utf-8").splitlines(keepends=True)
    (task / "data" / "train.jsonl").write_text("".join(line for line in lines if '"yes"' in line), "utf-8")
    assert generate("--class", "no", "--count", 5).exit_code == 0
    order = server.requests[0]["messages"][1]["content"]
    assert "Examples that there are" not in order
    assert "class no" in order


def test_nothing_to_learn_from(task: Path, server: Any, generate: Invoke) -> None:
    (task / "data" / "train.jsonl").write_bytes((task / "data" / "test.jsonl").read_bytes())
    done = generate("--count", 5)
    assert done.exit_code == 2
    assert "there are no training rows to learn from" in done.output


def test_the_request_is_in_the_language_of_the_task(task: Path, server: Any, generate: Invoke) -> None:
    definition = json.loads((task / "task.yaml").read_text("utf-8"))
    (task / "task.yaml").write_text(json.dumps({**definition, "language": "zh-TW"}), "utf-8")
    assert generate("--class", "yes", "--count", 5, "--lang", "en").exit_code == 0
    assert "請寫 5 個類別為「yes」的新範例" in server.requests[0]["messages"][1]["content"]


def test_an_estimate_imports_no_client_and_nothing_heavy(task: Path) -> None:
    said = ["data", "generate", str(task), "--count", "5", "--model", "m", "--base-url", "http://host/v1"]
    code = "import sys\nfrom tasktune.cli import main\ntry:\n    main()\nfinally:\n    print(*sys.modules)"
    command = [sys.executable, "-c", code, *said, "--estimate"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    loaded = set(done.stdout.split())
    assert "tasktune.data.generating.plan" in loaded
    assert not loaded & {"openai", "torch", "transformers", "datasets", "numpy", "sklearn"}
