"""The rows that a task would be trained on, counted by the base model's tokenizer where that is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

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
_END_OF_TURN = 8
"""Tokens that a chat template may put behind an answer."""


class TaskRows(Value):
    """The training rows, and how many problems the data have, which stop a run."""

    rows: Rows
    problems: int = 0


def rows_of(task: Task) -> TaskRows:
    """One pass over the data, and a second to count tokens if there are no problems and the tokenizer is on this
    machine; nothing is downloaded. Else every row is taken to have ``training.max_length`` tokens."""
    found = scan(task)
    limit = task.spec.training.max_length
    count = found.rows["train"]
    if found.problems.count or not count:
        return TaskRows(
            rows=alike(max(count, 1), limit, min(USUAL_COMPLETION, limit), "max_length"), problems=found.problems.count
        )
    if not tokenizer_at_hand(task):
        # A tokenizer that works on bytes makes at most one token of each.
        longest = max(len(messages[-1]["content"].encode()) for messages in _training_chats(task, found))
        return TaskRows(rows=alike(count, limit, min(longest + _END_OF_TURN, limit), "max_length"))
    with tokenized(task, _training_chats(task, found), "tally") as reply:
        rows = Rows.model_validate(next(reply))
    if not rows.count:
        nothing_known = alike(count, limit, min(USUAL_COMPLETION, limit), "max_length")
        return TaskRows(rows=nothing_known.model_copy(update={"too_long": rows.too_long}))
    return TaskRows(rows=rows)


def tokenizer_at_hand(task: Task) -> bool:
    """Whether the base model's tokenizer can be loaded without a download.

    :raises InputError: the base model's name is a path to no model, or no installed distribution offers it.
    """
    training = task.spec.training
    config = config_file(training.base_model, training.revision, task.folder)
    if config is None or find_spec("transformers") is None:
        return False
    return any((config.parent / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json"))


def _training_chats(task: Task, found: Scan) -> Iterator[list[dict[str, str]]]:
    for split, record in used_records(task, found):
        if split == "train":
            yield chat(task.plugin.build_prompt(record, task.options))
