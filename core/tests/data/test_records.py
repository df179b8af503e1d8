"""From rows to records: ids, renamed columns, and every refusal gathered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasktune.data.records import MAX_PROBLEMS, Problems, read_records
from tasktune.definition import Task
from tasktune.errors import InputError, PluginError, Problem
from tasktune.types import Record

MakeTask = Callable[..., Task]


def read(task: Task) -> tuple[list[Record], Problems]:
    problems = Problems()
    return list(read_records(task, task.data_files("train"), problems)), problems


def test_ids_are_the_place_relative_to_the_task(make_task: MakeTask) -> None:
    task = make_task(train='\n{"text": "a", "label": "yes"}\n')
    [record], problems = read(task)
    assert record.id == "data/train.jsonl:2"
    assert (dict(record.inputs), record.target) == ({"text": "a"}, "yes")
    assert not problems.count


def test_a_file_outside_the_task_is_named_in_full(
    make_task: MakeTask, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "rows.jsonl"
    elsewhere.write_text('{"text": "a", "label": "yes"}\n', "utf-8")
    [record], _problems = read(make_task(data={"train": str(elsewhere)}))
    assert record.id == f"{elsewhere}:1"


def test_every_refusal_is_a_problem_with_place_and_field(make_task: MakeTask) -> None:
    task = make_task(
        train='{"text": "a", "label": "yes"}\n{"label": "maybe"}\nnot json\n{"text": "b", "label": "no"}\n'
    )
    records, problems = read(task)
    assert [record.id for record in records] == ["data/train.jsonl:1", "data/train.jsonl:4"]
    assert [str(problem) for problem in problems.kept[:2]] == [
        "data/train.jsonl:2: text: missing (add it)",
        "data/train.jsonl:2: label: 'maybe' is not a class (yes, no)",
    ]
    assert (problems.kept[2].file, problems.kept[2].line) == ("data/train.jsonl", 3)
    assert problems.count == 3


def test_problems_are_capped_but_all_counted(make_task: MakeTask) -> None:
    count = MAX_PROBLEMS + 500
    _records, problems = read(make_task(train="x\n" * count))
    assert len(problems.kept) == MAX_PROBLEMS
    assert problems.count == count
    with pytest.raises(InputError) as caught:
        problems.raise_if_any("bad rows")
    assert caught.value.message == "bad rows"
    assert caught.value.hint == "and 500 more"


def test_no_problems_raise_nothing() -> None:
    problems = Problems()
    problems.raise_if_any("never")
    problems.add(Problem("one"))
    with pytest.raises(InputError) as caught:
        problems.raise_if_any("now")
    assert caught.value.hint is None


class TestFields:
    def test_columns_are_renamed(self, make_task: MakeTask) -> None:
        task = make_task(
            train=[{"content": "a", "sentiment": "yes", "source": "web"}],
            data={"fields": {"text": "content", "label": "sentiment"}},
        )
        [record], problems = read(task)
        assert not problems.count
        assert (dict(record.inputs), record.target) == ({"text": "a", "source": "web"}, "yes")

    def test_columns_can_change_places(self, make_task: MakeTask) -> None:
        task = make_task(train=[{"text": "yes", "label": "a"}], data={"fields": {"text": "label", "label": "text"}})
        [record], _problems = read(task)
        assert (record.inputs["text"], record.target) == ("a", "yes")

    def test_one_column_can_be_two_fields(self, make_task: MakeTask) -> None:
        task = make_task(train=[{"body": "yes"}], data={"fields": {"text": "body", "label": "body"}})
        [record], _problems = read(task)
        assert (dict(record.inputs), record.target) == ({"text": "yes"}, "yes")

    @pytest.mark.parametrize("order", [("text", "content"), ("content", "text")])
    def test_the_named_column_wins_over_one_that_has_our_name(
        self, make_task: MakeTask, order: tuple[str, str]
    ) -> None:
        values = {"text": "an id", "content": "a"}
        rows = [{**{name: values[name] for name in order}, "label": "yes"}]
        [record], _problems = read(make_task(train=rows, data={"fields": {"text": "content"}}))
        assert dict(record.inputs) == {"text": "a"}

    def test_a_row_that_has_our_name_already_is_left_alone(self, make_task: MakeTask) -> None:
        task = make_task(train=[{"text": "a", "label": "yes"}], data={"fields": {"text": "content"}})
        [record], problems = read(task)
        assert not problems.count
        assert record.inputs["text"] == "a"

    def test_a_missing_column_is_named_with_those_that_are_there(self, make_task: MakeTask) -> None:
        task = make_task(train=[{"body": "a", "label": "yes"}], data={"fields": {"text": "content"}})
        records, problems = read(task)
        assert not records
        [problem] = problems.kept
        assert (
            str(problem) == "data/train.jsonl:1: content: no such column"
            " (data.fields names it; the columns are body, label)"
        )


PLUGIN = """
from tasktune.errors import RecordError
from tasktune.hookspecs import CONTRACT, hookimpl
from tasktune.types import Answer, Message, Metrics, Prompt, Record, TaskOptions, TaskTypeInfo

@hookimpl
def plugin_info():
    return TaskTypeInfo(contract=CONTRACT, summary="odd", options=TaskOptions, target_field="label", examples=(),
                        example_options={}, primary_metric="m", suggested_threshold=0.5)

@hookimpl
def read_record(row, record_id, options):
    if row["label"] == "refuse":
        raise RecordError()
    if row["label"] == "break":
        raise KeyError("oops")
    return Record(id=record_id, inputs={"text": row["text"]}, target=row["label"])

@hookimpl
def build_prompt(record, options):
    return Prompt(messages=(Message(role="user", content=record.inputs["text"]),), completion=record.target)

@hookimpl
def parse_output(text):
    return Answer(value=text)

@hookimpl
def compute_metrics(rows):
    return Metrics(primary="m", values={"m": 0.0})
"""


def test_a_refusal_without_a_reason_is_still_a_problem(
    make_task: MakeTask, install_plugin: Callable[..., Path]
) -> None:
    install_plugin("odd", PLUGIN)
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "refuse"}]
    records, problems = read(make_task(train=rows, task_type="odd", options={}))
    assert len(records) == 1
    assert [str(problem) for problem in problems.kept] == [
        "data/train.jsonl:2: the task type refuses this row and does not say why"
    ]


def test_a_plugin_that_breaks_down_is_named_with_the_row(
    make_task: MakeTask, install_plugin: Callable[..., Path]
) -> None:
    install_plugin("odd", PLUGIN)
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "break"}]
    with pytest.raises(PluginError) as caught:
        read(make_task(train=rows, task_type="odd", options={}))
    assert "tasktune-odd 0.1.0" in caught.value.message
    assert "KeyError: 'oops'" in caught.value.message
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [("data/train.jsonl", 2)]
