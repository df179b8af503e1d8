"""Where a version's numbers come from, without anything that must stay secret."""

from __future__ import annotations

import datetime
import json
import sys

import pytest

from tasktune.workspace.provenance import provenance


def test_it_names_data_base_plugin_packages_and_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/secret-place/bin/tune", "run", "task.yaml"])
    found = provenance({"data/train.jsonl": "ab" * 32}, {"name": "b", "revision": None}, "tasktune-toy 0.1.0")
    assert json.loads(json.dumps(found)) == found
    assert found["command"] == ["tune", "run", "task.yaml"]
    assert found["data"] == {"data/train.jsonl": "ab" * 32}
    assert found["base"] == {"name": "b", "revision": None}
    assert found["plugin"] == "tasktune-toy 0.1.0"
    assert found["packages"]["tasktune"]
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["machine"]["cores"] >= 1
    assert datetime.datetime.fromisoformat(found["started"]).tzinfo is not None


def test_nothing_of_the_environment_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "OPENAI_API_KEY", "USER", "HOME", "HOSTNAME"):
        monkeypatch.setenv(name, f"secret-{name}")
    assert "secret-" not in json.dumps(provenance({}, {"name": "b", "revision": None}, "p"))
