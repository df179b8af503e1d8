"""The JSON Schema for editors accepts what loads and marks what does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import load_task
from tasktune.definition.schema import DIALECT, task_json_schema
from tasktune.definition.snapshot import dump_spec
from tasktune.definition.tree import plain
from tasktune.definition.yaml_positions import parse
from tasktune.errors import InputError, PluginError

jsonschema = pytest.importorskip("jsonschema")
HEAD = "task_name: a\ntask_type: toy\noptions: {classes: [x, y]}\n"


def errors(text: str, schema: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(plain(parse(text, "t.yaml")))]


@pytest.fixture
def schema(toy_task_type: str) -> dict[str, Any]:
    return task_json_schema([toy_task_type])


def test_it_is_a_schema(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        HEAD + "training: {epochs: 3, lora: {r: 8, target_modules: [q]}}\ndata: {train: a.csv, test: [b, c]}\n",
        HEAD + "lora: {r: 8}\nserver: {host: a, cuda_devices: 0}\ninput_format: {template: '{text}', description: d}\n",
        HEAD + "execution: {cuda_devices: [0, 1]}\nconstraints: [GPU: A100, two weeks]\n",
        HEAD + "output_format: {type: json, schema: {label: {type: string}}}\nsuccess_criteria: {baseline: x_0.3}\n",
        HEAD + "output_format: {properties: {label: {type: string}}}\nversion: null\n",
        "task_summary: {name: a, type: toy, goal: g, success_criteria: {threshold: 0.8}}\noptions: {classes: [x]}\n",
        "task_name: a\noptions: {classes: [x]}\n",
    ],
)
def test_both_accept(tmp_path: Path, schema: dict[str, Any], text: str) -> None:
    assert errors(text, schema) == []
    (tmp_path / "task.yaml").write_text(text, "utf-8")
    spec = load_task(tmp_path, task_type="toy").spec
    assert errors(dump_spec(spec), schema) == []


@pytest.mark.parametrize(
    "text",
    [
        "task_type: toy\n",
        "task_name: a\ntask_type: toy\n",
        "task_name: a\ntask_type: toy\noptions: {}\n",
        HEAD + "epochs: 3\n",
        HEAD + "training: {epoch: 3}\n",
        HEAD + "training: {epochs: 0}\n",
        HEAD + "training: {method: stf}\n",
        HEAD + "server: {hots: a}\n",
        HEAD + "lora: {r: 0}\n",
        HEAD + "data: {train: []}\n",
        HEAD + "output_format: {type: xml}\n",
        "task_name: a\ntask_type: toy\noptions: {classes: [x], language: en}\n",
        "task_name: a\ntask_type: toy\noptions: {classes: [x], weight: 0}\n",
        "task_name: a\ntask_type: tyo\n",
    ],
)
def test_both_refuse(tmp_path: Path, schema: dict[str, Any], text: str) -> None:
    assert errors(text, schema)
    (tmp_path / "task.yaml").write_text(text, "utf-8")
    with pytest.raises(InputError):
        load_task(tmp_path)


def test_editors_see_descriptions_and_choices(schema: dict[str, Any]) -> None:
    assert schema["properties"]["task_type"]["enum"] == ["toy"]
    training = schema["$defs"]["TrainingSpec"]["properties"]
    assert training["method"]["enum"] == ["sft", "orpo", "dpo"]
    assert training["max_length"]["description"] == "Tokens of a row, prompt and answer together."
    assert training["epochs"]["default"] == 5.0


def test_by_default_every_task_type_that_loads(toy_task_type: str, install_plugin: Any) -> None:
    install_plugin("broken", "import nothing_of_that_name\n")
    names = task_json_schema()["properties"]["task_type"]["enum"]
    assert "toy" in names
    assert "broken" not in names


def test_a_named_task_type_must_load(toy_task_type: str) -> None:
    with pytest.raises(PluginError):
        task_json_schema(["tyo"])


def test_without_task_types_any_is_accepted() -> None:
    assert errors("task_name: a\ntask_type: other\noptions: {anything: 1}\n", task_json_schema([])) == []
