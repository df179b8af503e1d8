"""A new project made from a draft: its rows imported and split, its files written, all of it put in place at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasktune.coach.draft import Draft
from tasktune.coach.look import Candidate
from tasktune.data.check import CheckReport, check
from tasktune.data.cut import cut
from tasktune.data.importing.fields import map_fields
from tasktune.data.importing.items import Source, file_stem
from tasktune.data.importing.rows import Pairs, RowMaker
from tasktune.data.importing.run import ImportReport, import_rows, look
from tasktune.data.importing.wanted import wanted_by_task
from tasktune.definition import Task, load_task
from tasktune.errors import InputError, Problem
from tasktune.types import Value
from tasktune.workspace.place import Placed, place, staged
from tasktune.workspace.scaffold import Plan, Reason, project_files


@dataclass(frozen=True)
class Rows:
    """Where a new project's rows come from, and which columns are what."""

    source: Source
    chosen: Candidate
    fields: Mapping[str, str]

    @property
    def pairs(self) -> Pairs | None:
        return self.chosen.pairs


class Built(Value):
    """What was made. ``imported`` and ``check`` are None without rows."""

    folder: str
    placed: Placed
    imported: ImportReport | None
    check: CheckReport | None


def build(
    made: Draft,
    target: Path,
    rows: Rows | None,
    answers: Mapping[str, Any],
    may_replace: Callable[[Sequence[str]], bool],
    on_progress: Callable[[int], None] = lambda read: None,
) -> Built:
    """Make the project in a folder of its own beside ``target``, then move it there.

    :raises InputError: no row can be imported, or files may not be replaced; ``target`` is as it was.
    """
    with staged(target) as folder:
        (folder / "task.yaml").write_text(made.text, "utf-8")
        task = load_task(folder)
        imported = None if rows is None else _import(task, rows, on_progress)
        report = None if imported is None else _split(task, folder / "data" / "raw" / Path(imported.output).name)
        plan = Plan(
            definition=made.text,
            overlays=made.overlays,
            reasons=tuple(
                Reason(keys=", ".join(each.values), because=each.because)
                for each in made.recommendations
                if each.values
            ),
            advice=tuple(each.because for each in made.recommendations if not each.values and not each.overlay),
            today=answers.get("today"),
            rows={} if report is None else {split: count for split, count in report.rows.items() if count},
        )
        for name, text in project_files(task, plan).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            if name.startswith("scripts/"):
                path.chmod(0o755)
        # The lock of the split, which made no version.
        shutil.rmtree(folder / "versions", ignore_errors=True)
        placed = place(folder, target, may_replace)
    if imported is not None:
        imported = _moved(imported, folder, target)
    if report is not None:
        report = report.model_copy(
            update={"problems": tuple(_at_target(each, folder, target) for each in report.problems)}
        )
    return Built(folder=str(target), placed=placed, imported=imported, check=report)


def _import(task: Task, rows: Rows, on_progress: Callable[[int], None]) -> ImportReport:
    """The rows in data/raw, each read by the task."""
    wanted = wanted_by_task(task)
    sample = look(rows.source, rows.pairs)
    mapped = map_fields(wanted, sample, rows.fields, {}, keep_others=True)
    maker = RowMaker(wanted, mapped, rows.chosen.counting, task, unlabelled=False)
    out = task.folder / "data" / "raw" / f"{file_stem(rows.source.name)}.jsonl"
    rejects = out.with_name(f"{out.stem}.rejects.jsonl")
    return import_rows(rows.source, maker, out, rejects, pairs=rows.pairs, on_progress=on_progress)


def _split(task: Task, raw: Path) -> CheckReport:
    """Train, valid and test in files of their own; all rows in train where they cannot be split yet."""
    try:
        cut(task, [raw])
    except InputError:
        # Too few rows, or rows with problems: the check that follows says so, at the place where the user mends it.
        shutil.copyfile(raw, task.folder / "data" / "train.jsonl")
    return check(task)


def _at_target(problem: Problem, staged: Path, target: Path) -> Problem:
    """The problem where its file is now."""
    if problem.file is None or not Path(problem.file).is_relative_to(staged):
        return problem
    return replace(problem, file=str(target / Path(problem.file).relative_to(staged)))


def _moved(imported: ImportReport, staged: Path, target: Path) -> ImportReport:
    def place(path: str) -> str:
        return str(target / Path(path).relative_to(staged))

    rejects = None if imported.rejects is None else place(imported.rejects)
    return imported.model_copy(update={"output": place(imported.output), "rejects": rejects})
