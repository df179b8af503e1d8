"""Pruning: which versions go, what of them, and that a kill in the middle does no harm."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.workspace.decisions import Adoption, Pruning, add_decision, deciding, read_decisions
from tasktune.workspace.pruning import Plan, plan, prune
from tasktune.workspace.sizes import freed_by, size_of
from tasktune.workspace.versions import State, Version, locked, new_version, reproduction_of, versions

DAY = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
WEIGHT = "w" * 1000


@pytest.fixture
def folder(tmp_path: Path, toy_task_type: str) -> Path:
    task = tmp_path / "task"
    task.mkdir()
    (task / "task.yaml").write_text('task_name: a\ntask_type: toy\noptions: {classes: ["yes", "no"]}\n', "utf-8")
    return task


def make(folder: Path, name: str, day: int, *, trained: bool = True, start: str | None = None) -> Version:
    """A version that was begun on a day of November, with weights if trained, else with a checkpoint."""
    version = new_version(folder, name)
    text = (folder / "task.yaml").read_text("utf-8")
    version.definition.write_text(text + (f"training: {{start_from: {start}}}\n" if start else ""), "utf-8")
    started = (DAY + datetime.timedelta(days=day - 1)).isoformat()
    version.provenance.write_text(json.dumps({"started": started}), "utf-8")
    place = version.adapter if trained else version.checkpoints / "checkpoint-1"
    place.mkdir(parents=True)
    (place / "adapter_model.safetensors").write_text(WEIGHT, "utf-8")
    version.results.write_text("{}", "utf-8")
    stages = ("prepare", "train", "evaluate") if trained else ("prepare",)
    version.set_state(State(fingerprint=name, stages_done=stages, finished=trained))
    return version


def adopt(folder: Path, *names: str) -> None:
    for name in names:
        with deciding(folder):
            add_decision(folder, Adoption(action="adopt", version=name, when=DAY, who="me"))


def kept(made: Plan) -> dict[str, str]:
    return {row.version: row.why for row in made.rows if row.why is not None}


def carry_out(task: Task, keep: int, *, whole: bool = False) -> Plan:
    return prune(task, plan(task, keep, whole=whole), reason=None, by="me")


def test_the_newest_stay_by_when_they_were_begun_whatever_they_are_called(folder: Path) -> None:
    for day, name in enumerate(["v10", "baseline", "2026-11-03", "v2"], 1):
        make(folder, name, day)
    made = plan(load_task(folder), 2, whole=False)
    assert (made.names, kept(made)) == (("v10", "baseline"), {"2026-11-03": "newest", "v2": "newest"})
    assert made.freed == 2000
    assert [row.size for row in made.rows] == [1000, 1000, 0, 0]


def test_what_is_in_use_or_built_on_stays(folder: Path) -> None:
    make(folder, "v1", 1)
    make(folder, "v2", 2, start="v1")
    make(folder, "v3", 3)
    make(folder, "v4", 4)
    make(folder, "v5", 5)
    make(folder, "v6", 6)
    make(folder, "v7", 7).deployments.write_text("{}\n", "utf-8")
    make(folder, "v8", 8, start="v2")
    adopt(folder, "v5", "v3", "v4")
    made = plan(load_task(folder, overrides=["training.start_from=v6"]), 1, whole=False)
    assert kept(made) == {
        "v1": "base",
        "v2": "base",
        "v3": "adopted before",
        "v4": "adopted",
        "v6": "base",
        "v7": "deployed",
        "v8": "newest",
    }
    assert {row.version: row.of for row in made.rows if row.why == "base"} == {"v1": "v2", "v2": "v8", "v6": None}
    assert made.names == ("v5",)


def test_what_a_run_may_go_on_with_stays_and_older_leftovers_go(folder: Path) -> None:
    make(folder, "v1", 1, trained=False)
    make(folder, "v2", 2)
    make(folder, "v3", 3, trained=False)
    task = load_task(folder)
    made = plan(task, 1, whole=False)
    assert (made.names, kept(made)) == (("v1",), {"v2": "newest", "v3": "unfinished"})
    with locked(folder):
        at_work = plan(task, 1, whole=False)
        assert (at_work.names, kept(at_work)) == ((), {"v1": "running", "v2": "newest", "v3": "running"})
        with pytest.raises(InputError, match="another run is at work"):
            prune(task, made, reason=None, by=None)
    assert carry_out(task, 1).names == ("v1",)


def test_weights_go_and_results_stay(folder: Path) -> None:
    old = make(folder, "v1", 1)
    make(folder, "v2", 2)
    done = carry_out(load_task(folder), 1)
    assert done.names == ("v1",)
    assert {path.name for path in old.folder.iterdir()} == {
        *("task.yaml", "provenance.json", "results.json", "state.json", "pruned.json"),
    }
    assert json.loads(old.pruned.read_text("utf-8"))["what"] == ["adapter"]
    assert [version.name for version in versions(folder)] == ["v1", "v2"]
    [decision] = read_decisions(folder)
    assert isinstance(decision, Pruning)
    assert (decision.versions, decision.whole, decision.freed, decision.who) == (("v1",), False, 1000, "me")
    again = carry_out(load_task(folder), 1)
    assert (again.names, again.freed, len(read_decisions(folder))) == ((), 0, 1)


def test_whole_folders_go_with_their_reproductions(folder: Path) -> None:
    old = make(folder, "v1", 1)
    again = reproduction_of(old).folder
    again.mkdir(parents=True)
    (again / "weights").write_text(WEIGHT, "utf-8")
    make(folder, "v2", 2)
    task = load_task(folder)
    carry_out(task, 1)
    assert again.is_dir()
    done = carry_out(task, 1, whole=True)
    assert done.names == ("v1",)
    assert not old.folder.exists()
    assert not again.exists()
    assert [version.name for version in versions(folder)] == ["v2"]
    assert not (folder / "versions" / ".pruned").exists()


def test_shared_weights_free_their_space_when_both_go(folder: Path) -> None:
    first, second = make(folder, "v1", 1), make(folder, "v2", 2)
    shutil.rmtree(second.adapter)
    shutil.copytree(first.adapter, second.adapter, copy_function=os.link)
    make(folder, "v3", 3)
    task = load_task(folder)
    assert plan(task, 2, whole=False).freed == 0
    assert plan(task, 1, whole=False).freed == 1000
    assert freed_by([first.adapter]) == 0
    assert size_of(first.adapter) == 1000
    assert freed_by([first.adapter, second.adapter]) == 1000
    assert size_of(folder / "nowhere") == 0


def test_a_linked_folder_loses_its_link_only(folder: Path, tmp_path: Path) -> None:
    old = make(folder, "v1", 1)
    shutil.move(old.adapter, tmp_path / "elsewhere")
    old.adapter.symlink_to(tmp_path / "elsewhere")
    make(folder, "v2", 2)
    assert carry_out(load_task(folder), 1).freed == 0
    assert not old.adapter.exists()
    assert (tmp_path / "elsewhere" / "adapter_model.safetensors").exists()


def test_what_has_changed_since_it_was_agreed_to_is_not_deleted(folder: Path) -> None:
    make(folder, "v1", 1)
    make(folder, "v2", 2)
    task = load_task(folder)
    agreed = plan(task, 1, whole=False)
    make(folder, "v3", 3)
    with pytest.raises(InputError, match="the versions have changed meanwhile"):
        prune(task, agreed, reason=None, by=None)
    assert (folder / "versions" / "v2" / "adapter").is_dir()


@pytest.mark.parametrize("damage", ["no", "{", '{"started": 5}', '{"started": "once"}', "[]"])
def test_a_version_that_does_not_say_when_it_was_begun_is_an_old_one(folder: Path, damage: str) -> None:
    make(folder, "v1", 1)
    version = make(folder, "v2", 2)
    if damage == "no":
        version.provenance.unlink()
    else:
        version.provenance.write_text(damage, "utf-8")
    assert plan(load_task(folder), 1, whole=False).names == ("v2",)


KILLED = """
# Copies of a task, each pruned by a process that ends before its first, second, … step on the disk.
import os, shutil, sys
from itertools import count
from pathlib import Path
from tasktune.definition import load_task
from tasktune.workspace.pruning import plan, prune
pristine, whole = Path(sys.argv[1]), sys.argv[2] == "whole"
load_task(pristine)
os.fsync = lambda descriptor: None

