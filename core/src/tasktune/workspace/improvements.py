"""``versions/improvements.jsonl``: which changes were made to task.yaml after which version's diagnosis, and why."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.journal import add_entry, read_entries

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
    return read_entries(path, Improvement.model_validate_json, lambda why: _("no improvement: {why}", why=why))


def add_improvement(task_folder: Path, improvement: Improvement) -> None:
    """Add one to the file."""
    add_entry(task_folder / "versions" / FILE_NAME, improvement)


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
