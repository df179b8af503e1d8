"""The event log: whole lines in order, whatever a kill leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tasktune.workspace.events import Event, EventLog, EventReader, read_events


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def texts(events: list[Event]) -> list[Any]:
    return [event.data["text"] for event in events]


def test_events_read_back_as_they_were_emitted(path: Path) -> None:
    before = time.time()
    log = EventLog(path)
    log.stage("train", "started", rows=3)
    log.progress("train", 1, 10, "step", loss=0.5, epoch=None)
    log.message("evaluate", "小心\n第二行", "warning")
    found = list(read_events(path))
    assert [(event.kind, event.stage, dict(event.data)) for event in found] == [
        ("stage", "train", {"status": "started", "rows": 3}),
        ("progress", "train", {"done": 1, "total": 10, "unit": "step", "loss": 0.5, "epoch": None}),
        ("message", "evaluate", {"level": "warning", "text": "小心\n第二行"}),
    ]
    assert all(before <= event.time <= time.time() for event in found)
    assert {event.process for event in found} == {os.getpid()}
    assert len(path.read_bytes().splitlines()) == 3


def test_a_reader_gets_each_event_once_as_the_log_grows(path: Path) -> None:
    reader = EventReader(path)
    assert reader.new() == []
    log = EventLog(path)
    log.message("train", "one")
    assert texts(reader.new()) == ["one"]
    assert reader.new() == []
    log.message("train", "two")
    EventLog(path).message("train", "three")
    assert texts(reader.new()) == ["two", "three"]


def test_a_line_that_is_still_being_written_is_waited_for(path: Path) -> None:
    EventLog(path).message("train", "one")
    whole = Event(kind="message", stage="train", data={"level": "info", "text": "two"}).model_dump_json().encode()
    reader = EventReader(path)
    with path.open("ab") as file:
        file.write(whole[:20])
        file.flush()
        assert texts(reader.new()) == ["one"]
        file.write(whole[20:] + b"\n")
    assert texts(reader.new()) == ["two"]


def test_a_reader_from_the_end_is_not_told_of_the_past(path: Path) -> None:
    EventLog(path).message("train", "past")
    reader = EventReader(path, from_end=True)
    EventLog(path).message("train", "now")
    assert texts(reader.new()) == ["now"]


@pytest.mark.parametrize("from_end", [True, False])
def test_a_torn_line_costs_only_itself(path: Path, from_end: bool) -> None:
    EventLog(path).message("train", "one")
    with path.open("ab") as file:
        file.write(b'{"kind":"message","stage":"tr')
    reader = EventReader(path, from_end=from_end)
    EventLog(path).message("train", "two")
    EventLog(path).message("train", "three")
    assert texts(reader.new()) == (["two", "three"] if from_end else ["one", "two", "three"])
    assert texts(list(read_events(path))) == ["one", "two", "three"]


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[]", b'{"kind": "unknown"}', b"null", b"{}"])
def test_a_damaged_line_is_passed_over(path: Path, line: bytes) -> None:
    EventLog(path).message("train", "one")
    with path.open("ab") as file:
        file.write(line + b"\n")
    EventLog(path).message("train", "two")
    assert texts(list(read_events(path))) == ["one", "two"]


def test_no_log_is_no_events(path: Path) -> None:
    assert list(read_events(path)) == []


def test_a_writer_killed_at_any_moment_leaves_a_log_that_the_next_one_continues(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tasktune.workspace.events import EventLog\n"
        "log = EventLog(Path(sys.argv[1]))\n"
        "for n in range(10**9): log.message('train', f'{n} ' + 'x' * 20_000)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, str(path)])
    reader = EventReader(path)
    seen: list[Any] = []
    deadline = time.monotonic() + 30
    while len(seen) < 50:
        assert time.monotonic() < deadline
        seen += texts(reader.new())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    EventLog(path).message("train", "next worker")
    seen += texts(reader.new())
    numbers = [int(text.split(" ")[0]) for text in seen[:-1]]
    assert numbers == list(range(len(numbers)))
    assert seen[-1] == "next worker"
    lines = path.read_bytes().splitlines()
    assert sum(1 for line in lines if not is_json(line)) <= 1


def is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
