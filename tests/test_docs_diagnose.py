"""docs/diagnose.md: its commands do what it shows."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("english", "example")


@pytest.mark.slow
def test_the_page_is_true(follow: Any) -> None:
    # diagnose says 1 where a finding is an error.
    kinds, _ = follow("diagnose", codes=[{0, 1}, {0, 1}, {0}], whole_lines=False)
    assert kinds == ["run", "run", "shows", "run"]
