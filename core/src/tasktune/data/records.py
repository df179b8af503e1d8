"""The records of a task's splits, read through the task type, with all problems gathered on the way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasktune.data.files import Row, read_rows
from tasktune.errors import InputError, PluginError, Problem, RecordError
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

    :raises PluginError: the task type broke down over a row, which is named.
    """
    return (record for _row, record in rows_and_records(task, files, problems))


def rows_and_records(task: Task, files: Iterable[Path], problems: Problems) -> Iterator[tuple[Row, Record]]:
    """As :func:`read_records`, each record with the row of the file that it was made of."""
    for path in files:
        shown = relative_to(path, task.folder)
        for row in read_rows(path, task.spec.data.encoding):
            record = record_of(task, row, shown, problems)
            if record is not None:
                assert isinstance(row, Row)
                yield row, record


def record_of(task: Task, row: Row | Problem, shown: str, problems: Problems) -> Record | None:
    """The record of a row of the file that is ``shown`` so, or None with the reasons among the problems.

    :raises PluginError: the task type broke down over it.
    """
    if isinstance(row, Problem):
        problems.add(row.at(shown, row.line))
        return None
    try:
        fields = rename(row.fields, task.spec.data.fields)
        return task.plugin.read_record(fields, f"{shown}:{row.line}", task.options)
    except RecordError as error:
        problems.add(*refusal(error, shown, row.line))
    except PluginError as error:
        raise broken_at(error, shown, row.line) from error
    return None


def rename(fields: Mapping[str, Any], columns: Mapping[str, str]) -> Mapping[str, Any]:
    """A row's fields under our names: ``columns`` (``data.fields``) maps a name of ours to the file's column.

    A row that lacks the column but has our name already is left as it is; where it has both, the column counts.

    :raises RecordError: the row has neither.
    """
    if not columns:
        return fields
    missing = [column for ours, column in columns.items() if column not in fields and ours not in fields]
    if missing:
        hint = _("data.fields names it; the columns are {known}", known=", ".join(fields))
        raise RecordError(*(Problem(_("no such column"), hint, column) for column in missing))
    named = {ours: fields[column] for ours, column in columns.items() if column in fields}
    taken = {*named, *columns.values()}
    return {**{column: value for column, value in fields.items() if column not in taken}, **named}


def refusal(error: RecordError, file: str, line: int) -> list[Problem]:
    """Why the task type refuses a row; one that it gives no reason for is still a problem."""
    problems = error.problems or (Problem(_("the task type refuses this row and does not say why")),)
    return [problem.at(file, line) for problem in problems]


def broken_at(error: PluginError, file: str, line: int) -> PluginError:
    """A plugin's breakdown with the row that it happened at."""
    return PluginError(error.message, hint=error.hint, problems=[Problem(_("at this row")).at(file, line)])


def missing_files(task: Task) -> list[Problem]:
    """A problem, with its place in the definition, for every data file that is not there."""
    return [
        task.problem(("data", split), _("{path} is not there", path=relative_to(path, task.folder)))
        for split in SPLITS
        for path in task.data_files(split)
        if not path.is_file()
    ]


def relative_to(path: Path, folder: Path) -> str:
    """A path as seen from a task's folder; one outside it stays whole."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path)
