"""What is shared by the tests of comparing: see ``made_versions.py``."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest


@pytest.fixture(scope="session")
def made() -> Any:
    """The functions that make versions without training."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "made_versions.py")))
