"""``tune data convert``: the rows of a task, as they are trained on, in the formats of other tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.check import report_on
from tasktune.data.made import new_backup, refuse_existing, refuse_rows_of
from tasktune.data.records import SPLITS, Problems, Split, relative_to
from tasktune.data.rows import chat, used_records
from tasktune.data.scan import scan
from tasktune.errors import Problem
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import replacing
from tasktune.workspace.versions import locked

if TYPE_CHECKING:
    from tasktune.definition import Task

Chat = Sequence[Mapping[str, str]]
_SHAREGPT_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}


class Converted(Value):
    """What was written: rows by split, ``files`` by split, and where the files that were replaced are."""

    format: str
    rows: Mapping[Split, int]
    files: Mapping[Split, str]
    backup: str | None


class NoPlace(ValueError):
    """A chat has something that the format has no place for; the message says what."""


def as_chat(messages: Chat) -> dict[str, Any]:
    """``{"messages": [{"role", "content"}, …]}``, as chat templates and OpenAI's fine-tuning take it."""
    return {"messages": [dict(message) for message in messages]}


def as_sharegpt(messages: Chat) -> dict[str, Any]:
    """``{"conversations": [{"from", "value"}, …]}`` with the roles system, human and gpt."""
    return {"conversations": [{"from": _SHAREGPT_ROLES[each["role"]], "value": each["content"]} for each in messages]}


def as_alpaca(messages: Chat) -> dict[str, Any]:
    """``{"instruction", "input", "output"}`` with ``system`` and ``history`` (earlier turns) where there are any.

    The whole user message is the instruction and the input is empty: what joins the two would be the other tool's.

    :raises NoPlace: the messages are not a system message, if any, and turns of user and assistant.
    """
    system = [each["content"] for each in messages if each["role"] == "system"]
    turns = messages[len(system) :]
    roles = [each["role"] for each in turns]
    if len(system) > 1 or roles != ["user", "assistant"] * (len(roles) // 2) or not roles:
        raise NoPlace(
            _(
                "Alpaca has one system message and turns of user and assistant, not {roles}",
                roles=", ".join(each["role"] for each in messages),
            )
        )
    pairs = [[turns[i]["content"], turns[i + 1]["content"]] for i in range(0, len(turns), 2)]
    row: dict[str, Any] = {"instruction": pairs[-1][0], "input": "", "output": pairs[-1][1]}
    if system:
        row["system"] = system[0]
    if len(pairs) > 1:
        row["history"] = pairs[:-1]
    return row


FORMATS: Mapping[str, tuple[str, Callable[[Chat], dict[str, Any]]]] = {
    "chat": ("chat_format", as_chat),
    "sharegpt": ("sharegpt", as_sharegpt),
    "alpaca": ("alpaca", as_alpaca),
}
"""The folder under ``data/`` and the function of each format."""


def convert(task: Task, to: str, folder: Path | None = None, *, force: bool = False) -> Converted:
    """Write every split as JSON Lines to ``folder`` (default: the format's own under ``data/``).

    The splits, the messages and their roles are those that a run trains on and tests with.

    :raises InputError: the rows have problems or no place in the format, or files would be replaced without
        ``force``; nothing is written.
    """
    name, formatted = FORMATS[to]
    where = folder or task.folder / "data" / name
    targets = [where / f"{split}.jsonl" for split in SPLITS]
    refuse_rows_of(task, SPLITS, targets)
    refuse_existing(task, targets, force=force)
    found = scan(task)
    report_on(found, task).raise_for_problems()
    with locked(task.folder), replacing(targets, backup := new_backup(task)) as opened:
        files, problems = dict(zip(SPLITS, opened, strict=True)), Problems()
        for split, record in used_records(task, found):
            try:
                row = formatted(chat(task.plugin.build_prompt(record, task.options)))
            except NoPlace as error:
                file, _colon, line = record.id.rpartition(":")
                problems.add(Problem(str(error), _("convert to chat or sharegpt")).at(file, int(line)))
            else:
                files[split].write(json.dumps(row, ensure_ascii=False) + "\n")
        problems.raise_if_any("")
    return Converted(
        format=to,
        rows=found.rows,
        files={
            split: relative_to(path, task.folder)
            for split, path in zip(SPLITS, targets, strict=True)
            if found.rows[split]
        },
        backup=relative_to(backup, task.folder) if backup.exists() else None,
    )
