"""docs/versions.md: its commands do what it shows, and its tables name every field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasktune.improve.status import ClassRow, Rows, Scores, Status, VersionRow
from tasktune.types import Value
from tasktune.workspace.decisions import Adoption, Pruning, read_decisions

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "versions.md").read_text("utf-8")

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.slow
def test_the_page_is_true(example: Path, follow: Any) -> None:
    kinds, _ = follow("versions", codes=[{0, 1}, {0}, {0}, {0, 1}, {0}, {0}, {0}], whole_lines=False)
    assert [kinds.count(kind) for kind in ("run", "refused", "shows")] == [7, 1, 6]
    assert (example / "versions" / "current").read_text("utf-8") == "v1\n"
    assert len(read_decisions(example)) == 3
    assert "| training.seed | 42 | 7 |" in (example / "versions" / "v2" / "changes.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (Status, "How does it stand"),
        (Scores, "How does it stand"),
        (ClassRow, "How does it stand"),
        (Rows, "How does it stand"),
        (VersionRow, "How does it stand"),
        (Adoption, "Who decided what"),
        (Pruning, "Who decided what"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_field_is_named(model: type[Value], heading: str) -> None:
    section = TEXT[TEXT.index(f"## {heading}") :].split("\n## ")[0]
    plain = {"name", "f1", "splits"}  # what every class has, and what "rows of each split" says
    missing = [name for name in model.model_fields if f"`{name}`" not in section and name not in plain]
    assert not missing
