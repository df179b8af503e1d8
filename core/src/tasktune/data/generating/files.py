"""Files that only grow, line by line: what was paid for, and what a person decided, is never written twice."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task

PROVENANCE = "_generated"
"""The field of a generated row that says where it came from; it is not part of the row."""
_ALL = "all"


def raw_folder(task: Task) -> Path:
    """Where rows lie before they are training rows."""
    return task.folder / "data" / "raw"


def generated_file(task: Task, wanted_class: str | None) -> Path:
    """The file for generated rows of a class; None for rows of any."""
    name = _ALL
    if wanted_class is not None:
        name = "".join(each if each.isalnum() or each in "-_" else "_" for each in wanted_class)
        if name != wanted_class or name == _ALL or len(name) > 60:
            # Another class may come to the same name.
            name = f"{name[:60]}-{hashlib.blake2b(wanted_class.encode(), digest_size=3).hexdigest()}"
    return raw_folder(task) / f"generated_{name}.jsonl"


def generated_files(task: Task) -> list[Path]:
    """All files of generated rows."""
    return sorted(path for path in raw_folder(task).glob("generated_*.jsonl") if "." not in path.stem)


def requests_file(rows: Path) -> Path:
    """Beside a file of generated rows: what was asked for, answered, spent and refused."""
    return rows.with_suffix(".requests.jsonl")


def review_file(rows: Path) -> Path:
    """Beside a file of generated rows: what was decided on each."""
    return rows.with_suffix(".review.jsonl")


class Journal:
    """A JSON Lines file of this process alone; every line is on the disk before the next step is taken."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise InputError(
                _("another command is writing {file}", file=path), hint=_("wait for it to end, or stop it with Ctrl-C")
            ) from error
        self._end_torn_line()

    def add(self, value: Mapping[str, Any]) -> None:
        """Write one line."""
        self._file.write(json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines that are there."""
        self._file.seek(0)
        for line in self._file:
            yield json.loads(line)

    def close(self) -> None:
        """Let others write."""
        if not self.path.stat().st_size:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _end_torn_line(self) -> None:
        """Take off what a full disk or a power cut left of a line; end a whole one that an editor left open."""
        size = start = self._file.seek(0, os.SEEK_END)
        last = b""
        while start and b"\n" not in last:
            begin = max(0, start - 65536)
            self._file.seek(begin)
            last = self._file.read(start - begin) + last
            start = begin
        torn = last[last.rfind(b"\n") + 1 :]
        if not torn:
            return
        try:
            json.loads(torn)
        except ValueError:
            self._file.truncate(size - len(torn))
        else:
            self._file.write(b"\n")


@contextmanager
def journal(path: Path) -> Iterator[Journal]:
    """A journal for the length of a block; one into which nothing was written leaves no file.

    :raises InputError: another process has it open.
    """
    opened = Journal(path)
    try:
        yield opened
    finally:
        opened.close()
