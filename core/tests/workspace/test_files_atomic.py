"""Writes that leave the old file or the whole new one."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasktune.workspace.files import (
    append_with_backup,
    open_atomically,
    read_json,
    replacing,
    sha256_of,
    write_json_atomically,
    write_text_atomically,
)


def test_a_block_that_ends_well_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_text_atomically(path, "old")
    with open_atomically(path) as file:
        file.write("臺灣\n")
        assert path.read_text("utf-8") == "old"
    assert path.read_bytes() == "臺灣\n".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_raises_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file.txt"
    write_text_atomically(path, "old")

    def fail() -> None:
        with open_atomically(path) as file:
            file.write("half of the n")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text_atomically(path, "\ud83d")
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_kill_9_leaves_the_old_file_and_the_next_write_clears_the_rest_away(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text_atomically(path, "old")
    program = (
        "import os, signal, sys; from pathlib import Path; from tasktune.workspace.files import open_atomically\n"
        "with open_atomically(Path(sys.argv[1])) as file:\n"
        "    file.write('half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_text("utf-8") == "old"
    write_text_atomically(path, "new")
    assert path.read_text("utf-8") == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_json_reads_back_and_is_readable(tmp_path: Path) -> None:
    value = {"名": ["a", 1, None, 0.5], "nested": {"x": True}}
    write_json_atomically(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    assert '  "名": [' in (tmp_path / "a.json").read_text("utf-8")


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 7])
def test_sha256_is_that_of_the_whole_file(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "f").write_bytes(content[:size])
    assert sha256_of(tmp_path / "f") == hashlib.sha256(content[:size]).hexdigest()


def test_files_are_replaced_together_and_the_old_ones_are_kept(tmp_path: Path) -> None:
    paths = [tmp_path / "data" / name for name in ("a", "b", "c")]
    for path, text in zip(paths, ("old a", "old b", None), strict=True):
        if text:
            write_text_atomically(path, text)
    with replacing(paths, tmp_path / "backup" / "1") as files:
        for file, text in zip(files, ("新", "", "new c"), strict=True):
            file.write(text)
        assert paths[0].read_text("utf-8") == "old a"
    files_there = [path for path in tmp_path.rglob("*") if path.is_file()]
    found = {path.relative_to(tmp_path).as_posix(): path.read_text("utf-8") for path in files_there}
    # Nothing was written for b: it is gone from its place.
    assert found == {"data/a": "新", "data/c": "new c", "backup/1/a": "old a", "backup/1/b": "old b"}


def test_no_backup_is_made_when_nothing_is_replaced(tmp_path: Path) -> None:
    with replacing([tmp_path / "a"], tmp_path / "backup") as [file]:
        file.write("new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_raises_replaces_none_of_the_files(tmp_path: Path, error: type[BaseException]) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    write_text_atomically(paths[0], "old")

    def fail() -> None:
        with replacing(paths, tmp_path / "backup") as files:
            files[0].write("new")
            raise error

    with pytest.raises(error):
        fail()
    assert paths[0].read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(("old", "new"), [(b"", b"c\n"), (b"a\n", b"a\nc\n"), (b"a\nb", b"a\nb\nc\n")])
def test_lines_are_added_behind_whole_lines(tmp_path: Path, old: bytes, new: bytes) -> None:
    path, backup = tmp_path / "file.txt", tmp_path / "backup"
    path.write_bytes(old)
    append_with_backup(path, "c\n", backup)
    assert path.read_bytes() == new
    assert (backup / "file.txt").read_bytes() == old


def test_lines_that_cannot_be_added_leave_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"a\n")
    with pytest.raises(UnicodeEncodeError):
        append_with_backup(path, "\ud83d\n", tmp_path / "backup")
    assert path.read_bytes() == b"a\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["backup", "file.txt"]
