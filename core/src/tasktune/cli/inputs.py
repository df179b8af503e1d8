"""The rows that ``tune predict`` is asked about."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.errors import InputError, Problem, RecordError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task

Rows = Iterable[Mapping[str, Any]]
STDIN = Path("-")


@contextmanager
def text_rows(task: Task, texts: Sequence[str], given: Mapping[str, str]) -> Iterator[Rows]:
    """One row per text, with the fields that were given besides.

    :raises InputError: it is not clear which field of the input template the text is for, or others are missing.
    """
    from tasktune.templates import Template

    template = task.spec.input_template
    name = text_field(template, given)
    used = Template(template).fields if template is not None else ()
    missing = [field for field in used if field != name and field not in given]
    if missing:
        raise InputError(
            _("the input template also uses {names}", names=", ".join(missing)),
            hint=_("give each of them with --field {name}=…", name=missing[0]),
        )
    yield [{**given, name: text} for text in texts]


def text_field(template: str | None, given: Iterable[str]) -> str:
    """The input field that a bare text fills: ``text`` if the template uses it, else the one that is not given.

    :raises InputError: the template has no such field, or several.
    """
    from tasktune.templates import Template

    names = Template(template).fields if template is not None else ("text",)
    if "text" in names:
        return "text"
    left = [name for name in names if name not in set(given)]
    if len(left) == 1:
        return left[0]
    if not left:
        raise InputError(
            _(
                "the input template has no field left for the text; it uses {names}",
                names=", ".join(names) or _("none"),
            ),
            hint=_("leave one of the --field options out"),
        )
    raise InputError(
        _("the input template has several fields: {names}", names=", ".join(left)),
        hint=_("give all but one of them with --field {name}=…", name=left[-1]),
    )


@contextmanager
def file_rows(task: Task, source: Path, given: Mapping[str, str]) -> Iterator[Rows]:
    """The rows of a file, or of stdin as JSON Lines; fields that a row lacks are filled in from ``given``.

    Columns are renamed as the task's ``data.fields`` says, for files that look like its training data.

    The file is read twice, first for its problems, so that no row is answered when another cannot be read and no
    row is kept in memory.

    :raises InputError: with every row that cannot be read.
    """
    columns = task.spec.data.fields
    if source != STDIN:
        yield _Rows(source, str(source), task.spec.data.encoding, given, columns)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "stdin.jsonl"
        with copy.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield _Rows(copy, _("stdin"), "utf-8", given, columns)


class _Rows:
    """The rows of a file that is known to be readable; can be gone through more than once."""

    def __init__(
        self, path: Path, shown: str, encoding: str, given: Mapping[str, str], columns: Mapping[str, str]
    ) -> None:
        from tasktune.data.files import read_rows
        from tasktune.data.records import refusal, rename

        self._rename = rename
        self._read = partial(read_rows, path, encoding)
        self._given = given
        self._columns = columns
        problems: list[Problem] = []
        for row in self._read():
            if isinstance(row, Problem):
                problems.append(row.at(shown, row.line))
                continue
            try:
                rename(row.fields, columns)
            except RecordError as error:
                problems += refusal(error, shown, row.line)
        if problems:
            raise InputError(_("{file} cannot be read", file=shown), problems=problems)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for row in self._read():
            # A file that is damaged between the two readings.
            assert not isinstance(row, Problem), row
            yield {**self._given, **self._rename(row.fields, self._columns)}
