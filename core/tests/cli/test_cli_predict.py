"""``tune predict`` around a model that counts characters."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktune.cli.inputs import text_field
from tasktune.definition import Task, load_task
from tasktune.definition.snapshot import dump_task
from tasktune.errors import InputError
from tasktune.evaluation.predictions import Prediction
from tasktune.types import Record, Scored
from tasktune.workspace.versions import State, Version, new_version

Invoke = Callable[..., Result]
NEWEST = "v1: the newest that is trained\n"
predict_module = importlib.import_module("tasktune.inference.predict")


@pytest.fixture
def trained(task: Path) -> Version:
    version = new_version(task, "v1")
    version.definition.write_text(dump_task(load_task(task)), "utf-8")
    version.set_state(State(fingerprint="x", stages_done=("prepare", "train")))
    return version


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """The rows that the model was asked about; its answer is the length of the text, or a question mark beyond five."""
    seen: list[Mapping[str, Any]] = []

    def predict(
        task: Task, version_dir: Path, rows: Iterable[Mapping[str, Any]], on_event: object
    ) -> Iterator[Prediction]:
        for number, row in enumerate(rows, 1):
            seen.append(row)
            record = Record(id=f"row:{number}", inputs=row)
            output = str(len(row["text"])) if len(row["text"]) <= 5 else "?"
            answer = task.plugin.parse_output(output, record, task.options)
            yield Prediction.of(Scored(record=record, output=output, answer=answer))

    monkeypatch.setattr(predict_module, "predict", predict)
    return seen


Asked = list[Mapping[str, Any]]


def test_answers_to_texts_are_lines(task: Path, trained: Version, asked: Asked, invoke: Invoke) -> None:
    result = invoke("predict", task, "好吃", "普普通通", "--lang", "en")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "2\n4\n", NEWEST)
    assert asked == [{"text": "好吃"}, {"text": "普普通通"}]


def test_fields_go_beside_the_text(task: Path, trained: Version, asked: Asked, invoke: Invoke) -> None:
    invoke("predict", task, "好", "--field", "entity=台積電", "--field", "note=a=b")
    assert asked == [{"text": "好", "entity": "台積電", "note": "a=b"}]


def test_an_unreadable_answer_is_told_on_stderr(task: Path, trained: Version, asked: Asked, invoke: Invoke) -> None:
    result = invoke("predict", task, "好", "非常非常好", "太好了太好了", "--lang", "en")
    assert result.exit_code == 0
    assert result.stdout == "1\n5\n\n"
    told = 'row:3: no answer could be read: not a whole number; the model wrote "?"\n'
    assert result.stderr == NEWEST + told
    assert invoke("predict", task, "太好了太好了").exit_code == 1


def test_a_thousand_unreadable_answers_do_not_flood_the_screen(
    task: Path, trained: Version, asked: Asked, invoke: Invoke
) -> None:
    result = invoke("predict", task, *["太好了太好了"] * 1000, "--lang", "en")
    lines = result.stderr.splitlines()
    assert len(lines) == 22
    assert lines[-1] == "… and 980 more"


def test_fields_that_the_template_needs_besides_the_text_are_asked_for(
    task: Path, asked: Asked, invoke: Invoke
) -> None:
    version = new_version(task, "v1")
    template = load_task(task, overrides=["input_template='{entity}在{place}：{text}'"])
    version.definition.write_text(dump_task(template), "utf-8")
    version.set_state(State(fingerprint="x", stages_done=("prepare", "train")))
    result = invoke("predict", task, "好", "--field", "entity=甲", "--lang", "en")
    assert result.exit_code == 2
    assert result.stderr == (
        NEWEST + "Error: the input template also uses place\nHint: give each of them with --field place=…\n"
    )
    assert asked == []


def test_json_is_one_object(task: Path, trained: Version, asked: Asked, invoke: Invoke) -> None:
    result = json.loads(invoke("predict", task, "好吃", "--json").stdout)
    assert result["version"] == "v1"
    [prediction] = result["predictions"]
    assert prediction["inputs"] == {"text": "好吃"}
    assert prediction["answer"] == {"value": 2, "error": None}
    assert prediction["output"] == "2"


def test_a_file_is_answered_in_json_lines(
    task: Path, trained: Version, asked: Asked, invoke: Invoke, tmp_path: Path
) -> None:
    source = tmp_path / "new.csv"
    source.write_text("text,entity\n好吃,\n難,甲\n", "utf-8")
    result = invoke("predict", task, "--input", source)
    assert [json.loads(line)["answer"]["value"] for line in result.stdout.splitlines()] == [2, 1]
    assert asked == [{"text": "好吃", "entity": ""}, {"text": "難", "entity": "甲"}]


def test_stdin_is_json_lines(task: Path, trained: Version, asked: Asked, invoke: Invoke) -> None:
    result = invoke("predict", task, "--input", "-", input='{"text": "好吃"}\n\n{"text": "難"}\n')
    assert len(result.stdout.splitlines()) == 2
    assert asked == [{"text": "好吃"}, {"text": "難"}]


def test_fields_fill_the_rows_that_lack_them(task: Path, trained: Version, asked: Asked, invoke: Invoke) -> None:
    rows = '{"text": "好吃"}\n{"text": "難", "entity": "乙"}\n'
    invoke("predict", task, "--input", "-", "--field", "entity=甲", input=rows)
    assert [row["entity"] for row in asked] == ["甲", "乙"]


def test_columns_are_renamed_as_in_the_training_data(task: Path, asked: Asked, invoke: Invoke) -> None:
    definition = task / "task.yaml"
    definition.write_text(definition.read_text("utf-8") + "  fields: {text: 評論}\n", "utf-8")
    version = new_version(task, "v1")
    version.definition.write_text(dump_task(load_task(task)), "utf-8")
    version.set_state(State(fingerprint="x", stages_done=("prepare", "train")))
    assert invoke("predict", task, "--input", "-", input='{"評論": "好吃"}\n{"text": "難"}\n').exit_code == 0
    assert asked == [{"text": "好吃"}, {"text": "難"}]


def test_answers_go_to_a_file(task: Path, trained: Version, asked: Asked, invoke: Invoke, tmp_path: Path) -> None:
    target = tmp_path / "out" / "answers.jsonl"
    result = invoke("predict", task, "好吃", "太好了太好了", "--output", target, "--lang", "en")
    assert result.stdout == f"2 answers, 1 of them unreadable, in {target}\n"
    assert [json.loads(line)["output"] for line in target.read_text("utf-8").splitlines()] == ["2", "?"]
    counts = json.loads(invoke("predict", task, "好吃", "--output", target, "--json").stdout)
    assert counts == {"version": "v1", "rows": 1, "unparsed": 0, "output": str(target)}


def test_every_unreadable_row_is_listed_and_none_is_answered(
    task: Path, trained: Version, asked: Asked, invoke: Invoke
) -> None:
    result = invoke("predict", task, "--input", "-", "--lang", "en", input='{"text": "好"}\n{"text"\n[1]\n')
    assert result.exit_code == 2
    assert "stdin:2: not valid JSON" in result.stderr
    assert "stdin:3: a row must be a JSON object" in result.stderr
    assert asked == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either texts or --input FILE"),
        (("text", "--input", "new.jsonl"), "give either texts or --input FILE"),
        (("text", "--field", "entity"), "--field entity: not NAME=VALUE"),
        (("--input", "no-such.jsonl"), "no-such.jsonl: cannot be read"),
    ],
)
def test_misuse_is_explained(
    task: Path, trained: Version, invoke: Invoke, arguments: tuple[str, ...], said: str
) -> None:
    result = invoke("predict", task, *arguments, "--lang", "en")
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("template", "given", "field"),
    [
        (None, [], "text"),
        ("{text}", [], "text"),
        ("{entity}：{text}", [], "text"),
        ("{question}", [], "question"),
        ("{a} {b}", ["a"], "b"),
        ("{text} {b}", ["text"], "text"),
    ],
)
def test_the_field_that_a_text_fills(template: str | None, given: list[str], field: str) -> None:
    assert text_field(template, given) == field


@pytest.mark.parametrize(
    ("template", "given", "said"),
    [("{a} {b}", [], "several fields: a, b"), ("{a}", ["a"], "no field left"), ("constant", [], "no field left")],
)
def test_a_text_without_a_field_of_its_own(template: str, given: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        text_field(template, given)
