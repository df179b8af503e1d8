"""``versions/improvements.jsonl``: which changes were made to task.yaml after which version's diagnosis, and why."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import write_text_atomically

FILE_NAME = "improvements.jsonl"


class Why(Value):
    """A finding that spoke for a change, with the figures that it went by."""

    code: str
    message: str
    evidence: Mapping[str, Any] = {}


class Change(Value):
    """One action that was applied: what it sets, and what was expected of it (``gain`` in shares of the metric)."""

    code: str
    title: str
    patch: Mapping[str, Any]
    expected_effect: str
    gain: tuple[float, float] | None = None
    why: tuple[Why, ...] = ()


class Improvement(Value):
    """What was changed at one time, after the diagnosis of ``version``.

    The effects of ``several`` changes, or of one among others that were made by hand, cannot be told apart.
    """

    version: str
    when: datetime.datetime
    who: str
    changes: tuple[Change, ...]
    several: bool = False


def read_improvements(task_folder: Path) -> list[Improvement]:
    """All of them, the first one first.

    :raises InputError: a line of the file is none; the first such is named.
    """
    path = task_folder / "versions" / FILE_NAME
    found = []
    for number, line in enumerate(path.read_bytes().splitlines() if path.exists() else [], 1):
        try:
            found.append(Improvement.model_validate_json(line))
        except ValidationError as error:
            hint = _("it was changed by hand; mend the line, or take it out")
            problem = Problem(_("no improvement: {why}", why=error.errors()[0]["msg"]), hint).at(path, number)
            raise InputError("", problems=[problem]) from error
    return found


def add_improvement(task_folder: Path, improvement: Improvement) -> None:
    """Add one to the file."""
    path = task_folder / "versions" / FILE_NAME
    before = path.read_text("utf-8") if path.exists() else ""
    write_text_atomically(path, before + improvement.model_dump_json() + "\n")


def changes_between(task_folder: Path, parent: str, keys: Mapping[str, Any]) -> list[tuple[Change, bool]]:
    """The changes after ``parent``'s diagnosis that a definition has, and whether several were made at once.

    ``keys`` are the dotted keys that are not as in ``parent``, with their values now. Of changes to the same keys the
    last one counts. A change that was undone since, or made something else of, is none.
    """
    found: dict[tuple[str, ...], tuple[Change, bool]] = {}
    for improvement in read_improvements(task_folder):
        if improvement.version == parent:
            for change in improvement.changes:
                found[tuple(sorted(change.patch))] = (change, improvement.several)
    return [pair for pair in found.values() if _is_in(pair[0].patch, keys)]


def _is_in(patch: Mapping[str, Any], keys: Mapping[str, Any]) -> bool:
    differing = 0
    for key, value in patch.items():
        if isinstance(value, Mapping):
            parts = {f"{key}.{name}": each for name, each in value.items()}
            differing += any(keys.get(name) == each for name, each in parts.items())
        elif key in keys:
            if keys[key] != value:
                return False
            differing += 1
    return differing > 0
