"""Reading a definition is light: no training stack, and the JSON Schema only when it is asked for."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "transformers", "trl", "datasets", "sklearn", "numpy", "fabric", "jinja2", "rich", "click")


def test_definition_imports_only_pydantic_yaml_and_pluggy() -> None:
    code = "import sys, tasktune.definition; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic" in loaded
    assert not {*HEAVY, "tasktune.definition.schema"} & set(loaded)
