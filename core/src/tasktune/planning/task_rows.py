"""The rows that a task would be trained on, counted by the base model's tokenizer where that is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from tasktune.data.rows import chat, used_records
from tasktune.data.scan import Scan, scan
from tasktune.data.tokenizing import tokenized
from tasktune.planning.bases import config_file
from tasktune.planning.rows import Rows, alike
from tasktune.types import Value

if TYPE_CHECKING:
    from tasktune.definition import Task

USUAL_COMPLETION = 64
"""Tokens of an answer where nothing is known of the answers: enough for a label, or a few entities as JSON."""
ROWS = 1000
"""Rows of a plan without a task."""
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
_END_OF_TURN = 8
"""Tokens that a chat template may put behind an answer."""


Reason = Literal["problems", "tokenizer", "transformers", "too_long"]


class TaskRows(Value):
    """The training rows, how many problems the data have, which stop a run, and why tokens could not be counted:
    the data have problems, the tokenizer or transformers is not here, or every row is too long."""

    rows: Rows
    problems: int = 0
    uncounted: Reason | None = None


def rows_of(task: Task) -> TaskRows:
    """One pass over the data, and a second to count tokens if there are no problems and the tokenizer is on this
    machine; nothing is downloaded. Else every row is taken to have ``training.max_length`` tokens.

    :raises InputError: the base model's name is a path to no model, or no installed distribution offers it.
    """
    found = scan(task)
    limit = task.spec.training.max_length
    count = found.rows["train"]
    unknown = alike(max(count, 1), limit, min(USUAL_COMPLETION, limit), "max_length")
    if found.problems.count or not count:
        return TaskRows(rows=unknown, problems=found.problems.count, uncounted="problems")
    missing = _missing(task)
    if missing is not None:
        # A tokenizer that works on bytes makes at most one token of each.
        longest = max(len(messages[-1]["content"].encode()) for messages in _training_chats(task, found))
        return TaskRows(rows=alike(count, limit, min(longest + _END_OF_TURN, limit), "max_length"), uncounted=missing)
    with tokenized(task, _training_chats(task, found), "tally") as reply:
        rows = Rows.model_validate(next(reply))
    if not rows.count:
        return TaskRows(rows=unknown.model_copy(update={"too_long": rows.too_long}), uncounted="too_long")
    return TaskRows(rows=rows)


def _missing(task: Task) -> Reason | None:
    """What is not here to count tokens with."""
    if find_spec("transformers") is None:
        return "transformers"
    training = task.spec.training
    config = config_file(training.base_model, training.revision, task.folder)
    here = config is not None and any((config.parent / name).is_file() for name in _TOKENIZER_FILES)
    return None if here else "tokenizer"


def _training_chats(task: Task, found: Scan) -> Iterator[list[dict[str, str]]]:
    for split, record in used_records(task, found):
        if split == "train":
            yield chat(task.plugin.build_prompt(record, task.options))
