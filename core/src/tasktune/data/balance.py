"""``tune data balance``: classes of the training rows brought to a count, by repeating rows and leaving rows out."""

from __future__ import annotations

import json
import random
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.check import report_on
from tasktune.data.made import (
    Reading,
    is_utf8,
    new_backup,
    refuse_cutting,
    refuse_encoding,
    refuse_existing,
    refuse_rows_of,
    to_change,
)
from tasktune.data.records import Problems, read_records, relative_to, rows_and_records
from tasktune.data.scan import Combinations, Scan, scan
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import replacing
from tasktune.workspace.versions import locked

if TYPE_CHECKING:
    from tasktune.definition import Task

MANY_COPIES = 10


class Change(Value):
    """The rows of train that show a class, before and after."""

    before: int
    after: int


class Balanced(Value):
    """What was written. Every row of train is counted once: in ``rows_before``, and if it is not in the file, in
    ``left_out``; ``duplicates`` are the lines of the file beyond the first of each row.

    ``overlapping`` rows are not in the file nor among ``left_out``: a run would leave them out too (``data.overlap``).
    """

    target_count: int
    seed: int
    rows_before: int
    rows_after: int
    duplicates: int
    left_out: int
    most_copies: int
    overlapping: int
    classes: Mapping[str, Change]
    file: str
    backup: str | None
    notices: tuple[str, ...]
    to_change: tuple[Problem, ...]


def balance(
    task: Task, output: Path, target: int, *, seed: int, over: bool = True, under: bool = True, force: bool = False
) -> Balanced:
    """Write the training rows to ``output`` so that every class is shown by ``target`` rows, as far as that goes.

    :raises InputError: the rows have problems or show no classes, valid or test would be cut from the result, or a
        file would be replaced without ``force``; nothing is written.
    """
    refuse_cutting(task, _("only train is to be balanced"))
    refuse_encoding(task)
    refuse_rows_of(task, ("valid", "test"), [output])
    refuse_existing(task, [output], force=force)
    found = scan(task)
    report_on(found, task).raise_for_problems()
    if not found.classes["train"]:
        hint = _("balancing counts rows by the classes that a task type names")
        raise InputError(_("the training rows show no classes"), hint=hint)
    combinations = Combinations()
    numbers = _combinations_of(task, found, combinations)
    copies = copies_of(numbers, combinations.numbered(), target, seed, over=over, under=under)
    with locked(task.folder):
        backup = new_backup(task)
        _write(task, found, copies, output, backup)
    after = Counter[str]()
    for number, count in zip(numbers, copies, strict=True):
        after.update(dict.fromkeys(combinations.classes[number], count) if number >= 0 else {})
    classes = {name: Change(before=n, after=after[name]) for name, n in sorted(found.classes["train"].items())}
    most = max(copies, default=0)
    return Balanced(
        target_count=target,
        seed=seed,
        rows_before=found.rows["train"],
        rows_after=sum(copies),
        duplicates=sum(count - 1 for count in copies if count > 1),
        left_out=sum(number >= 0 and not count for number, count in zip(numbers, copies, strict=True)),
        most_copies=most,
        overlapping=len(found.dropped),
        classes=classes,
        file=relative_to(output, task.folder),
        backup=relative_to(backup, task.folder) if backup.exists() else None,
        notices=tuple(_notices(classes, target, most, over=over, under=under)),
        to_change=tuple(to_change(task, [Reading("train", output)])),
    )


def copies_of(
    combinations: Sequence[int],
    classes: Sequence[Sequence[int]],
    target: int,
    seed: int,
    *,
    over: bool = True,
    under: bool = True,
) -> array[int]:
    """How often each row is to be there: 0 leaves it out, more than 1 repeats it.

    ``combinations`` holds a number per row, under which ``classes`` has the classes that the row shows; a row of
    a negative one is left out, a row without classes stays as it is. Rows are left out only while every class that
    they show has more than ``target``; classes are repeated the rarest first, row by row in turn. So every class ends
    at ``target`` where rows show one class each; where they show several, repeating a rare class may carry a common
    one above it.
    """
    draw = random.Random(seed)
    copies = array("L", (int(number >= 0) for number in combinations))
    rows_with: dict[int, list[int]] = {}
    for row, number in enumerate(combinations):
        for name in classes[number] if number >= 0 else ():
            rows_with.setdefault(name, []).append(row)
    counts = Counter({name: len(rows) for name, rows in rows_with.items()})
    original = dict(counts)

    for name in sorted(original, key=lambda name: (-original[name], name)) if under else ():
        for row in draw.sample(rows_with[name], len(rows_with[name])):
            shown = classes[combinations[row]]
            if counts[name] <= target:
                break
            if copies[row] and all(counts[other] > target for other in shown):
                copies[row] = 0
                counts.subtract(shown)

    for name in sorted(original, key=lambda name: (original[name], name)) if over else ():
        kept = [row for row in rows_with[name] if copies[row]]
        turn = draw.sample(kept, len(kept))
        while counts[name] < target:
            for row in turn[: target - counts[name]]:
                copies[row] += 1
                counts.update(classes[combinations[row]])
    return copies


def _combinations_of(task: Task, found: Scan, combinations: Combinations) -> array[int]:
    """The number of each training row's classes; -1 for a row that a run leaves out."""
    numbers = array("i")
    for number, record in enumerate(read_records(task, found.files["train"], Problems())):
        classes = tuple(sorted(set(task.plugin.target_classes(record, task.options))))
        numbers.append(-1 if number in found.dropped else combinations.number(classes))
    return numbers


def _write(task: Task, found: Scan, copies: Sequence[int], output: Path, backup: Path) -> None:
    problems, read = Problems(), 0
    with replacing([output], backup) as [file]:
        for row, _record in rows_and_records(task, found.files["train"], problems):
            if read < len(copies):
                file.write((json.dumps(row.fields, ensure_ascii=not is_utf8(task)) + "\n") * copies[read])
            read += 1
        if problems.count or read != len(copies) or read != found.rows["train"] + len(found.dropped):
            raise InputError(_("the data files changed while they were read"), hint=_("run the same command again"))


def _notices(classes: Mapping[str, Change], target: int, most: int, *, over: bool, under: bool) -> list[str]:
    above = [name for name, change in classes.items() if under and change.after > target]
    notices = []
    if above:
        notices.append(
            _(
                "still above {target}, because their rows show rarer classes too: {classes}",
                target=f"{target:,}",
                classes=", ".join(above),
            )
        )
    if over and most > MANY_COPIES:
        notices.append(
            _("a row is there up to {count} times, which teaches it by heart: collect more rows like it", count=most)
        )
    return notices
