"""``tune check --fix``: the mends that cannot change what a row says, written into the data files.

Three kinds: characters that nobody sees are taken out, outer spaces are taken away, and a class's name that differs
from a known one in case, width or spaces only becomes that one. A row is mended only if the task type reads the same
from it afterwards, or reads it at all where it refused it before; so offsets stay true, or the row stays as it is.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.checking.findings import IDS_KEPT
from tasktune.data.checking.mending import Mended, Mender
from tasktune.data.files import Row
from tasktune.data.made import all_files, is_utf8, new_backup
from tasktune.data.records import relative_to
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import replacing
from tasktune.workspace.versions import locked

if TYPE_CHECKING:
    from tasktune.definition import Task

LOG = "data/fixes.jsonl"
_SURROGATE = re.compile("[\ud800-\udfff]")


class Fixes(Value):
    """What was mended: rows and changes by kind. ``left`` counts rows that a mend would make say something else.

    ``log`` has a line for every change, ``backup`` the files as they were; both None when nothing was changed.
    """

    rows: int
    kinds: Mapping[str, int]
    left: int
    files: tuple[str, ...]
    log: str | None
    backup: str | None


@dataclass
class Plan:
    """What a pass over the files would mend: rows by file, changes by kind, and refused rows that it would save."""

    rows: dict[Path, int] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    left: int = 0
    saved: int = 0
    saved_ids: list[str] = field(default_factory=list)


def plan(task: Task, classes: Sequence[str]) -> Plan:
    """Go through the files and see what could be mended; ``classes`` are the names that are known to be right."""
    mender = Mender(task, classes)
    found = Plan()
    for path in all_files(task):
        if not path.is_file():
            continue
        for row, mended in mender.rows(path):
            if mended is None:
                continue
            if mended.fields is None:
                found.left += 1
                continue
            found.rows[path] = found.rows.get(path, 0) + 1
            found.kinds.update(change.kind for change in mended.changes)
            if mended.was_refused:
                found.saved += 1
                if len(found.saved_ids) < IDS_KEPT:
                    found.saved_ids.append(f"{relative_to(path, task.folder)}:{row.line}")
    return found


def apply(task: Task, classes: Sequence[str]) -> Fixes:
    """Mend the files, keeping the old ones, all of them or none.

    :raises InputError: the files are not in UTF-8, or changed in the meantime.
    """
    if not is_utf8(task):
        raise InputError(
            _("--fix writes UTF-8, and data.encoding is {encoding}", encoding=task.spec.data.encoding),
            hint=_("save the files as UTF-8 first, and take data.encoding out"),
        )
    with locked(task.folder):
        planned = plan(task, classes)
        if not planned.rows:
            return Fixes(rows=0, kinds={}, left=planned.left, files=(), log=None, backup=None)
        log, backup = task.folder / LOG, new_backup(task)
        try:
            _write(task, classes, planned, log, backup)
        except OSError as error:
            what = error.filename or task.folder
            raise InputError(
                _("{file} cannot be written: {error}", file=what, error=error.strerror or error),
                hint=_("the data files are as they were; make room or give write permission, and run this again"),
            ) from error
    return Fixes(
        rows=sum(planned.rows.values()),
        kinds=dict(sorted(planned.kinds.items())),
        left=planned.left,
        files=tuple(relative_to(path, task.folder) for path in planned.rows),
        log=relative_to(log, task.folder),
        backup=relative_to(backup, task.folder),
    )


def _write(task: Task, classes: Sequence[str], planned: Plan, log: Path, backup: Path) -> None:
    mender = Mender(task, classes)
    with replacing([*planned.rows, log], backup) as (*files, log_file):
        for (path, expected), file in zip(planned.rows.items(), files, strict=True):
            shown = relative_to(path, task.folder)
            written = 0
            for text, row, mended in _rewritten(path, mender):
                file.write(text)
                if row is not None and mended is not None:
                    written += 1
                    for change in mended.changes:
                        entry = {"id": f"{shown}:{row.line}", **vars(change)}
                        log_file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            if written != expected:
                raise InputError(_("the data files changed while they were read"), hint=_("run the same command again"))


def _rewritten(path: Path, mender: Mender) -> Iterator[tuple[str, Row | None, Mended | None]]:
    """A file in pieces: lines as they are, and for each mended row its new text."""
    is_json = path.suffix.lower() == ".jsonl"
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        position = 1

        def lines_before(line: int | None) -> Iterator[str]:
            nonlocal position
            while line is None or position < line:
                text = file.readline()
                if not text:
                    return
                if _SURROGATE.search(text):
                    problem = Problem(_("not valid UTF-8"), _("save the file as UTF-8, and run this again"))
                    raise InputError("", problems=[problem.at(path, position)])
                position += 1
                yield text

        mended_row: tuple[Row, Mended] | None = None
        for row, mended in mender.rows(path):
            yield from _piece(lines_before(row.line), mended_row, path)
            mended_row = (row, mended) if mended is not None and mended.fields is not None else None
            if is_json:
                yield from _piece(lines_before(row.line + 1), mended_row, path)
                mended_row = None
        yield from _piece(lines_before(None), mended_row, path)


def _piece(
    lines: Iterator[str], mended_row: tuple[Row, Mended] | None, path: Path
) -> Iterator[tuple[str, Row | None, Mended | None]]:
    if mended_row is None:
        for line in lines:
            yield line, None, None
        return
    old = list(lines)
    row, mended = mended_row
    assert mended.fields is not None
    end = "\r\n" if old[-1].endswith("\r\n") else "\n"
    if path.suffix.lower() == ".jsonl":
        text = json.dumps(mended.fields, ensure_ascii=False) + end
    else:
        out = io.StringIO()
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        csv.writer(out, delimiter=delimiter, lineterminator=end).writerow(mended.fields.values())
        text = out.getvalue()
    yield text, row, mended
