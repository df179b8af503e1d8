"""What is recorded of a machine, what never is, and how two machines differ."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tasktune
from tasktune.definition import Task, load_task
from tasktune.workspace.environment import (
    NONE,
    Device,
    Environment,
    Source,
    code_hash,
    differences,
    environment,
    facts,
)

MakeTask = Callable[..., Task]

NAMES = st.text("abcdef", min_size=1, max_size=3)
ENVIRONMENTS = st.builds(
    Environment,
    python=st.sampled_from(["3.10", "3.12"]),
    packages=st.dictionaries(NAMES, st.sampled_from(["1", "2"]), max_size=3),
    tasktune=st.builds(Source, code=st.sampled_from(["aa" * 32, "bb" * 32])),
    system=st.just("Linux"),
    cpu=st.sampled_from(["this", "that"]),
    cores=st.sampled_from([2, 64]),
    driver=st.sampled_from([None, "580"]),
    variables=st.dictionaries(NAMES.map(str.upper), st.sampled_from(["1", "2"]), max_size=2),
    device=st.none() | st.builds(Device, threads=st.sampled_from([1, 2]), gpus=st.sampled_from([(), ("H200",)])),
)


@pytest.fixture
def make_task(toy_task_type: str, tmp_path: Path) -> MakeTask:
    def make(**keys: Any) -> Task:
        definition = {"task_name": "example", "task_type": toy_task_type, "options": {"classes": ["a"]}, **keys}
        (tmp_path / "task.yaml").write_text(json.dumps(definition), "utf-8")
        return load_task(tmp_path)

    return make


def test_it_names_packages_python_and_machine(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("TASKTUNE_SOMETHING", "on")
    found = environment(make_task())
    assert found.packages["tasktune"] == tasktune.__version__
    assert found.packages["tasktune-toy"] == "0.1.0"
    assert {"torch", "transformers", "tokenizers", "peft", "datasets"} <= found.packages.keys()
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert found.cpu
    assert found.cores is not None
    assert found.cores >= 1
    assert found.variables["OMP_NUM_THREADS"] == "3"
    assert found.variables["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert found.variables["TASKTUNE_SOMETHING"] == "on"
    assert found.device is None
    assert Environment.model_validate_json(found.model_dump_json()) == found


def test_secrets_and_strangers_are_not_in_it(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "OPENAI_API_KEY", "TASKTUNE_API_KEY", "TASKTUNE_HUB_TOKEN", "TASKTUNE_password", "HOME"):
        monkeypatch.setenv(name, "secret")
    # The language of messages changes no number.
    monkeypatch.setenv("TASKTUNE_LANGUAGE", "secret")
    assert "secret" not in environment(make_task()).model_dump_json()


@pytest.mark.parametrize(
    ("keys", "package"),
    [
        ({"training": {"tuning": "qlora"}}, "bitsandbytes"),
        ({"evaluation": {"decoding": "constrained"}}, "llguidance"),
    ],
)
def test_a_package_counts_where_it_is_used(make_task: MakeTask, keys: dict[str, Any], package: str) -> None:
    assert package in environment(make_task(**keys)).packages
    assert package not in environment(make_task()).packages


class TestSource:
    def git(self, folder: Path, *words: str) -> None:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
        subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)

    def of(self, make_task: MakeTask, package: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
        monkeypatch.setattr(tasktune, "__file__", str(package / "__init__.py"))
        return environment(make_task()).tasktune

    def test_a_checkout_has_a_commit_and_may_be_modified(
        self, make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = tmp_path / "repo" / "src" / "package"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("a = 1\n", "utf-8")
        bare = self.of(make_task, package, monkeypatch)
        assert (bare.commit, bare.modified) == (None, None)
        self.git(tmp_path / "repo", "init", "--quiet")
        # In somebody's repository, but none of its files: site-packages in a project's folder.
        assert self.of(make_task, package, monkeypatch) == bare
        self.git(tmp_path / "repo", "add", ".")
        self.git(tmp_path / "repo", "commit", "--quiet", "-m", "one")
        kept = self.of(make_task, package, monkeypatch)
        assert len(kept.commit or "") == 40
        assert (kept.modified, kept.code) == (False, bare.code)
        (package / "__init__.py").write_text("a = 2\n", "utf-8")
        changed = self.of(make_task, package, monkeypatch)
        assert (changed.commit, changed.modified) == (kept.commit, True)
        assert changed.code != kept.code

    def test_without_git_there_is_none(
        self, make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        found = environment(make_task())
        assert found.tasktune.commit is None
        assert found.driver is None


def test_code_is_hashed_by_its_contents(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.py", "b.py")]
    for file in files:
        file.write_text(file.name, "utf-8")
    before = code_hash(files)
    assert before == code_hash(files)
    assert before != code_hash(reversed(files))
    files[0].write_text("other", "utf-8")
    assert before != code_hash(files)


class TestDifferences:
    @given(st.lists(ENVIRONMENTS, min_size=1, max_size=3))
    def test_none_between_the_same(self, several: list[Environment]) -> None:
        assert differences(several, several) == ()
        assert differences(several, several[::-1]) == ()

    @given(ENVIRONMENTS, ENVIRONMENTS)
    def test_turning_them_round_turns_every_one_round(self, one: Environment, other: Environment) -> None:
        there = {(each.name, each.then, each.now) for each in differences([one], [other])}
        back = {(each.name, each.now, each.then) for each in differences([other], [one])}
        assert there == back

    @given(ENVIRONMENTS, ENVIRONMENTS)
    def test_every_one_is_a_fact_that_differs(self, one: Environment, other: Environment) -> None:
        if one.device is None or other.device is None:
            one, other = (each.model_copy(update={"device": None}) for each in (one, other))
        before, today = facts(one), facts(other)
        expected = {
            (name, before.get(name, NONE), today.get(name, NONE))
            for name in before.keys() | today.keys()
            if before.get(name, NONE) != today.get(name, NONE)
        }
        assert {(each.name, each.then, each.now) for each in differences([one], [other])} == expected

    def test_machines_that_took_turns_are_both_named(self, make_task: MakeTask) -> None:
        one = environment(make_task())
        other = one.model_copy(update={"cpu": "another"})
        [found] = differences([one, other], [one])
        assert (found.name, found.then, found.now) == ("CPU", f"{one.cpu}, another", one.cpu)
