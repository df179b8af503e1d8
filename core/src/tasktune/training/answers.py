"""The task's metric while training: the model as it is now answers some validation rows, which are scored."""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.rows import read_chat_rows, rows_path
from tasktune.definition.monitor import DEFAULT_METRIC_ROWS
from tasktune.evaluation.predictions import parse_outputs
from tasktune.evaluation.score import metrics_of
from tasktune.inference.decoding import read_decoding
from tasktune.inference.generate import Generator
from tasktune.training import processes
from tasktune.training.at_once import reduced
from tasktune.training.best import Watched
from tasktune.types import Record

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.training.audit import Audit
    from tasktune.workspace.versions import Version


class AnswerMetric:
    """Scores a model's answers to ``records`` by the task's primary metric, generated as evaluation would.

    ``model`` is a causal language model without adapters' wrappers around it, whatever adapters it has in place.
    ``at_once`` rows are answered at a time.
    """

    def __init__(
        self, task: Task, version: Version, model: Any, tokenizer: Any, records: list[Record], at_once: int
    ) -> None:
        self.name = task.primary_metric
        self.records = records
        self._task = task
        self._model = model
        self._generator = Generator(task, model, tokenizer, read_decoding(version.decoding), at_once)

    def __call__(self, process: int = 0) -> float:
        """The metric, as the model is now; each of several processes has its share of the rows answered.

        It leaves the model in evaluation mode.
        """
        self._model.eval()
        mine = range(process, len(self.records), processes.count())
        batches = self._generator.outputs([self.records[number] for number in mine])
        answered = dict(processes.gathered([(mine[index], text) for index, text in chain.from_iterable(batches)]))
        outputs = ((record, answered[number]) for number, record in enumerate(self.records))
        return metrics_of(self._task, list(parse_outputs(self._task, outputs))).values[self.name]


def watching(
    task: Task, version: Version, model: Any, tokenizer: Any, audit: Audit
) -> tuple[Watched, AnswerMetric | None]:
    """The figure that evaluations are compared by, and the metric that gives it if it is not the loss.

    ``model`` is the model that trains; a metric that its task type does not describe is better when higher.
    """
    monitor = task.spec.training.monitor
    if monitor.watch == "loss":
        return Watched("eval_loss"), None
    assert audit.valid is not None, "without validation rows there is nothing to watch"
    count = monitor.metric_rows or DEFAULT_METRIC_ROWS
    records = validation_sample(version.prepared, count, task.spec.training.seed, audit.valid.dropped)
    causal_lm = model.get_base_model() if hasattr(model, "get_base_model") else model
    # Where memory has run out, fewer rows are computed at a time in all that is done.
    less, at_once = reduced(version), task.spec.evaluation.batch_size
    if less is not None:
        at_once = min(at_once, less.rows_of(audit.valid.longest))
    answers = AnswerMetric(task, version, causal_lm, tokenizer, records, at_once)
    described = task.plugin.info.metrics.get(answers.name)
    return Watched(f"eval_{answers.name}", described is None or described.higher_is_better), answers


def validation_sample(prepared: Path, count: int, seed: int, dropped: Collection[str] = ()) -> list[Record]:
    """``count`` validation rows (all, if there are no more), every combination of classes in its proportion.

    Systematic sampling: the rows in random order, sorted by their classes, then one from each of ``count`` equal
    stretches. ``dropped`` rows are left out.
    """
    path, left_out = rows_path(prepared, "valid"), frozenset(dropped)
    order = random.Random(seed)
    known = [
        (tuple(sorted(row["classes"])), order.random(), number)
        for number, row in enumerate(read_chat_rows(path))
        if row["id"] not in left_out
    ]
    known.sort()
    count = min(count, len(known))
    chosen = {known[(2 * place + 1) * len(known) // (2 * count)][-1] for place in range(count)}
    return [
        Record(id=row["id"], inputs=row["inputs"], target=row["target"])
        for number, row in enumerate(read_chat_rows(path))
        if number in chosen
    ]
