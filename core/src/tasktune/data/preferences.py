"""Rows of a chosen and a rejected answer to the same input: what ORPO and DPO are trained on (``data.pairs``).

Such a row has the task's input fields, ``chosen`` in place of the target, and ``rejected``: another target, or any text
that a model might have answered. So a pair is trained on the very prompt that is used later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.files import Row, read_rows
from tasktune.data.records import Problems, record_of, relative_to
from tasktune.data.scan import SAME_INPUT, checked_prompt, content_hash
from tasktune.errors import Problem, RecordError
from tasktune.locale import translate as _
from tasktune.types import Prompt, Record, Value

if TYPE_CHECKING:
    from tasktune.definition import Task

CHOSEN, REJECTED = "chosen", "rejected"


class Pair(Value):
    """A record with its chosen answer as the target, its prompt with that as the completion, and the rejected answer
    as text."""

    record: Record
    prompt: Prompt
    rejected: str


def check_pairs(task: Task, is_tested: Callable[[int], bool], problems: Problems) -> None:
    """Read every pair; what is wrong with one, or that there are none, is a problem.

    ``is_tested`` tells whether a prompt, by its :func:`~tasktune.data.scan.content_hash`, is in the test split.
    """
    files = task.pairs_files()
    if not files:
        problems.add(
            task.problem(
                ("training", "method"),
                _("{method} learns from pairs of answers, and data.pairs names none", method=task.spec.training.method),
                _("make them of wrong predictions (tune data generate --pairs), or write rows of both answers"),
            )
        )
        return
    problems.add(
        *(
            task.problem(("data", "pairs"), _("{path} is not there", path=relative_to(path, task.folder)))
            for path in files
            if not path.is_file()
        )
    )
    for pair in read_pairs(task, problems):
        if task.spec.data.overlap != "keep" and is_tested(content_hash(pair.prompt)):
            file, _colon, line = pair.record.id.rpartition(":")
            problems.add(Problem(_(SAME_INPUT), _("take it out of one of the two")).at(file, int(line)))


def read_pairs(task: Task, problems: Problems) -> Iterator[Pair]:
    """The sound pairs of the task's files in order, streamed; what is wrong with the others goes to ``problems``."""
    for path in filter(Path.is_file, task.pairs_files()):
        shown = relative_to(path, task.folder)
        for row in read_rows(path, task.spec.data.encoding):
            pair = _pair(task, row, shown, problems)
            if pair is not None:
                yield pair


def _pair(task: Task, row: Row | Problem, shown: str, problems: Problems) -> Pair | None:
    if isinstance(row, Problem):
        problems.add(row.at(shown, row.line))
        return None
    missing = [name for name in (CHOSEN, REJECTED) if row.fields.get(name) is None]
    if missing:
        hint = _("a pair has the fields of the input, chosen and rejected")
        problems.add(*(Problem(_("missing"), hint, name).at(shown, row.line) for name in missing))
        return None
    target = task.plugin.info.target_field
    fields = {name: value for name, value in row.fields.items() if name not in (CHOSEN, REJECTED)}
    record = record_of(task, Row(row.line, {**fields, _column(task, target): row.fields[CHOSEN]}), shown, problems)
    prompt = None if record is None else checked_prompt(task, record, problems)
    if record is None or prompt is None:
        return None
    rejected = _answer(task, record, row.fields[REJECTED])
    if rejected is None or rejected == prompt.completion:
        message = _("no answer of this task, and no text") if rejected is None else _("is the chosen answer, too")
        problems.add(Problem(message, _("give an answer that is worse"), REJECTED).at(shown, row.line))
        return None
    return Pair(record=record, prompt=prompt, rejected=rejected)


def _column(task: Task, name: str) -> str:
    """What a field of ours is called in the files."""
    return task.spec.data.fields.get(name, name)


def _answer(task: Task, record: Record, value: Any) -> str | None:
    """An answer as text: as the task type writes it if it is a target, else the text that it is; None for neither."""
    row: Mapping[str, Any] = {**record.inputs, task.plugin.info.target_field: value}
    try:
        meant = task.plugin.read_record(row, record.id, task.options)
        return task.plugin.build_prompt(meant, task.options).completion
    except RecordError:
        return value if isinstance(value, str) else None
