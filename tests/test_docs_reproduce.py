"""docs/reproduce.md: its commands do what it shows, and its tables name every field of provenance.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasktune.types import Value
from tasktune.workspace.environment import Device, Environment, Source
from tasktune.workspace.provenance import Base, Provenance, Session, StartFrom, TaskTypeSource

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "reproduce.md").read_text("utf-8")

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.slow
def test_the_page_is_true(example: Path, follow: Any) -> None:
    kinds, _ = follow("reproduce", codes=[{0, 1}, {0}])
    assert kinds == ["run", "run", "shows"]
    kept = example / "versions" / "reproductions" / "v1" / "evaluation"
    assert {"reproduction.md", "reproduction.json", "report.md"} <= {path.name for path in kept.iterdir()}


@pytest.mark.parametrize(
    "model",
    [Provenance, Base, StartFrom, TaskTypeSource, Session, Environment, Source, Device],
    ids=lambda m: m.__name__,
)
def test_every_field_is_named(model: type[Value]) -> None:
    fields = TEXT[TEXT.index("## `provenance.json`") :]
    missing = [name for name in model.model_fields if f"`{name}`" not in fields]
    assert not missing
