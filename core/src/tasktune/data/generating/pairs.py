"""``tune data generate --pairs``: the right answer beside the wrong one that a version gave, for ORPO and DPO."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasktune.data.generating.files import raw_folder
from tasktune.data.generating.ground import input_number
from tasktune.data.made import new_backup, refuse_existing
from tasktune.data.preferences import CHOSEN, REJECTED
from tasktune.data.records import Problems, read_records, relative_to
from tasktune.errors import InputError
from tasktune.evaluation.predictions import FILE_NAME, Prediction, read_predictions
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import replacing
from tasktune.workspace.versions import Version, locked

if TYPE_CHECKING:
    from tasktune.definition import Task


class Pairs(Value):
    """What was written: a pair for each wrong one of the ``predictions``, of which ``unreadable`` had no answer.

    Rows that the task tests with by now (``held_out``) are wrong predictions too, but make no pairs.
    """

    version: str
    split: str
    predictions: int
    wrong: int
    unreadable: int
    held_out: int
    pairs: int
    file: str | None
    backup: str | None


def make_pairs(task: Task, version: Version, split: Literal["train", "valid"], *, force: bool = False) -> Pairs:
    """Write the input's fields, ``chosen`` (the target) and ``rejected`` (what was answered) for each wrong prediction.

    So the pairs can be trained on (``data.pairs``). Test rows are never taken: a model that is trained on them cannot
    be measured by them.

    :raises InputError: the split was not evaluated, or a file would be replaced without ``force``.
    """
    source = version.evaluation_of(split) / FILE_NAME
    if not source.exists():
        raise InputError(
            _("{version} has no predictions for {split}", version=version.name, split=split),
            hint=_("make them: tune evaluate --version {version} --split {split}", version=version.name, split=split),
        )
    target = raw_folder(task) / f"pairs_{version.name}_{split}.jsonl"
    refuse_existing(task, [target], force=force)
    tested = set(_tested(task))
    read = wrong = unreadable = written = 0
    with locked(task.folder), replacing([target], backup := new_backup(task)) as [file]:
        for prediction in read_predictions(source):
            read += 1
            if prediction.correct is not False:
                continue
            wrong += 1
            unreadable += not prediction.answer.parsed
            prompt = task.plugin.build_prompt(prediction.record, task.options)
            if input_number(prompt) not in tested:
                written += 1
                file.write(json.dumps(_pair(prediction, version.name), ensure_ascii=False) + "\n")
    return Pairs(
        version=version.name,
        split=split,
        predictions=read,
        wrong=wrong,
        unreadable=unreadable,
        held_out=wrong - written,
        pairs=written,
        file=relative_to(target, task.folder) if written else None,
        backup=relative_to(backup, task.folder) if backup.exists() else None,
    )


def _tested(task: Task) -> Iterator[int]:
    """The inputs of the task's test rows, which may have been training rows when the version was made."""
    problems = Problems()
    for record in read_records(task, filter(Path.is_file, task.data_files("test")), problems):
        yield input_number(task.plugin.build_prompt(record, task.options))
    problems.raise_if_any(_("the data have {count} problems", count=problems.count))


def _pair(prediction: Prediction, version: str) -> dict[str, Any]:
    return {
        **prediction.record.inputs,
        CHOSEN: prediction.record.target,
        REJECTED: prediction.output,
        "id": prediction.id,
        "version": version,
    }
