"""A project put in its place: whole or not at all, and nothing of the user's lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tasktune.errors import InputError
from tasktune.workspace.place import place, staged


def never(names: Sequence[str]) -> bool:
    raise AssertionError(f"asked about {names}")


def fill(folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "task.yaml").write_text("new", "utf-8")
    (folder / "docs" / "guide.md").write_text("guide", "utf-8")


def test_a_new_place_gets_everything_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "tasks" / "mine"
    with staged(target) as folder:
        fill(folder)
        placed = place(folder, target, never)
    assert placed.written == ("docs/guide.md", "task.yaml")
    assert [path.name for path in (tmp_path / "tasks").iterdir()] == ["mine"]


def test_the_place_is_as_open_as_any_new_folder(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with staged(tmp_path / "mine") as folder:
        fill(folder)
        place(folder, tmp_path / "mine", never)
    assert (tmp_path / "mine").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_what_breaks_off_leaves_nothing_at_all(tmp_path: Path) -> None:
    def interrupted() -> None:
        with staged(tmp_path / "tasks" / "mine") as folder:
            fill(folder)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_and_what_another_builds_stays(tmp_path: Path) -> None:
    target = tmp_path / "mine"
    build = "from pathlib import Path; from tasktune.workspace.place import staged; import os, signal, sys\n"
    build += "with staged(Path(sys.argv[1])) as folder: (folder / 'a').touch(); os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", build, str(target)], check=False, timeout=60)
    [left] = tmp_path.iterdir()
    with staged(target) as one, staged(target) as other:
        assert not left.exists()
        assert one.is_dir()
        assert other.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_users_file_is_replaced_only_with_leave_and_kept(tmp_path: Path) -> None:
    target = tmp_path / "mine"
    (target / "docs").mkdir(parents=True)
    (target / "task.yaml").write_text("old", "utf-8")
    (target / "docs" / "guide.md").write_text("guide", "utf-8")
    (target / "notes.txt").write_text("mine", "utf-8")
    asked: list[Sequence[str]] = []
    with staged(target) as folder:
        fill(folder)
        (folder / "README.md").touch()
        with pytest.raises(InputError) as caught:
            place(folder, target, lambda names: bool(asked.append(names)))
        assert "task.yaml" in str(caught.value)
        assert (target / "task.yaml").read_text("utf-8") == "old"
        assert not (target / "README.md").exists()
        placed = place(folder, target, lambda names: True)
    assert asked == [["task.yaml"]]
    assert placed.written == ("README.md", "task.yaml")
    assert (target / "task.yaml").read_text("utf-8") == "new"
    assert placed.backup is not None
    assert (Path(placed.backup) / "task.yaml").read_text("utf-8") == "old"
    assert (target / "notes.txt").read_text("utf-8") == "mine"


def test_a_file_or_a_folder_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "mine" / "task.yaml").mkdir(parents=True)
    for name, says in (("file", "is a file"), ("mine", "nothing was written")):
        with staged(tmp_path / name) as folder:
            fill(folder)
            with pytest.raises(InputError, match=says):
                place(folder, tmp_path / name, never)
    assert not (tmp_path / "mine" / "docs").exists()
