"""``tune data review``: which generated rows become training rows, decided one by one and kept as it is decided."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasktune.data.files import read_rows
from tasktune.data.generating.candidate import Sound, reasons, sound_row
from tasktune.data.generating.files import PROVENANCE, Journal, generated_files, journal, review_file
from tasktune.data.generating.ground import survey
from tasktune.data.made import is_utf8, new_backup, refuse_cutting, refuse_encoding
from tasktune.data.records import Problems, relative_to
from tasktune.errors import InputError, Problem, RecordError
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import append_with_backup
from tasktune.workspace.versions import locked

if TYPE_CHECKING:
    from tasktune.definition import Task

Choice = Literal["accept", "reject"]


class Draft(Value):
    """A generated row: where it is (``id`` is ``file:line``), its fields, and where it came from."""

    id: str
    fields: Mapping[str, Any]
    origin: Mapping[str, Any]


class Added(Value):
    """Rows that became training rows: their ids, the file, how many rows it has, and where the file before it is."""

    ids: tuple[str, ...]
    file: str
    backup: str | None


class Review:
    """The drafts of some files, what was decided on them, and what the task's rows have already.

    A decision is on the disk when :meth:`decide` returns. Accepted rows wait for :meth:`add`, which writes them all at
    once; a review that is interrupted in between goes on with both.
    """

    def __init__(self, task: Task, files: Sequence[Path], journals: Sequence[Journal]) -> None:
        self.task = task
        self.drafts: dict[str, Draft] = {}
        self.accepted: dict[str, Mapping[str, Any]] = {}
        self.rejected: set[str] = set()
        self.added: set[str] = set()
        self._journals = dict(zip((relative_to(path, task.folder) for path in files), journals, strict=True))
        self._known = survey(task).known
        problems = Problems()
        for path, kept in zip(files, journals, strict=True):
            for draft in _drafts(task, path, problems):
                self.drafts[draft.id] = draft
            for line in kept.lines():
                self._replay(line)
        problems.raise_if_any(_("the generated rows have {count} problems", count=problems.count))
        for name in [name for name in self.accepted if name not in self.added]:
            self._know(name)

    @property
    def waiting(self) -> list[Draft]:
        """The drafts on which nothing was decided."""
        return [each for name, each in self.drafts.items() if name not in self.accepted and name not in self.rejected]

    def checked(self, draft: Draft, fields: Mapping[str, Any] | None = None) -> Sound:
        """The draft, or other fields in its place, as the task reads it.

        :raises RecordError: the task refuses it, or a row of any split or an accepted one has the same input.
        """
        found = sound_row(self.task, draft.fields if fields is None else fields, draft.id)
        if found.number in self._known:
            raise RecordError(Problem(_("a row of the task has the same input already")))
        return found

    def decide(self, draft: Draft, choice: Choice, fields: Mapping[str, Any] | None = None) -> None:
        """Accept a draft, with other ``fields`` if it was edited, or reject it.

        :raises RecordError: it cannot be accepted, as :meth:`checked` says.
        """
        line: dict[str, Any] = {"id": draft.id, "decision": choice}
        if choice == "accept":
            found = self.checked(draft, fields)
            line |= {"row": found.fields, "edited": fields is not None}
        self._write(draft.id, line)

    def add(self) -> Added | None:
        """Make training rows of the accepted rows that are none yet; None when there are none.

        :raises InputError: the training rows are not in a JSON Lines file.
        """
        waiting = {name: fields for name, fields in self.accepted.items() if name not in self.added}
        if not waiting:
            return None
        target = training_file(self.task)
        with locked(self.task.folder):
            # A kill between the two writes below leaves rows in train that nobody has noted.
            there = survey(self.task).known
            fresh = [
                fields for name, fields in waiting.items() if sound_row(self.task, fields, name).number not in there
            ]
            lines = "".join(json.dumps(fields, ensure_ascii=not is_utf8(self.task)) + "\n" for fields in fresh)
            backup = new_backup(self.task)
            if fresh:
                append_with_backup(target, lines, backup)
        for name in waiting:
            self._write(name, {"id": name, "added": relative_to(target, self.task.folder)})
        return Added(
            ids=tuple(waiting),
            file=relative_to(target, self.task.folder),
            backup=relative_to(backup, self.task.folder) if fresh else None,
        )

    def _write(self, name: str, line: Mapping[str, Any]) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self._journals[name.rpartition(":")[0]].add({**line, "at": now})
        self._replay(line)
        if line.get("decision") == "accept":
            self._know(name)

    def _replay(self, line: Mapping[str, Any]) -> None:
        name = line["id"]
        if "added" in line:
            self.added.add(name)
        elif line["decision"] == "accept":
            self.accepted[name] = line["row"]
        else:
            self.rejected.add(name)

    def _know(self, name: str) -> None:
        try:
            self._known.add(sound_row(self.task, self.accepted[name], name).number)
        except RecordError as error:
            hint = _("the task has changed since it was accepted; take its line out of the review file")
            raise InputError(f"{name}: {reasons(error)}", hint=hint) from error


@contextmanager
def review(task: Task, files: Sequence[Path] = ()) -> Iterator[Review]:
    """The review of ``files`` (default: all generated rows of the task).

    :raises InputError: there are none, they or the task's rows have problems, or another review is going on.
    """
    refuse_cutting(task, _("generated rows are for train only"))
    refuse_encoding(task)
    training_file(task)
    paths = list(files) or generated_files(task)
    missing = [Problem(_("not there")).at(relative_to(path, task.folder)) for path in paths if not path.is_file()]
    if missing:
        raise InputError("", problems=missing)
    if not paths:
        raise InputError(
            _("{folder} has no generated rows", folder=task.folder), hint=_("make some with tune data generate")
        )
    with ExitStack() as stack:
        journals = [stack.enter_context(journal(review_file(path))) for path in paths]
        yield Review(task, paths, journals)


def training_file(task: Task) -> Path:
    """The training file that rows are added to: the last that is JSON Lines.

    :raises InputError: there is none.
    """
    lines = [path for path in task.data_files("train") if path.suffix.lower() == ".jsonl" and path.is_file()]
    if not lines:
        hint = _("make one: tune data import FILE --out data/train.jsonl, and name it under data.train")
        raise InputError(_("rows can be added to a JSONL file only, and the training rows are in none"), hint=hint)
    return lines[-1]


def _drafts(task: Task, path: Path, problems: Problems) -> Iterator[Draft]:
    shown = relative_to(path, task.folder)
    for row in read_rows(path):
        if isinstance(row, Problem):
            problems.add(row.at(shown, row.line))
            continue
        fields = {name: value for name, value in row.fields.items() if name != PROVENANCE}
        yield Draft(id=f"{shown}:{row.line}", fields=fields, origin=row.fields.get(PROVENANCE) or {})
