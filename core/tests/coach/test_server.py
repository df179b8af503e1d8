"""The GPU server, asked once and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasktune.coach.server import keep_server, kept_server, server_file
from tasktune.errors import InputError


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_what_is_kept_is_there_again_and_nothing_else_is_kept() -> None:
    assert kept_server() == {}
    answers = {"host": "me@gpu", "cuda_devices": [0, 1], "goal": "secret", "ssh_key": "~/.ssh/id_rsa"}
    assert keep_server(answers) == server_file()
    assert kept_server() == {"host": "me@gpu", "ssh_key": "~/.ssh/id_rsa", "cuda_devices": "0,1"}
    assert keep_server(answers) is None


def test_without_a_server_nothing_is_written() -> None:
    assert keep_server({"goal": "g"}) is None
    assert not server_file().exists()


def test_the_home_folder_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert server_file() == tmp_path / "me" / ".config" / "tasktune" / "server.json"


@pytest.mark.parametrize("text", ["{", "[]", '{"host": 3}'])
def test_a_damaged_file_is_named(text: str) -> None:
    server_file().parent.mkdir(parents=True)
    server_file().write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"server\.json is damaged"):
        kept_server()
