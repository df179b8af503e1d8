"""``tune schema``: a schema that holds for real definitions."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result


def test_the_schema_is_json_and_knows_the_installed_task_types(installed: None, invoke: Callable[..., Result]) -> None:
    result = invoke("schema")
    assert result.exit_code == 0
    schema = json.loads(result.stdout)
    assert {"task_name", "task_type", "training"} <= set(schema["properties"])
    assert "highest" in result.stdout
