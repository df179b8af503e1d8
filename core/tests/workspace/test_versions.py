"""Versions: their names and order, their state, and the lock that keeps two runs apart."""

from __future__ import annotations

import datetime
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.errors import InputError
from tasktune.workspace.versions import (
    State,
    Strategy,
    Version,
    get_version,
    locked,
    new_version,
    next_name,
    versions,
)

DAY = datetime.date(2026, 11, 20)


def start(folder: Path, *names: str) -> None:
    for name in names:
        new_version(folder, name).set_state(State(fingerprint=name))


@pytest.mark.parametrize(
    ("strategy", "taken", "expected"),
    [
        ("semantic", [], "v1"),
        ("semantic", ["v1", "v2"], "v3"),
        ("semantic", ["v2", "v10", "v10.1"], "v11"),
        ("semantic", ["2026-11-20", "baseline"], "v1"),
        ("date", [], "2026-11-20"),
        ("date", ["2026-11-20"], "2026-11-20.2"),
        ("date", ["2026-11-20", "2026-11-20.2", "2026-11-19"], "2026-11-20.3"),
        ("hybrid", [], "v1-20261120"),
        ("hybrid", ["v1-20261101", "v2-20261120"], "v3-20261120"),
        ("hybrid", ["v4"], "v5-20261120"),
    ],
)
def test_names_follow_the_strategy(tmp_path: Path, strategy: Strategy, taken: list[str], expected: str) -> None:
    start(tmp_path, *taken)
    assert next_name(tmp_path, strategy, DAY) == expected


def test_a_folder_that_was_never_started_takes_no_name(tmp_path: Path) -> None:
    new_version(tmp_path, "v1")
    assert versions(tmp_path) == []
    assert next_name(tmp_path, "semantic", DAY) == "v1"


@pytest.mark.parametrize(
    "order",
    [
        ["v1", "v2", "v2.1", "v10", "v10.1", "v11"],
        ["2025-12-31", "2026-01-02", "2026-01-02.2", "2026-01-02.10"],
        ["v1-20261120", "v2-20261101", "v10-20261101"],
        ["v1-20261120", "v2-20261119", "v2.1-20261118", "v3"],
    ],
)
def test_versions_come_oldest_first(tmp_path: Path, order: list[str]) -> None:
    shuffled = order.copy()
    random.Random(1).shuffle(shuffled)
    start(tmp_path, *shuffled)
    assert [version.name for version in versions(tmp_path)] == order


def test_a_task_without_versions(tmp_path: Path) -> None:
    assert versions(tmp_path) == []
    with pytest.raises(InputError) as caught:
        get_version(tmp_path, "v1")
    assert "none" in caught.value.message
    assert "tune run" in str(caught.value.hint)


