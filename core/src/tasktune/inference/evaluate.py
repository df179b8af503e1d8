"""Generate a version's predictions on one of its splits, resumably."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tasktune.data.records import Split
from tasktune.data.rows import count_rows, read_split, rows_path
from tasktune.evaluation.abstaining import is_given
from tasktune.evaluation.confidence import confidence_in
from tasktune.evaluation.predictions import CONSTRAINED, FILE_NAME, Prediction, parse_outputs, write_predictions
from tasktune.inference.decoding import read_decoding
from tasktune.inference.generate import Generator
from tasktune.inference.partial import Output, PartialOutputs
from tasktune.training.interruption import Interruption
from tasktune.types import Record
from tasktune.workspace.events import EventLog

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.workspace.versions import Version


class Answering(Protocol):
    """What answers records, some at a time."""

    def outputs(self, records: Sequence[Record], skip: frozenset[int]) -> Iterator[list[tuple[int, Output]]]:
        """The index of each record with the answer; those in ``skip`` may be left out."""


class Watched:
    """A model in this process, which tells how probable its answers are."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    def outputs(self, records: Sequence[Record], skip: frozenset[int]) -> Iterator[list[tuple[int, Output]]]:
        watch = self._generator.watch(records)
        for batch in self._generator.outputs(records, skip, watch):
            yield [(index, Output(text, watch.found.pop(index))) for index, text in batch]


# Rows whose prompts are held in memory at once.
_CHUNK = 8192


def predict_split(task: Task, version: Version, split: Split, events: EventLog, stop: Interruption) -> None:
    """Write ``predictions.jsonl`` for a split of a trained version.

    Where both ways of decoding are asked for, the constrained answers lie in a folder of that name.

    :raises KeyboardInterrupt: asked to stop; what has been generated is kept for the next call.
    """
    generator, folder = Generator.of_version(task, version), version.evaluation_of(split)
    if task.spec.evaluation.decoding == "both" and not _half_done(folder):
        # Before the free answers, which say when they are there that the evaluation is done.
        constrained = Watched(generator.in_mode("constrained"))
        predict_split_beside(task, version, split, constrained, folder / CONSTRAINED, events, stop)
    predict_split_beside(task, version, split, Watched(generator), folder, events, stop)


def _half_done(folder: Path) -> bool:
    """Whether an evaluation was stopped between its constrained and its free answers."""
    return (folder / CONSTRAINED / FILE_NAME).exists() and not (folder / FILE_NAME).exists()


def predict_split_beside(
    task: Task, version: Version, split: Split, generator: Answering, folder: Path, events: EventLog, stop: Interruption
) -> None:
    """Write ``predictions.jsonl`` for a split into a folder, as a generator answers.

    :raises KeyboardInterrupt: asked to stop; what has been generated is kept for the next call.
    """
    total = count_rows(rows_path(version.prepared, split))
    events.stage("evaluate", "started", rows=total, split=split)
    _predict(task, generator, read_split(version.prepared, split), total, folder, events, stop)
    events.stage("evaluate", "finished", rows=total, split=split)


def predict_records(task: Task, version: Version, records: Sequence[Record], folder: Path, stop: Interruption) -> None:
    """Write ``predictions.jsonl`` and ``events.jsonl`` for any records into ``folder``."""
    generator, below = Watched(Generator.of_version(task, version)), read_decoding(version.decoding).abstain_below
    events = EventLog(folder / version.events.name)
    _predict(task, generator, iter(records), len(records), folder, events, stop, below)


def _predict(
    task: Task,
    generator: Answering,
    records: Iterator[Record],
    total: int,
    folder: Path,
    events: EventLog,
    stop: Interruption,
    abstain_below: float | None = None,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    partial = PartialOutputs(folder / ".outputs.partial.jsonl")

    def outputs() -> Iterator[tuple[Record, Output]]:
        started, before, first = time.monotonic(), len(partial.by_row), 0
        while chunk := list(itertools.islice(records, _CHUNK)):
            known = frozenset(row - first for row in partial.by_row if first <= row < first + len(chunk))
            with stop.at_good_points():
                for batch in generator.outputs(chunk, known):
                    partial.add((first + index, output) for index, output in batch)
                    _report(events, len(partial.by_row), total, len(partial.by_row) - before, started)
                    stop.check()
            yield from ((record, partial.by_row[first + index]) for index, record in enumerate(chunk))
            first += len(chunk)

    def predictions() -> Iterator[Prediction]:
        for record, output in outputs():
            [row] = parse_outputs(task, [(record, output.text)])
            confidence = None if output.measured is None else confidence_in(task, row, output.measured)
            abstained = None
            if abstain_below is not None:
                abstained = confidence is None or not is_given(confidence.probability, abstain_below)
            yield Prediction.of(row, confidence, abstained)

    write_predictions(folder / FILE_NAME, predictions())
    partial.delete()


def _report(events: EventLog, done: int, total: int, done_now: int, started: float) -> None:
    rate = done_now / max(time.monotonic() - started, 1e-9)
    events.progress("evaluate", done, total, "row", seconds_left=round((total - done) / rate, 1) if rate else None)
