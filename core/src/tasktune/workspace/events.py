"""What a worker tells its parent: one JSON line per event, appended to ``events.jsonl`` of the version.

The parent draws progress from the file as it grows, so a parent that dies or comes back loses nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tasktune.types import Value

Stage = Literal["check", "prepare", "train", "evaluate", "report", "generate"]


class Event(Value):
    """Something that happened in a stage.

    ``data`` of a ``stage`` event has ``status`` (started, finished, skipped or failed, this one with the kind of the
    ``error`` and its ``message``); of ``progress``: ``done``, ``total``
    and ``unit`` (step or row), and when known ``loss`` and ``eval_loss`` (nats per token), ``metric``, which
    ``metric_name`` names, of validation rows, ``grad_norm``, ``learning_rate``, ``epoch``, ``tokens_per_second`` and
    ``seconds_left``; of a ``message``: ``level`` (info or warning) and ``text``. ``time`` is seconds since the epoch.
    ``process`` is the id of the process that wrote it into a log, for the last words of one and the first of its
    successor may stand side by side.
    """

    kind: Literal["stage", "progress", "message"]
    stage: Stage
    data: Mapping[str, Any]
    time: float = Field(default_factory=time.time)
    process: int = 0


class Events:
    """Makes events and hands them to ``emit``."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self.emit = emit

    def stage(self, stage: Stage, status: str, **facts: Any) -> None:
        """Say that a stage started, finished or was skipped."""
        self.emit(Event(kind="stage", stage=stage, data={"status": status, **facts}))

    def progress(self, stage: Stage, done: int, total: int, unit: str, **facts: Any) -> None:
        """Say how far a stage is."""
        self.emit(Event(kind="progress", stage=stage, data={"done": done, "total": total, "unit": unit, **facts}))

    def message(self, stage: Stage, text: str, level: Literal["info", "warning"] = "info") -> None:
        """Tell the user something."""
        self.emit(Event(kind="message", stage=stage, data={"level": level, "text": text}))


class EventLog(Events):
    """Appends events to a version's log, each as one line in one write, signed by ``process``: by default this one."""

    def __init__(self, path: Path, process: int | None = None) -> None:
        super().__init__(self._append)
        self.path = path
        self._process = process or os.getpid()
        _end_torn_line(path)

    def _append(self, event: Event) -> None:
        signed = event.model_copy(update={"process": self._process})
        with self.path.open("ab") as file:
            file.write(signed.model_dump_json().encode() + b"\n")


def _end_torn_line(path: Path) -> None:
    """End a line that kill -9 has torn, so that the next event is not lost with it."""
    if path.exists() and path.stat().st_size:
        with path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                file.write(b"\n")


def read_events(path: Path) -> Iterator[Event]:
    """All whole events in a log; a torn last line, which a kill can leave, is passed over."""
    if path.exists():
        reader = EventReader(path)
        yield from reader.new()


class EventReader:
    """Reads a growing log from where it left off."""

    def __init__(self, path: Path, *, from_end: bool = False) -> None:
        self.path = path
        self._offset = path.stat().st_size if from_end and path.exists() else 0

    def new(self) -> list[Event]:
        """The events appended since the last call."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            block = file.read()
        whole = block[: block.rfind(b"\n") + 1]
        self._offset += len(whole)
        events = []
        for line in whole.splitlines():
            try:
                events.append(Event.model_validate(json.loads(line)))
            except ValueError:
                # Torn by kill -9.
                continue
        return events
