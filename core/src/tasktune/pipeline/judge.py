"""Score a version's predictions and write its report."""

from __future__ import annotations

import datetime
import itertools
from typing import TYPE_CHECKING

from tasktune.data.records import SPLITS, Split
from tasktune.data.rows import count_rows, read_split, rows_path
from tasktune.evaluation.outputs import write_outputs
from tasktune.evaluation.predictions import FILE_NAME, read_predictions
from tasktune.evaluation.report import RunFacts
from tasktune.evaluation.score import Evaluation, score
from tasktune.training.record import read_record
from tasktune.workspace.files import read_json
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task

# Simple methods learn no more from a million rows, and would hold all of them in memory.
MAX_BASELINE_ROWS = 50_000


def judge(task: Task, version: Version, split: Split) -> Evaluation:
    """Score the predictions of a split by the task's criteria; for test, write metrics, results and report."""
    training = read_record(version.training)
    predictions = read_predictions(version.evaluation_of(split) / FILE_NAME)
    rows = {name: count_rows(rows_path(version.prepared, name)) for name in SPLITS}
    step = -(-rows["train"] // MAX_BASELINE_ROWS)
    evaluation = score(
        task,
        ((prediction.record, prediction.output) for prediction in predictions),
        train=list(itertools.islice(read_split(version.prepared, "train"), 0, None, step)),
        split=split,
        decoding=read_json(version.decoding)["mode"],
        loss_curve=training.loss_curve,
        keep=version.evaluation if split == "test" else None,
    )
    facts = RunFacts(
        version=version.name,
        date=datetime.date.today(),
        rows=rows,
        trained_in=training.trained_in,
        backend=": ".join(filter(None, (training.backend, training.backend_reason))),
    )
    if split == "test":
        write_outputs(evaluation, task, version, facts, training=training)
    return evaluation
