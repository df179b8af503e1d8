"""The README's examples are real: its tasks load, its rows are read, its tables name what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tasktune.definition import load_task
from tasktune.plugins import load_task_type
from tasktune.types import TaskOptions

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_tasks_load_and_their_rows_are_read(tmp_path: Path) -> None:
    tasks, rows = blocks("yaml"), blocks("json")
    assert len(tasks) == len(rows) > 0
    for number, (text, row) in enumerate(zip(tasks, rows, strict=True)):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, "utf-8")
        task = load_task(file)
        fields = json.loads(row)
        record = task.plugin.read_record(fields, "README.md:1", task.options)
        assert record.target == fields[task.plugin.info.target_field]


def test_every_kind_metric_and_option_is_described() -> None:
    info = load_task_type("generation").info
    options = (f"options.{name}" for name in info.options.model_fields if name not in TaskOptions.model_fields)
    missing = [name for name in (*info.kinds, *info.metrics, *options) if f"`{name}`" not in README]
    assert not missing
