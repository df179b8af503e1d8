"""``tune data split``: the rows of a task written to one file per split, as a run would split them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.check import report_on
from tasktune.data.made import (
    Reading,
    all_files,
    encoding_to_change,
    new_backup,
    of_files,
    refuse_existing,
    split_file,
    to_change,
)
from tasktune.data.records import SPLITS, Problems, Split, relative_to, rows_and_records
from tasktune.data.scan import Scan, scan
from tasktune.definition.spec import SplitSpec
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import replacing
from tasktune.workspace.versions import locked

if TYPE_CHECKING:
    from tasktune.definition import Task


class Cut(Value):
    """What was written: counts per split, ``files`` by split, where the old ones are, and what is left to do.

    ``groups`` is None when rows were not grouped. ``to_change`` says what task.yaml has to say differently now.
    """

    sources: tuple[str, ...]
    rows: Mapping[Split, int]
    classes: Mapping[Split, Mapping[str, int]]
    groups: int | None
    seed: int
    files: Mapping[Split, str]
    backup: str | None
    notices: tuple[str, ...]
    to_change: tuple[Problem, ...]


def cut(task: Task, sources: Sequence[Path] = (), *, split: SplitSpec | None = None, force: bool = False) -> Cut:
    """Split the rows of ``sources`` (default: all rows of the task, whichever split they are in) into three files.

    Rows keep their columns. The split is the run's own: by class, equal inputs together, groups together if
    ``split.group_by`` names a field, always the same for a seed.

    :raises InputError: the rows have problems, or files would be replaced without ``force``; nothing is written.
    """
    missing = [Problem(_("not there")).at(relative_to(path, task.folder)) for path in sources if not path.is_file()]
    if missing:
        raise InputError("", problems=missing)
    how = split or task.spec.data.split
    targets = {name: split_file(task, name) for name in SPLITS}
    refuse_existing(task, targets.values(), force=force)
    pooled = of_files(task, sources or all_files(task), how)
    found = scan(pooled)
    report = report_on(found, pooled)
    report.raise_for_problems()
    with locked(task.folder):
        backup = new_backup(task)
        _write(pooled, found, list(targets.values()), backup)
    files = {name: path for name, path in targets.items() if found.rows[name]}
    return Cut(
        sources=tuple(relative_to(path, task.folder) for path in pooled.data_files("train")),
        rows=report.rows,
        classes=report.classes,
        groups=found.groups,
        seed=how.seed,
        files={name: relative_to(path, task.folder) for name, path in files.items()},
        backup=relative_to(backup, task.folder) if backup.exists() else None,
        notices=report.notices,
        to_change=(
            *to_change(task, [Reading(name, files.get(name)) for name in SPLITS]),
            *encoding_to_change(task),
        ),
    )


def _write(task: Task, found: Scan, targets: list[Path], backup: Path) -> None:
    problems, written = Problems(), dict.fromkeys(SPLITS, 0)
    with replacing(targets, backup) as opened:
        files = dict(zip(SPLITS, opened, strict=True))
        for number, (row, _record) in enumerate(rows_and_records(task, found.files["train"], problems)):
            split = found.split_of(number)
            assert split is not None, "no row is dropped where there is no held-out file"
            files[split].write(json.dumps(row.fields, ensure_ascii=False) + "\n")
            written[split] += 1
        if problems.count or written != found.rows:
            raise InputError(_("the data files changed while they were read"), hint=_("run the same command again"))
