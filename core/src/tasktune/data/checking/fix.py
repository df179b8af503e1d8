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
from typing import TYPE_CHECKING, Any

from tasktune.data.checking.characters import Mark, marks_of
from tasktune.data.checking.classes import fold
from tasktune.data.checking.findings import IDS_KEPT
from tasktune.data.checking.survey import asked_fields
from tasktune.data.files import Row, read_rows
from tasktune.data.made import all_files, is_utf8, new_backup
from tasktune.data.records import Problems, record_of, relative_to
from tasktune.errors import InputError, Problem, RecordError
from tasktune.locale import translate as _
from tasktune.types import Record, Value
from tasktune.workspace.files import replacing
from tasktune.workspace.versions import locked

if TYPE_CHECKING:
    from tasktune.definition import Task

LOG = "data/fixes.jsonl"
_HARM = Mark.CONTROL | Mark.INVISIBLE
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


@dataclass(frozen=True)
class Change:
    """One value that is mended."""

    field: str
    kind: str
    before: Any
    after: Any


def plan(task: Task, classes: Sequence[str]) -> Plan:
    """Go through the files and see what could be mended; ``classes`` are the names that are known to be right."""
    mender = _Mender(task, classes)
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
        mender = _Mender(task, classes)
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
                    raise InputError(
                        _("the data files changed while they were read"), hint=_("run the same command again")
                    )
    return Fixes(
        rows=sum(planned.rows.values()),
        kinds=dict(sorted(planned.kinds.items())),
        left=planned.left,
        files=tuple(relative_to(path, task.folder) for path in planned.rows),
        log=relative_to(log, task.folder),
        backup=relative_to(backup, task.folder),
    )


@dataclass(frozen=True)
class _Mended:
    """A row's new fields; None when the mend would change what the row says."""

    fields: Mapping[str, Any] | None
    changes: tuple[Change, ...]
    was_refused: bool


class _Mender:
    def __init__(self, task: Task, classes: Sequence[str]) -> None:
        self._task = task
        self._columns = task.spec.data.fields
        self._target = self._columns.get(task.plugin.info.target_field, task.plugin.info.target_field)
        self._inputs = {self._columns.get(name, name) for name in asked_fields(task)}
        by_fold: dict[str, set[str]] = {}
        for name in classes:
            by_fold.setdefault(fold(name), set()).add(name)
        self._known = frozenset(classes)
        self._meant = {folded: next(iter(names)) for folded, names in by_fold.items() if len(names) == 1}

    def rows(self, path: Path) -> Iterator[tuple[Row, _Mended | None]]:
        """Every readable row of a file with its mend, None when there is nothing to mend."""
        for row in read_rows(path, self._task.spec.data.encoding):
            if isinstance(row, Row):
                yield row, self.mend(row)

    def mend(self, row: Row) -> _Mended | None:
        changes = []
        new = dict(row.fields)
        for name in (*self._inputs, self._target):
            if name not in new:
                continue
            before = new[name]
            for kind, mended in self._steps(name, before):
                if mended != new[name]:
                    changes.append(Change(field=name, kind=kind, before=new[name], after=mended))
                    new[name] = mended
        if not changes:
            return None
        old, was = self._read(row, row.fields)
        read, now = self._read(row, new)
        same = was is None or now in (was, _clean(was).strip())
        emptied = any(
            isinstance(change.before, str) and change.before.strip() and not change.after for change in changes
        )
        sound = read is not None and now is not None and same and not emptied
        return _Mended(new if sound else None, tuple(changes), was_refused=old is None)

    def _steps(self, name: str, value: Any) -> Iterator[tuple[str, Any]]:
        cleaned = _each_text(value, _clean)
        yield "characters", cleaned
        if isinstance(cleaned, str) and name in self._inputs:
            cleaned = cleaned.strip()
            yield "spaces", cleaned
        if name == self._target:
            yield "labels", _each_text(cleaned, self._label)

    def _label(self, text: str) -> str:
        return text if text in self._known else self._meant.get(fold(text), text)

    def _read(self, row: Row, fields: Mapping[str, Any]) -> tuple[Record | None, str | None]:
        """The record of some fields and its answer as text; None for what the task type refuses."""
        record = record_of(self._task, Row(row.line, fields), "", Problems())
        if record is None or record.target is None:
            return record, None
        try:
            return record, self._task.plugin.build_prompt(record, self._task.options).completion
        except RecordError:
            return None, None


def _clean(text: str) -> str:
    if not marks_of(text) & _HARM:
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in text if not marks_of(character) & _HARM)


def _each_text(value: Any, mend: Any) -> Any:
    """A value with every text in it mended; keys stay."""
    if isinstance(value, str):
        return mend(value)
    if isinstance(value, list):
        return [_each_text(item, mend) for item in value]
    if isinstance(value, dict):
        return {key: _each_text(item, mend) for key, item in value.items()}
    return value


def _rewritten(path: Path, mender: _Mender) -> Iterator[tuple[str, Row | None, _Mended | None]]:
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

        mended_row: tuple[Row, _Mended] | None = None
        for row, mended in mender.rows(path):
            yield from _piece(lines_before(row.line), mended_row, path)
            mended_row = (row, mended) if mended is not None and mended.fields is not None else None
            if is_json:
                yield from _piece(lines_before(row.line + 1), mended_row, path)
                mended_row = None
        yield from _piece(lines_before(None), mended_row, path)


def _piece(
    lines: Iterator[str], mended_row: tuple[Row, _Mended] | None, path: Path
) -> Iterator[tuple[str, Row | None, _Mended | None]]:
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
