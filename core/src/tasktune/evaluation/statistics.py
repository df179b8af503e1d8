"""``evaluation/statistics.json``: what each scored row adds to the sums that metrics are made of.

Comparing versions needs them again, and n-grams of thousands of texts take seconds to count. The file is only a
shortcut: it is believed for the predictions, the task type's code and the options that it was made of; for others they
are computed anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tasktune.evaluation.predictions import FILE_NAME
from tasktune.types import Scored, Value
from tasktune.workspace.environment import code_of
from tasktune.workspace.files import sha256_of, write_text_atomically

if TYPE_CHECKING:
    from tasktune.definition import Task

STATISTICS = "statistics.json"
Statistics = Sequence[Mapping[str, float]]


class _Kept(Value):
    """Rows of equal statistics are one kind: ``kinds`` has each kind's names, by number, and its values."""

    made_of: str
    names: tuple[str, ...]
    kinds: tuple[tuple[tuple[int, ...], tuple[float, ...]], ...]
    rows: tuple[int, ...]


def statistics_of(task: Task, rows: Sequence[Scored]) -> Statistics | None:
    """What each labelled row adds to each sum; None where the task type does not say."""
    if not task.plugin.adds_up:
        return None
    return [task.plugin.row_statistics(row, task.options) for row in rows]


def write_statistics(task: Task, folder: Path, statistics: Statistics) -> None:
    """Keep the statistics of the labelled predictions in the folder, in their order."""
    names = {name: number for number, name in enumerate(dict.fromkeys(name for row in statistics for name in row))}
    kinds: dict[tuple[tuple[int, ...], tuple[float, ...]], int] = {}
    rows = []
    for row in statistics:
        adds = {names[name]: value for name, value in row.items() if value}
        rows.append(kinds.setdefault((tuple(adds), tuple(adds.values())), len(kinds)))
    kept = _Kept(made_of=_made_of(task, folder), names=tuple(names), kinds=tuple(kinds), rows=tuple(rows))
    write_text_atomically(folder / STATISTICS, kept.model_dump_json() + "\n")


def kept_statistics(task: Task, folder: Path, rows: int) -> Statistics | None:
    """The statistics of the labelled predictions in a folder, of which there are so many.

    None where there are none that hold for these predictions and this way of scoring them.
    """
    try:
        kept = _Kept.model_validate_json((folder / STATISTICS).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    if not task.plugin.adds_up or kept.made_of != _made_of(task, folder) or len(kept.rows) != rows:
        return None
    kinds = [dict(zip(map(kept.names.__getitem__, numbers), values, strict=True)) for numbers, values in kept.kinds]
    return [kinds[number] for number in kept.rows]


def _made_of(task: Task, folder: Path) -> str:
    """A hash of what decides the statistics."""
    parts = [sha256_of(folder / FILE_NAME), code_of(task), task.options.model_dump_json()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
