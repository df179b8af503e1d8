"""Whatever a definition says, it is a task or a list of problems that have a place: never a crash."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tasktune.definition import TaskSpec, dump_task, load_task
from tasktune.definition.spec import sections
from tasktune.definition.spellings import SPELLINGS
from tasktune.errors import InputError

KEYS = sorted(
    {*TaskSpec.model_fields, *(key for section in sections().values() for key in section.model_fields)}
    | {key for spelling, _canonical in SPELLINGS for key in spelling}
    | {"classes", "schema", "properties", "epoch", "Data", "", "資料"}
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.sampled_from(["toy", "a", "local", "remote_ssh", "json", "sft", "all-linear", "", "正面", "0", "-x"])
VALUES = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=12,
)
SOUND: dict[str, Any] = {"task_name": "a", "task_type": "toy", "options": {"classes": ["x"]}}


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), st.booleans())
@example({"training": 3, "lora": {"r": 1}, "server": [], "execution": {"host": {}}}, True)
@example({"options": {"classes": {}, "language": 3}, "output_format": {"schema": None, "properties": 3}}, False)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_task_or_problems(tmp_path: Path, toy_task_type: str, changes: dict[str, Any], complete: bool) -> None:
    path = tmp_path / "task.yaml"
    path.write_text(json.dumps({**SOUND, **changes} if complete else changes), "utf-8")
    try:
        task = load_task(path, overrides=["training.epochs=2"])
    except InputError as error:
        problems = error.problems
    else:
        path.write_text(dump_task(task), "utf-8")
        assert load_task(path).spec == task.spec
        return
    assert problems
    for problem in problems:
        assert problem.file == str(path) or str(problem.file).startswith("--set ")
        assert problem.message
        assert not re.search("pydantic|[Ii]nput should|[Vv]alid", problem.message)