def test_an_unknown_version_names_those_that_exist(tmp_path: Path) -> None:
    start(tmp_path, "v1", "v2")
    assert get_version(tmp_path, "v2").name == "v2"
    with pytest.raises(InputError, match="v1, v2"):
        get_version(tmp_path, "v3")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../v1", "a/b", "a\\b", ".hidden", "-v", "v 1", "版本", "v1\n", "x" * 65, "current"]
)
def test_names_that_could_leave_the_folder_or_mislead_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be a version's name"):
        new_version(tmp_path, name)
    with pytest.raises(InputError, match="cannot be a version's name"):
        get_version(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_state_survives_the_disk(tmp_path: Path) -> None:
    version = new_version(tmp_path, "v1")
    assert version.state() is None
    state = State(fingerprint="f" * 64, stages_done=("prepare",))
    version.set_state(state)
    assert version.state() == state
    version.finish_stage("train")
    version.finish_stage("train")
    assert version.state() == State(fingerprint="f" * 64, stages_done=("prepare", "train"))


def test_the_judged_split_has_the_plain_folder(tmp_path: Path) -> None:
    version = new_version(tmp_path, "v1")
    assert version.evaluation_of("test") == version.evaluation == version.folder / "evaluation"
    assert len({version.evaluation_of(split) for split in ("train", "valid", "test")}) == 3


HOLD = """
import sys, time
from pathlib import Path
from tasktune.workspace.versions import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


class TestLock:
    @pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_a_second_process_is_refused_until_the_first_ends_however_it_ends(
        self, tmp_path: Path, end: signal.Signals
    ) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(InputError) as caught, locked(tmp_path):
                pytest.fail("two processes hold the task")
            assert f"process {holder.pid}" in caught.value.message
            assert str(tmp_path) in caught.value.message
            holder.send_signal(end)
        with locked(tmp_path):
            assert (tmp_path / "versions" / ".lock").read_text() == str(os.getpid())

    def test_it_is_given_back_after_an_error_and_is_no_version(self, tmp_path: Path) -> None:
        def fail() -> None:
            with locked(tmp_path):
                raise ValueError

        for _attempt in range(2):
            with pytest.raises(ValueError):
                fail()
        assert versions(tmp_path) == []

    def test_child_processes_do_not_keep_it(self, tmp_path: Path) -> None:
        with locked(tmp_path):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        try:
            with locked(tmp_path):
                pass
        finally:
            child.kill()
            child.wait()


class TestSmallSteps:
    """A version with the model of the newest one, asked in another way."""

    def trained(self, folder: Path, name: str, training: str) -> Version:
        version = new_version(folder, name)
        version.set_state(State(fingerprint=name, training=training, stages_done=("prepare", "train")))
        version.training.write_text("{}", "utf-8")
        return version

    @pytest.mark.parametrize(
        ("strategy", "newest", "expected"),
        [
            ("semantic", "v2", "v2.1"),
            ("semantic", "v2.9", "v2.10"),
            ("semantic", "baseline", "v1"),
            ("hybrid", "v2-20261119", "v2.1-20261120"),
            ("hybrid", "v2.1-20261120", "v2.2-20261120"),
            ("date", "2026-11-20", "2026-11-20.2"),
            ("date", "v2", "2026-11-20"),
        ],
    )
    def test_have_small_numbers(self, tmp_path: Path, strategy: Strategy, newest: str, expected: str) -> None:
        self.trained(tmp_path, newest, "same")
        assert next_name(tmp_path, strategy, DAY, training="same") == expected

    def test_another_model_is_a_whole_step(self, tmp_path: Path) -> None:
        self.trained(tmp_path, "v2.1", "same")
        assert next_name(tmp_path, "semantic", DAY, training="other") == "v3"

    def test_a_model_of_an_older_version_is_a_whole_step_so_that_the_newest_comes_last(self, tmp_path: Path) -> None:
        self.trained(tmp_path, "v1", "first")
        self.trained(tmp_path, "v2", "second")
        assert next_name(tmp_path, "semantic", DAY, training="first") == "v3"

    def test_a_model_that_is_gone_or_not_trained_yet_is_a_whole_step(self, tmp_path: Path) -> None:
        version = self.trained(tmp_path, "v1", "same")
        version.pruned.write_text("{}", "utf-8")
        assert next_name(tmp_path, "semantic", DAY, training="same") == "v2"
        version.pruned.unlink()
        version.training.unlink()
        assert next_name(tmp_path, "semantic", DAY, training="same") == "v2"


@given(
    names=st.lists(
        st.builds("v{}.{}-{}".format, st.integers(1, 30), st.integers(0, 30), st.integers(20200101, 20301231)),
        unique=True,
    )
)
def test_days_do_not_change_the_order_of_numbers(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        start(Path(folder), *names)
        numbers = [tuple(map(int, re.findall(r"\d+", version.name))) for version in versions(Path(folder))]
    assert numbers == sorted(numbers)


def test_what_is_hidden_or_a_link_called_current_is_no_version(tmp_path: Path) -> None:
    start(tmp_path, "v1")
    shutil.copytree(tmp_path / "versions" / "v1", tmp_path / "versions" / ".v0")
    (tmp_path / "versions" / "current").symlink_to("v1")
    assert [version.name for version in versions(tmp_path)] == ["v1"]


def test_a_misspelt_version_is_told_the_nearest(tmp_path: Path) -> None:
    start(tmp_path, "v1-20261120", "v2-20261121")
    with pytest.raises(InputError) as caught:
        get_version(tmp_path, "v2-2026112")
    assert caught.value.hint == "did you mean v2-20261121?"
