"""A worker's session in ``provenance.json``, however it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasktune.base_models import contents
from tasktune.definition import Task, load_task
from tasktune.errors import InputError, RunError
from tasktune.training.at_once import AtOnce, reduce
from tasktune.training.session import recorded
from tasktune.workspace.provenance import provenance, read_provenance, write_provenance
from tasktune.workspace.versions import State, Version, new_version


@pytest.fixture
def task(toy_task_type: str, tmp_path: Path) -> Task:
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text("{}", "utf-8")
    definition = {
        "task_name": "example",
        "task_type": toy_task_type,
        "options": {"classes": ["a"]},
        "training": {"base_model": "./base"},
    }
    (tmp_path / "task.yaml").write_text(json.dumps(definition), "utf-8")
    return load_task(tmp_path)


@pytest.fixture
def version(task: Task) -> Version:
    version = new_version(task.folder, "v2")
    write_provenance(version, provenance(task, {}, "code"))
    return version


def test_it_is_there_from_its_beginning(task: Task, version: Version) -> None:
    with recorded(task, version, "train"):
        [session] = read_provenance(version).sessions
        assert (session.stage, session.ended) == ("train", None)
        assert session.environment.device is not None
        assert session.environment.device.threads >= 1
    [session] = read_provenance(version).sessions
    assert session.ended is not None
    assert session.ended >= session.started


def test_one_follows_another(task: Task, version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorded(task, version, "train"):
        pass
    first = read_provenance(version).sessions
    monkeypatch.setenv("TASKTUNE_MACHINE", "another")
    with recorded(task, version, "evaluate", "test"):
        pass
    sessions = read_provenance(version).sessions
    assert sessions[:1] == first
    assert (sessions[1].stage, sessions[1].split) == ("evaluate", "test")
    assert sessions[1].environment.variables["TASKTUNE_MACHINE"] == "another"


def test_the_base_is_known_once_it_was_used(task: Task, version: Version) -> None:
    with pytest.raises(RunError), recorded(task, version, "train"):
        raise RunError("out of memory")
    failed = read_provenance(version)
    assert failed.base.files is None
    assert failed.sessions[0].ended is not None
    with recorded(task, version, "train"):
        pass
    assert read_provenance(version).base.files == contents(task.folder / "base")


def test_what_training_began_with_is_known(task: Task, version: Version) -> None:
    first = new_version(task.folder, "v1")
    first.set_state(State(fingerprint="x"))
    first.adapter.mkdir()
    (first.adapter / "adapter_model.safetensors").write_bytes(b"w")
    with recorded(load_task(task.folder, overrides=["training.start_from=v1"]), version, "train"):
        pass
    start = read_provenance(version).start_from
    assert start is not None
    assert (start.version, list(start.weights)) == ("v1", ["adapter/adapter_model.safetensors"])


def test_the_first_of_several_processes_writes(task: Task, version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank)
        with recorded(task, version, "train"):
            pass
    [session] = read_provenance(version).sessions
    assert session.environment.device is not None
    assert session.environment.device.processes == 2


def test_fewer_rows_at_a_time_are_told_of_the_training(task: Task, version: Version) -> None:
    reduce(version, AtOnce(rows=4))
    with recorded(task, version, "train"):
        pass
    with recorded(task, version, "evaluate", "test"):
        pass
    devices = [session.environment.device for session in read_provenance(version).sessions]
    assert [device and device.rows_at_once for device in devices] == [4, None]


def test_a_version_without_provenance_is_refused(task: Task, version: Version) -> None:
    version.provenance.unlink()
    with pytest.raises(InputError, match="does not exist"), recorded(task, version, "train"):
        pytest.fail("the block was entered")
