"""Answers of a trained version to new rows, computed by a worker process."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.records import refusal
from tasktune.errors import InputError, RecordError
from tasktune.evaluation.predictions import Prediction, read_predictions
from tasktune.locale import translate as _
from tasktune.types import Record
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task


def predict(
    task: Task, version_dir: Path, rows: Iterable[Mapping[str, Any]], on_event: Callable[[Event], None] = lambda _: None
) -> Iterator[Prediction]:
    """What a version answers to rows of input fields (a target among them is kept but not shown to the model).

    :raises InputError: rows that the task type refuses (all are named, by their number), or an untrained version.
    """
    from tasktune.training.launch import run_worker

    version = Version(version_dir)
    if not version.decoding.exists():
        raise InputError(_("version {name} is not trained yet", name=version.name), hint=_("run tune train first"))
    records, problems = [], []
    for number, row in enumerate(rows, 1):
        try:
            record = task.plugin.read_record(row, f"row:{number}", task.options)
            task.plugin.build_prompt(record, task.options)
            records.append(record)
        except RecordError as error:
            problems += refusal(error, "row", number)
    if problems:
        raise InputError(_("some rows cannot be predicted"), problems=problems)
    with tempfile.TemporaryDirectory(prefix="tasktune-predict-") as scratch:
        folder = Path(scratch)
        (folder / "records.jsonl").write_text(
            "".join(record.model_dump_json() + "\n" for record in records), encoding="utf-8"
        )
        run_worker("predict", version, task, on_event, scratch=folder)
        yield from read_predictions(folder / "predictions.jsonl")


def read_scratch_records(folder: Path) -> list[Record]:
    """The records that ``predict`` left for the worker."""
    with (folder / "records.jsonl").open(encoding="utf-8") as file:
        return [Record.model_validate(json.loads(line)) for line in file]
