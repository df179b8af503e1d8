"""A version beside its reproduction: weights, loss, metrics and predictions, and what that makes of it."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Mapping
from typing import Literal

from tasktune.data.records import SPLITS
from tasktune.data.rows import rows_path
from tasktune.evaluation.outputs import read_evaluation
from tasktune.evaluation.predictions import FILE_NAME, Prediction, read_predictions
from tasktune.types import Value
from tasktune.workspace.environment import Difference
from tasktune.workspace.files import read_json, sha256_of
from tasktune.workspace.provenance import weights_of
from tasktune.workspace.versions import Version

Level = Literal["identical", "equal", "different"]
"""``identical``: the weights are the same bit for bit, and so is every answer and every metric. ``equal``: every answer
and every metric is the same, of weights that are not. ``different``: anything else."""

MOST_EXAMPLES = 20


class MetricPair(Value):
    """A metric of the version (``then``) and of its reproduction (``now``); None where it was not measured."""

    name: str
    then: float | None
    now: float | None

    @property
    def difference(self) -> float | None:
        """How far the reproduction is above the version."""
        return None if self.then is None or self.now is None else self.now - self.then


class CurvePair(Value):
    """Two curves of a loss (nats per token): how many steps both logged, how many only one of them did, and the
    largest difference with its step; None without a step that both logged."""

    steps: int
    unmatched: int
    largest: float | None
    at_step: int | None


class PredictionsPair(Value):
    """How many test rows were answered by either, on how many the model's text differs, and the first such rows."""

    rows: int
    different: int
    record_ids: tuple[str, ...]


class Reproduction(Value):
    """How a version and its reproduction compare.

    ``rows`` tells for each split whether the prepared rows are the same.
    ``weights`` and ``weights_now`` are SHA-256 by file. ``environment`` is what differs, then and now.
    """

    version: str
    date: datetime.date
    level: Level
    rows: Mapping[str, bool]
    weights: Mapping[str, str]
    weights_now: Mapping[str, str]
    loss: CurvePair
    evaluation_loss: CurvePair
    metrics: tuple[MetricPair, ...]
    predictions: PredictionsPair
    environment: tuple[Difference, ...]

    @property
    def reproduced(self) -> bool:
        """Whether every answer and every metric is what it was."""
        return self.level != "different"


def compare(version: Version, again: Version, environment: tuple[Difference, ...]) -> Reproduction:
    """Compare a version with its reproduction, both evaluated.

    :raises InputError: a file of either is damaged.
    """
    then, now = read_evaluation(version).metrics, read_evaluation(again).metrics
    weights, weights_now = weights_of(version), weights_of(again)
    predictions = compare_predictions(
        read_predictions(version.evaluation / FILE_NAME), read_predictions(again.evaluation / FILE_NAME)
    )
    history, history_now = (read_json(each.training)["history"] for each in (version, again))
    names = dict.fromkeys([*then.values, *now.values])
    same_weights = bool(weights) and weights == weights_now
    return Reproduction(
        version=version.name,
        date=datetime.date.today(),
        level=level_of(weights=same_weights, predictions=not predictions.different, metrics=then == now),
        rows={
            split: sha256_of(rows_path(version.prepared, split)) == sha256_of(rows_path(again.prepared, split))
            for split in SPLITS
        },
        weights=weights,
        weights_now=weights_now,
        loss=compare_curves(_curve(history, "loss"), _curve(history_now, "loss")),
        evaluation_loss=compare_curves(_curve(history, "eval_loss"), _curve(history_now, "eval_loss")),
        metrics=tuple(MetricPair(name=name, then=then.values.get(name), now=now.values.get(name)) for name in names),
        predictions=predictions,
        environment=environment,
    )


def level_of(*, weights: bool, predictions: bool, metrics: bool) -> Level:
    """The level of a reproduction by what of it is the same."""
    if not (predictions and metrics):
        return "different"
    return "identical" if weights else "equal"


def compare_predictions(then: Iterable[Prediction], now: Iterable[Prediction]) -> PredictionsPair:
    """Compare two runs' answers row by row, streamed; a row that only one of them answered differs."""
    rows = different = 0
    ids: list[str] = []
    for was, became in itertools.zip_longest(then, now):
        rows += 1
        if was is None or became is None or (was.id, was.output) != (became.id, became.output):
            different += 1
            if len(ids) < MOST_EXAMPLES:
                ids.append((was or became).id)
    return PredictionsPair(rows=rows, different=different, record_ids=tuple(ids))


def compare_curves(then: Mapping[int, float], now: Mapping[int, float]) -> CurvePair:
    """Compare two curves, values by step."""
    both = then.keys() & now.keys()
    furthest = max(sorted(both), key=lambda step: abs(now[step] - then[step]), default=None)
    return CurvePair(
        steps=len(both),
        unmatched=len(then.keys() ^ now.keys()),
        largest=None if furthest is None else abs(now[furthest] - then[furthest]),
        at_step=furthest,
    )


def _curve(history: Iterable[Mapping[str, float]], key: str) -> dict[int, float]:
    return {int(entry["step"]): entry[key] for entry in history if key in entry}
