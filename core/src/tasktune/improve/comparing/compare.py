"""Compare versions of a task on the test rows that all of them answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from tasktune.errors import InputError
from tasktune.evaluation.intervals import LEVEL, RESAMPLES
from tasktune.evaluation.predictions import FILE_NAME, Prediction, read_predictions
from tasktune.evaluation.resampling import samples_of
from tasktune.evaluation.sample_size import rows_to_tell
from tasktune.evaluation.significance import ALPHA
from tasktune.evaluation.statistics import Statistics, kept_statistics, statistics_of
from tasktune.improve.comparing.changes import Changes, changes_between
from tasktune.improve.comparing.differences import ClassDifference, Correctness, Difference, differences_of
from tasktune.improve.comparing.rows import common_rows
from tasktune.locale import translate as _
from tasktune.types import Scored, Value
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task

EXCHANGES = 10_000
_FEWEST_EXCHANGES = 1_000
_EXCHANGED_ROWS = 30_000_000
"""Differing rows times exchanges, which bound the time: a second or two."""

Advice = Literal["adopt", "adjust", "keep"]


class Pair(Value):
    """A version beside the first one. ``metrics[0]`` is the metric that decides.

    ``met``: the version reaches the target. ``rows_needed`` would tell the two apart, if the difference stays; None
    where they are told apart or no number would. ``advice``: adopt a better one that reaches the target, adjust further
    from a better one that does not, keep the first one otherwise.
    """

    before: str
    after: str
    changes: Changes
    metrics: tuple[Difference, ...]
    classes: tuple[ClassDifference, ...]
    correctness: Correctness
    met: bool
    rows_needed: int | None
    advice: Advice

    @property
    def headline(self) -> Difference:
        """The metric that decides."""
        return self.metrics[0]


class Comparison(Value):
    """Versions, each beside the first, on ``rows`` test rows.

    ``left_out`` counts for each version the labelled test rows that not all of them have. ``resamples`` made the
    intervals at ``level`` and ``exchanges`` the ps, which are differences below ``alpha``, with random numbers of
    ``seed``. ``best`` is the version to go on with: the best of those that are better than the first, else the first.
    """

    task_name: str
    versions: tuple[str, ...]
    rows: int
    left_out: Mapping[str, int]
    threshold: float
    level: float = LEVEL
    resamples: int
    exchanges: int
    seed: int
    alpha: float = ALPHA
    pairs: tuple[Pair, ...]
    best: str

    @property
    def worse(self) -> bool:
        """Whether a version is worse than the first on the metric that decides."""
        return any(pair.headline.verdict == "worse" for pair in self.pairs)


def compare(tasks: Sequence[Task], versions: Sequence[Version]) -> Comparison:
    """Compare each version with the first; ``tasks`` are the versions' own definitions, in the same order.

    The last version's definition says how all are scored, which metric decides and what it has to reach. The first
    one's seed draws the samples, so the same versions compare alike each time.

    :raises InputError: versions of different task types, a version without predictions, or no common test rows.
    """
    import numpy

    names = [version.name for version in versions]
    task, first = tasks[-1], tasks[0].spec
    kinds = [each.spec.task_type for each in tasks]
    if len(set(kinds)) > 1:
        listed = ", ".join(f"{name}: {kind}" for name, kind in zip(names, kinds, strict=True))
        raise InputError(_("versions of different task types cannot be compared ({listed})", listed=listed))
    predictions = {each.name: list(read_predictions(each.evaluation / FILE_NAME)) for each in versions}
    rows = common_rows(predictions)
    answered = [rows.predictions[name] for name in names]
    statistics = [_statistics(task, each, predictions[each.name], rows.predictions[each.name]) for each in versions]
    scored = [[_scored(each) for each in theirs] for theirs in answered] if None in statistics else []
    samples = samples_of(task, scored, statistics)
    resamples = samples.affordable(RESAMPLES)
    differing = max(_differing(answered[0], theirs) for theirs in answered[1:])
    exchanges = samples.affordable(max(_FEWEST_EXCHANGES, min(EXCHANGES, _EXCHANGED_ROWS // max(differing, 1))))
    rng = numpy.random.default_rng(first.training.seed)
    found = differences_of(task, samples, answered, resamples=resamples, exchanges=exchanges, rng=rng)
    pairs = tuple(
        Pair(
            before=names[0],
            after=version.name,
            changes=changes_between(versions[0], version, first, theirs.spec),
            metrics=each.metrics,
            classes=each.classes,
            correctness=each.correctness,
            met=each.metrics[0].after >= task.threshold,
            rows_needed=_rows_needed(each.metrics[0], rows.count),
            advice=_advice(each.metrics[0], task.threshold),
        )
        for version, theirs, each in zip(versions[1:], tasks[1:], found, strict=True)
    )
    better = [pair for pair in pairs if pair.headline.verdict == "better"]
    return Comparison(
        task_name=task.name,
        versions=tuple(names),
        rows=rows.count,
        left_out=rows.left_out,
        threshold=task.threshold,
        resamples=resamples,
        exchanges=exchanges,
        seed=first.training.seed,
        pairs=pairs,
        best=max(better, key=lambda pair: pair.headline.after).after if better else names[0],
    )


def _statistics(
    task: Task, version: Version, predictions: Sequence[Prediction], common: Sequence[Prediction]
) -> Statistics | None:
    """What each common row adds to the sums: as the evaluation kept it, else computed."""
    labelled = [each for each in predictions if each.target is not None]
    kept = kept_statistics(task, version.evaluation, len(labelled))
    if kept is None:
        return statistics_of(task, [_scored(each) for each in common])
    by_row = {id(each): statistics for each, statistics in zip(labelled, kept, strict=True)}
    return [by_row[id(each)] for each in common]


def _scored(prediction: Prediction) -> Scored:
    return Scored(record=prediction.record, output=prediction.output, answer=prediction.answer)


def _differing(one: Sequence[Prediction], other: Sequence[Prediction]) -> int:
    return sum(first.output != second.output for first, second in zip(one, other, strict=True))


def _advice(headline: Difference, threshold: float) -> Advice:
    if headline.verdict != "better":
        return "keep"
    return "adopt" if headline.after >= threshold else "adjust"


def _rows_needed(headline: Difference, rows: int) -> int | None:
    """How many rows would leave no difference at all outside of the interval of the difference."""
    if headline.verdict != "not distinguishable" or headline.interval is None:
        return None
    needed = rows_to_tell(headline.difference, 0.0, headline.interval, rows)
    return None if needed is None or needed <= rows else needed
