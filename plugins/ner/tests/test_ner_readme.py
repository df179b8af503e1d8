"""The README's example is real, its statement on nth holds, and its tables name what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tasktune.definition import load_task
from tasktune.plugins import load_task_type
from tasktune.types import Record, TaskOptions

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def test_the_task_loads_its_row_is_read_and_answered_as_shown(tmp_path: Path) -> None:
    [task_yaml], [row] = (re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL) for kind in ("yaml", "json"))
    (tmp_path / "task.yaml").write_text(task_yaml, "utf-8")
    task = load_task(tmp_path / "task.yaml")
    record = task.plugin.read_record(json.loads(row), "README.md:1", task.options)
    assert [(each["start"], each["end"]) for each in record.target] == [(0, 3), (4, 6)]
    assert f"`{task.plugin.build_prompt(record, task.options).completion}`" in README


def test_the_example_of_nth() -> None:
    ner = load_task_type("ner")
    options = ner.info.options.model_validate({"labels": ["LOC"]})
    target = [{"text": "高雄", "label": "LOC", "start": 3, "end": 5}]
    completion = ner.build_prompt(Record(id="1", inputs={"text": "高雄的高雄銀行"}, target=target), options).completion
    assert '"nth": 2' in str(completion)
    assert '"nth": 2' in README


def test_every_metric_and_option_is_described() -> None:
    info = load_task_type("ner").info
    options = (f"options.{name}" for name in info.options.model_fields if name not in TaskOptions.model_fields)
    assert not [name for name in (*info.metrics, *options) if f"`{name}`" not in README]
