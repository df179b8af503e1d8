"""Writes that leave the old file or the whole new one."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasktune.workspace.files import (
    open_atomically,
    read_json,
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
