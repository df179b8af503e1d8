"""What can be mended of one row without a change of what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.checking.characters import Mark, marks_of
from tasktune.data.checking.survey import asked_fields
from tasktune.data.files import Row, read_rows
from tasktune.data.labels import fold
from tasktune.data.records import Problems, record_of
from tasktune.errors import RecordError
from tasktune.types import Record

if TYPE_CHECKING:
    from tasktune.definition import Task

_HARM = Mark.CONTROL | Mark.INVISIBLE


@dataclass(frozen=True)
class Change:
    """One value that is mended."""

    field: str
    kind: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Mended:
    """A row's new fields; None when the mend would change what the row says."""

    fields: Mapping[str, Any] | None
    changes: tuple[Change, ...]
    was_refused: bool


class Mender:
    """Mends rows of a task; ``classes`` are the names that are known to be right."""

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

    def rows(self, path: Path) -> Iterator[tuple[Row, Mended | None]]:
        """Every readable row of a file with its mend, None when there is nothing to mend."""
        for row in read_rows(path, self._task.spec.data.encoding):
            if isinstance(row, Row):
                yield row, self.mend(row)

    def mend(self, row: Row) -> Mended | None:
        """The row's mend; None when there is nothing to mend."""
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
        return Mended(new if sound else None, tuple(changes), was_refused=old is None)

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


def _each_text(value: Any, mend: Callable[[str], str]) -> Any:
    """A value with every text in it mended; keys stay."""
    if isinstance(value, str):
        return mend(value)
    if isinstance(value, list):
        return [_each_text(item, mend) for item in value]
    if isinstance(value, dict):
        return {key: _each_text(item, mend) for key, item in value.items()}
    return value
