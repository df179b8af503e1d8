"""docs/improve.md: its commands do what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.slow
def test_the_page_is_true(example: Path, follow: Any) -> None:
    before = (example / "task.yaml").read_bytes()
    kinds, _ = follow("improve", codes=[{0, 1}, {0}, {0}], whole_lines=False)
    assert kinds == ["run", "run", "shows", "run", "shows"]
    assert (example / "task.yaml").read_bytes() == before
