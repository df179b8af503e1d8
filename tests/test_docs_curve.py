"""docs/curve.md: its command does what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktune.workspace.versions import versions

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.slow
def test_the_page_is_true(example: Path, follow: Any) -> None:
    kinds, [done] = follow("curve", codes=[{0}], said=in_one_line, whole_lines=False)
    assert kinds == ["run", "shows"]
    assert "cannot be said from so few points" in in_one_line(done)
    [kept] = (example / "curve").iterdir()
    assert {"curve.md", "curve.html", "curve.svg", "curve.json"} <= {path.name for path in kept.iterdir()}
    assert versions(example) == []


def in_one_line(done: Result) -> str:
    return " ".join(done.stdout.split())