def counted(function, left):
    def step(*arguments, **more):
        left.pop() if left else os._exit(9)
        return function(*arguments, **more)
    return step

for after in count():
    folder = pristine.parent / f"killed-{after}"
    shutil.copytree(pristine, folder)
    child = os.fork()
    if child == 0:
        left = [None] * after
        for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "unlink"), (shutil, "rmtree"), (os, "unlink")):
            setattr(owner, name, counted(getattr(owner, name), left))
        task = load_task(folder)
        prune(task, plan(task, 1, whole=whole), reason=None, by="me")
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 9:
        break
"""


@pytest.mark.parametrize("whole", ["whole", "weights"])
def test_a_kill_at_any_moment_leaves_no_version_that_looks_whole_and_is_not(
    folder: Path, whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process that is killed loses nothing that it wrote, and a disk that is busy would take its time.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    for number in (1, 2):
        version = make(folder, f"v{number}", number)
        version.model.mkdir()
        (version.model / "model.safetensors").write_text(WEIGHT, "utf-8")
    make(folder, "v3", 3)
    subprocess.run([sys.executable, "-c", KILLED, str(folder), whole], check=True)
    killed = sorted(folder.parent.glob("killed-*"))
    assert len(killed) > 10
    states = set()
    for place in killed:
        for version in versions(place):
            complete = version.adapter.is_dir() and (version.name == "v3" or version.model.is_dir())
            assert complete or version.pruned.exists(), place
            assert version.results.exists(), place
        left = len(list(place.rglob("*.safetensors")))
        states.add(left)
        carry_out(load_task(place), 1, whole=whole == "whole")
        assert [path.name for path in place.rglob("*.safetensors")] == ["adapter_model.safetensors"], place
        assert not (place / "versions" / ".pruned").exists()
    # It was ended at all kinds of moments.
    assert {1, 5} < states


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    made=st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=7),
    adoptions=st.lists(st.integers(0, 6), max_size=3),
    keep=st.integers(1, 4),
    whole=st.booleans(),
)
def test_laws(
    tmp_path_factory: pytest.TempPathFactory,
    folder: Path,
    made: list[tuple[bool, int]],
    adoptions: list[int],
    keep: int,
    whole: Any,
) -> None:
    """The adopted version, the newest trained ones, and the bases of what stays are never touched."""
    place = tmp_path_factory.mktemp("laws")
    shutil.copy(folder / "task.yaml", place)
    for number, (trained, base) in enumerate(made):
        make(place, f"v{number}", number + 1, trained=trained, start=f"v{base}" if base < number else None)
    there = [f"v{number}" for number, (trained, _base) in enumerate(made) if trained]
    chosen = [f"v{number}" for number in adoptions if f"v{number}" in there]
    adopt(place, *chosen)
    gone = set(carry_out(load_task(place), keep, whole=whole).names)
    assert not gone & set(there[-keep:])
    assert not gone & set(chosen[-1:])
    for number, (_trained, base) in enumerate(made):
        if f"v{number}" not in gone and base < number and (whole or f"v{number}" in there):
            assert f"v{base}" not in gone
    assert not plan(load_task(place), keep, whole=whole).names
