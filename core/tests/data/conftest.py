"""Tasks of the toy type, written to disk and loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task, load_task

MakeTask = Callable[..., Task]


def jsonl(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def make_task(toy_task_type: str, tmp_path: Path) -> MakeTask:
    """``make_task(train=rows, test="raw text", data={…}, options={…})``: a loaded toy task in ``tmp_path``.

    ``train``, ``valid`` and ``test`` are rows or text for ``data/<split>.jsonl``; the rest are keys of task.yaml.
    """

    def make(*, train: Any = (), valid: Any = None, test: Any = None, **keys: Any) -> Task:
        (tmp_path / "data").mkdir(exist_ok=True)
        for split, rows in (("train", train), ("valid", valid), ("test", test)):
            if rows is not None:
                text = rows if isinstance(rows, str) else jsonl(rows)
                (tmp_path / "data" / f"{split}.jsonl").write_text(text, "utf-8")
        definition = {"task_name": "t", "task_type": toy_task_type, "options": {"classes": ["yes", "no"]}, **keys}
        # JSON is YAML.
        (tmp_path / "task.yaml").write_text(json.dumps(definition), "utf-8")
        return load_task(tmp_path)

    return make
