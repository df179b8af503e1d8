"""The records of a task's splits, read through the task type, with all problems gathered on the way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasktune.data.files import Row, read_rows
from tasktune.errors import InputError, Problem, RecordError
from tasktune.locale import translate as _
from tasktune.types import Record

if TYPE_CHECKING:
    from tasktune.definition import Task

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
# The rest is counted: nobody reads more, and a wrong field name makes one problem for each of a million rows.
MAX_PROBLEMS = 1000


class Problems:
    """Gathers problems: the first ``MAX_PROBLEMS`` are kept, all are counted."""

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.count = 0

    def add(self, *problems: Problem) -> None:
        """Take problems in."""
        self.count += len(problems)
        self.kept.extend(itertools.islice(problems, max(0, MAX_PROBLEMS - len(self.kept))))

    def raise_if_any(self, message: str) -> None:
        """:raises InputError: with the kept problems, and how many more there are."""
        if not self.count:
            return
        more = self.count - len(self.kept)
        hint = _("and {more} more", more=more) if more else None
        raise InputError(message, hint=hint, problems=self.kept)


def read_records(task: Task, files: Iterable[Path], problems: Problems) -> Iterator[Record]:
    """The readable records of the files in order, streamed; what is wrong with the others goes to ``problems``.

    A record's id is ``file:line`` with the file relative to the task's folder.
    """
    to_ours = {column: name for name, column in task.spec.data.fields.items()}
    for path in files:
        shown = _relative(path, task.folder)
        for row in read_rows(path, task.spec.data.encoding):
            if isinstance(row, Problem):
                problems.add(row.at(shown, row.line))
                continue
            try:
                yield record_of(task, row, f"{shown}:{row.line}", to_ours)
            except RecordError as error:
                problems.add(*(problem.at(shown, row.line) for problem in error.problems))


def record_of(task: Task, row: Row, record_id: str, to_ours: Mapping[str, str]) -> Record:
    """One row as a record, its columns renamed as ``data.fields`` says and its prompt known to build.

    :raises RecordError: the task type refuses the row.
    """
    fields: Mapping[str, Any] = row.fields
    if to_ours:
        missing = [column for column in to_ours if column not in fields and to_ours[column] not in fields]
        if missing:
            known = ", ".join(fields)
            raise RecordError(
                *(
                    Problem(
                        _("no such column"), _("data.fields names it; the columns are {known}", known=known), column
                    )
                    for column in missing
                )
            )
        fields = {to_ours.get(column, column): value for column, value in fields.items()}
    return task.plugin.read_record(fields, record_id, task.options)


def _relative(path: Path, folder: Path) -> str:
    try:
        return str(path.resolve().relative_to(folder.resolve()))
    except ValueError:
        return str(path)
