"""Which training rows a base model is shown: one for each class, whatever the order of the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasktune.definition import Task, load_task
from tasktune.inference.shots import MOST_SHOTS, WITHOUT_CLASSES, candidates, turns, with_shots
from tasktune.types import Record

CLASSES = [f"c{number}" for number in range(20)]
fixture_ok = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def task(tmp_path: Path, toy_task_type: str) -> Task:
    definition = {"task_name": "t", "task_type": toy_task_type, "options": {"classes": CLASSES}}
    (tmp_path / "task.yaml").write_text(json.dumps(definition), "utf-8")
    return load_task(tmp_path)


def rows(targets: list[Any]) -> list[Record]:
    return [Record(id=str(n), inputs={"text": f"text {n}"}, target=target) for n, target in enumerate(targets)]


@fixture_ok
@given(targets=st.lists(st.sampled_from([*CLASSES, None]), max_size=40), data=st.data())
def test_one_of_each_class_whatever_the_order(task: Task, targets: list[Any], data: st.DataObject) -> None:
    made = rows(targets)
    chosen = candidates(task, made)
    assert chosen == candidates(task, data.draw(st.permutations(made)))
    shown = [record.target for record in chosen]
    assert len(shown) == len(set(shown)) == min(len(set(targets) - {None}), MOST_SHOTS)
    counts = [targets.count(name) for name in shown]
    assert counts == sorted(counts, reverse=True), "the commonest class comes first"


def test_rows_without_a_class(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(task.plugin), "target_classes", lambda *_given: ())
    chosen = candidates(task, rows(["c1"] * 30))
    assert len(chosen) == WITHOUT_CLASSES
    assert chosen == candidates(task, reversed(rows(["c1"] * 30)))
    classes = {"c1": ("a", "b"), "c2": ()}
    monkeypatch.setattr(type(task.plugin), "target_classes", lambda _self, record, _options: classes[record.target])
    chosen = candidates(task, rows(["c2", "c1", "c2", "c2"]))
    assert [record.target for record in chosen] == ["c1", "c2"], "one row shows both classes, one shows none"


def test_examples_stand_between_system_message_and_question(task: Task) -> None:
    [record] = rows(["c1"])
    shots = turns(task, record)
    assert [message.role for message in shots] == ["user", "assistant"]
    assert shots[1].content == '{"label": "c1"}'
    asked = [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}]
    assert [message["content"] for message in with_shots(asked, shots)] == ["s", "text 0", '{"label": "c1"}', "q"]
    assert with_shots(asked, ()) == asked
