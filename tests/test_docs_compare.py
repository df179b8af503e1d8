"""docs/compare.md: its commands do what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.slow
def test_the_page_is_true(example: Path, follow: Any) -> None:
    # compare says 1 where a version is worse.
    kinds, _ = follow("compare", codes=[{0, 1}, {0, 1}, {0, 1}])
    assert kinds == ["run", "run", "run", "shows"]
    assert (example / "comparison.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (example / "comparison.md").read_text("utf-8").startswith("# entity-sentiment: v1 → v2 compared")
    report = (example / "versions" / "v1" / "evaluation" / "report.md").read_text("utf-8")
    assert "%（" in report
    page = (example / "versions" / "v1" / "evaluation" / "report.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
