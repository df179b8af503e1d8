"""docs/training.md: what it configures is accepted, and its tables name what task.yaml takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from tasktune.definition import TrainingSpec

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "training.md").read_text("utf-8")

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.usefixtures("example")
def test_the_page_is_true(follow: Any) -> None:
    kinds, _ = follow("training", codes=[{0}] * 6)
    assert [kinds.count(kind) for kind in ("file", "run", "shows")] == [7, 6, 3]


@pytest.mark.parametrize("key", ["method", "tuning", "backend"])
def test_the_tables_have_all_there_is(key: str) -> None:
    rows = re.findall(rf"^\| `{key}` \|.*\n\|[-|]+\n((?:\| `.*\n)+)", TEXT, re.MULTILINE)
    assert len(rows) == 1
    shown = re.findall(r"^\| `(\w+)`", rows[0], re.MULTILINE)
    assert sorted(shown) == sorted(get_args(TrainingSpec.model_fields[key].annotation))
