"""What the commands that make data files have in common: where the files go, and what task.yaml must say of them."""

from __future__ import annotations

import codecs
import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.records import SPLITS, Split, relative_to
from tasktune.definition.spec import SplitSpec
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task


def split_file(task: Task, split: Split) -> Path:
    """Where a split lies if the definition does not say otherwise."""
    return task.folder / "data" / f"{split}.jsonl"


def refuse_existing(task: Task, paths: Iterable[Path], *, force: bool) -> None:
    """:raises InputError: with every one of the files that is there already, unless it may be replaced."""
    there = [path for path in paths if path.exists()]
    if there and not force:
        raise InputError(
            _("nothing was written, because there are files already"),
            hint=_("--force replaces them and keeps the old ones in data/backup"),
            problems=[Problem(_("exists")).at(relative_to(path, task.folder)) for path in there],
        )


def refuse_rows_of(task: Task, splits: Iterable[Split], paths: Iterable[Path]) -> None:
    """:raises InputError: with every path at which one of the splits lies, or is looked for."""
    theirs = {path.resolve() for split in splits for path in (*task.data_files(split), split_file(task, split))}
    taken = [path for path in paths if path.resolve() in theirs]
    if taken:
        raise InputError(
            _("nothing was written, because these files are for the task's own rows"),
            hint=_("choose another place with --output"),
            problems=[Problem(_("a run reads its rows here")).at(relative_to(path, task.folder)) for path in taken],
        )


def refuse_cutting(task: Task, why: str) -> None:
    """Stop with ``why`` when held-out rows would be cut from the training rows after these have been changed.

    :raises InputError: with each split that has no file and is to have rows.
    """
    shares = task.spec.data.split
    held_out: tuple[tuple[Split, float], ...] = (("valid", shares.valid), ("test", shares.test))
    problems = [
        task.problem(
            ("data", split), _("the {split} split has no file, and would be cut from the changed rows", split=split)
        )
        for split, share in held_out
        if share and not task.data_files(split)
    ]
    if problems:
        raise InputError(why, hint=_("write the splits to files first: tune data split"), problems=problems)


def refuse_encoding(task: Task) -> None:
    """All files of a task are read in one encoding: what is written is ASCII then, which is part of nearly all.

    :raises InputError: it is not part of this one.
    """
    encoding = task.spec.data.encoding
    if "{}".encode(encoding) != b"{}" and not is_utf8(task):
        hint = _("save the data files as UTF-8, and set data.encoding: utf-8")
        raise InputError(_("a file in {encoding} cannot be written", encoding=encoding), hint=hint)


def new_backup(task: Task) -> Path:
    """A folder, not yet made, for the files that are about to be replaced."""
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    folders = (task.folder / "data" / "backup" / f"{now}{suffix}" for suffix in ("", *(f".{n}" for n in range(2, 999))))
    return next(folder for folder in folders if not folder.exists())


def of_files(task: Task, files: Sequence[Path], split: SplitSpec) -> Task:
    """The task as if all its rows were in ``files``, to be split so."""
    data = task.spec.data.model_copy(
        update={"train": tuple(str(path.resolve()) for path in files), "valid": (), "test": (), "split": split}
    )
    return replace(task, spec=task.spec.model_copy(update={"data": data}))


@dataclass(frozen=True)
class Reading:
    """How a split will be read from now on: the file, or None for a split that has no rows."""

    split: Split
    file: Path | None


def to_change(task: Task, made: Iterable[Reading]) -> list[Problem]:
    """What task.yaml has to say differently before a run reads the files that were made, each at its place."""
    changes = []
    for each in made:
        if each.file is None:
            if getattr(task.spec.data, each.split) is not None:
                changes.append(task.problem(("data", each.split), _("take it out")))
            elif each.split != "train" and getattr(task.spec.data.split, each.split):
                changes.append(_set(task, ("data", "split", each.split), 0))
        elif [path.resolve() for path in task.data_files(each.split)] != [each.file.resolve()]:
            changes.append(_set(task, ("data", each.split), relative_to(each.file, task.folder)))
    return changes


def encoding_to_change(task: Task) -> list[Problem]:
    """As :func:`to_change`, when all files of the task were written anew, which is in UTF-8."""
    if is_utf8(task):
        return []
    return [_set(task, ("data", "encoding"), "utf-8")]


def is_utf8(task: Task) -> bool:
    """Whether the task's files are read as UTF-8."""
    return codecs.lookup(task.spec.data.encoding).name in ("utf-8", "utf-8-sig")


def _set(task: Task, key: tuple[str, ...], value: object) -> Problem:
    return task.problem(key, _("set it to {value}", value=value))


def all_files(task: Task) -> list[Path]:
    """The data files of the task, each once."""
    return list(dict.fromkeys(path for split in SPLITS for path in task.data_files(split)))
