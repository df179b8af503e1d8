"""The rows of a version, written out once: what it was trained, validated and tested on, in chat format.

``prepared/<split>.jsonl`` has one JSON object a line: ``id``, ``inputs``, ``target``, ``classes`` and ``messages``, the
last of which is the assistant's answer. Where the task weighs classes and its type says which parts of an answer speak
of them, a row has these as ``class_spans``. The version keeps its rows, so that it can be understood, evaluated and
compared after the data files have changed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.preferences import read_pairs
from tasktune.data.records import SPLITS, Problems, Split, read_records
from tasktune.data.scan import Scan
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.types import Prompt, Record
from tasktune.workspace.files import open_atomically

if TYPE_CHECKING:
    from tasktune.definition import Task


def rows_path(prepared: Path, split: Split) -> Path:
    """Where the rows of a split lie in a version's ``prepared`` folder."""
    return prepared / f"{split}.jsonl"


def pairs_path(prepared: Path) -> Path:
    """Where the pairs of answers that a version learns preference from lie."""
    return prepared / "pairs.jsonl"


def used_records(task: Task, found: Scan) -> Iterator[tuple[Split, Record]]:
    """Every record that a run uses with the split that it is in, streamed; split by split of the files they are in.

    ``found`` is a scan without problems of the same files.

    :raises InputError: in the end, if the rows are not those that the scan counted.
    """
    problems, read = Problems(), dict.fromkeys(SPLITS, 0)
    for split in SPLITS:
        for number, record in enumerate(read_records(task, found.files[split], problems)):
            of_row = found.split_of(number) if split == "train" else split
            if of_row is not None:
                read[of_row] += 1
                yield of_row, record
    if problems.count or read != found.rows:
        raise _changed()


def write_rows(task: Task, found: Scan, prepared: Path) -> None:
    """Write every split's rows, streamed. ``found`` is a scan without problems of the same files.

    :raises InputError: the rows are not those that the scan counted.
    """
    with contextlib.ExitStack() as stack:
        files = {split: stack.enter_context(open_atomically(rows_path(prepared, split))) for split in SPLITS}
        for split, record in used_records(task, found):
            files[split].write(_line(task, record, task.plugin.build_prompt(record, task.options)))


def write_pairs(task: Task, prepared: Path) -> None:
    """Write the task's pairs of answers, streamed: rows of the chosen one with the other beside it as ``rejected``.

    :raises InputError: a check found them sound, and they are not now.
    """
    problems = Problems()
    with open_atomically(pairs_path(prepared)) as file:
        for pair in read_pairs(task, problems):
            file.write(_line(task, pair.record, pair.prompt, rejected=pair.rejected))
    if problems.count:
        raise _changed()


def _changed() -> InputError:
    return InputError(_("the data files changed while they were read"), hint=_("run the same command again"))


def _line(task: Task, record: Record, prompt: Prompt, **more: str) -> str:
    row: dict[str, Any] = {
        "id": record.id,
        "inputs": record.inputs,
        "target": record.target,
        "classes": list(task.plugin.target_classes(record, task.options)),
        "messages": chat(prompt),
        **more,
    }
    if task.spec.training.class_weights is not None and prompt.completion is not None:
        spans = task.plugin.class_spans(prompt.completion, record, task.options)
        if spans is not None:
            row["class_spans"] = [span.model_dump() for span in spans]
    return json.dumps(row, ensure_ascii=False) + "\n"


def chat(prompt: Prompt) -> list[dict[str, str]]:
    """A prompt as chat messages, the completion as the assistant's turn."""
    messages = [message.model_dump() for message in prompt.messages]
    if prompt.completion is not None:
        messages.append({"role": "assistant", "content": prompt.completion})
    return messages


def read_chat_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a split as they were written, streamed."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def count_rows(path: Path) -> int:
    """How many rows were written to a file."""
    with path.open("rb") as file:
        return sum(1 for _row in file)


def read_split(prepared: Path, split: Split) -> Iterator[Record]:
    """The records of a version's split, streamed."""
    for row in read_chat_rows(rows_path(prepared, split)):
        yield Record(id=row["id"], inputs=row["inputs"], target=row["target"])
