"""Where a version's numbers come from: what is written is read again, and what cannot be read says so."""

from __future__ import annotations

import datetime
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.workspace.provenance import Provenance, provenance, read_provenance, weights_of, write_provenance
from tasktune.workspace.versions import Version

MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(toy_task_type: str, tmp_path: Path) -> MakeTask:
    def make(**keys: Any) -> Task:
        definition = {"task_name": "example", "task_type": toy_task_type, "options": {"classes": ["a"]}, **keys}
        (tmp_path / "task.yaml").write_text(json.dumps(definition), "utf-8")
        return load_task(tmp_path)

    return make


@pytest.fixture
def version(tmp_path: Path) -> Version:
    folder = tmp_path / "versions" / "v1"
    folder.mkdir(parents=True)
    return Version(folder)


def test_it_says_what_a_run_starts_from(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/secret-place/bin/tune", "run", "task.yaml"])
    task = make_task(training={"base_model": "org/name", "revision": "v2", "seed": 7}, data={"split": {"seed": 8}})
    found = provenance(task, {"data/train.jsonl": "ab" * 32}, "cd" * 32)
    assert found.command == ("tune", "run", "task.yaml")
    assert found.data == {"data/train.jsonl": "ab" * 32}
    assert (found.base.name, found.base.revision, found.base.commit) == ("org/name", "v2", None)
    assert (found.task_type.origin, found.task_type.code) == ("tasktune-toy 0.1.0", "cd" * 32)
    assert found.seeds == {"training.seed": 7, "data.split.seed": 8}
    assert found.started.utcoffset() == datetime.timedelta(0)


def test_what_is_written_is_read(make_task: MakeTask, version: Version) -> None:
    written = provenance(make_task(), {"資料.jsonl": "ab" * 32}, "cd" * 32)
    write_provenance(version, written)
    assert read_provenance(version) == written
    assert "資料.jsonl" in version.provenance.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "does not exist"),
        ("{", "Invalid JSON"),
        ('{"plugin": "tasktune-toy 0.1.0"}', "started: Field required"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(version: Version, text: str | None, says: str) -> None:
    if text is not None:
        version.provenance.write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        read_provenance(version)
    assert says in caught.value.message
    assert str(version.provenance) in caught.value.message
    assert "tune run" in str(caught.value.hint)


def test_nothing_of_the_environment_is_in_it(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "OPENAI_API_KEY", "USER", "HOME", "HOSTNAME"):
        monkeypatch.setenv(name, f"secret-{name}")
    assert "secret-" not in provenance(make_task(), {}, "").model_dump_json()


def test_weights_are_those_of_an_adapter_or_a_model(version: Version) -> None:
    assert weights_of(version) == {}
    for name in ("adapter/adapter_model.safetensors", "model/model-00001-of-00002.safetensors"):
        (version.folder / name).parent.mkdir()
        (version.folder / name).write_bytes(name.encode())
    (version.adapter / "adapter_config.json").write_text("{}", "utf-8")
    assert weights_of(version) == {
        name: hashlib.sha256(name.encode()).hexdigest()
        for name in ("adapter/adapter_model.safetensors", "model/model-00001-of-00002.safetensors")
    }


def test_it_is_frozen(make_task: MakeTask) -> None:
    found: Provenance = provenance(make_task(), {}, "")
    with pytest.raises(ValueError, match="frozen"):
        found.data = {}  # type: ignore[misc]
