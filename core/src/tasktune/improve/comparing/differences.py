"""How the scores of two versions differ on the same rows, and whether by more than chance.

The interval of a difference is the percentile bootstrap's over rows drawn for both alike (P. Koehn, Statistical
Significance Tests for Machine Translation Evaluation, EMNLP 2004); its p is that of approximate randomisation, and the
p of rows answered rightly McNemar's. Both are adjusted by Holm's method where several tests are made: the metric that
decides is tested by itself (over all versions), the other metrics together, and the classes together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tasktune.evaluation.intervals import Interval, interval_of
from tasktune.evaluation.predictions import Prediction
from tasktune.evaluation.resampling import Samples
from tasktune.evaluation.significance import ALPHA, holm, mcnemar, randomisation_p
from tasktune.types import Value

if TYPE_CHECKING:
    import numpy

    from tasktune.definition import Task
    from tasktune.sums import Array, SampledMetrics

Verdict = Literal["better", "worse", "not distinguishable"]


class Difference(Value):
    """A score of two versions: ``difference`` is how far the second is above the first, ``interval`` where that may
    lie.

    ``p`` is adjusted for the tests beside it, and the ``verdict`` is on the second version.
    """

    metric: str
    before: float
    after: float
    difference: float
    interval: Interval | None
    p: float
    verdict: Verdict = "not distinguishable"


class ClassDifference(Difference):
    """A score of one class."""

    name: str


class Answered(Value):
    """A row that only one of two versions answers rightly, with what each wrote."""

    id: str
    inputs: Mapping[str, Any]
    target: Any
    before: str
    after: str


class Correctness(Value):
    """How many rows two versions answer to the letter, and which ones the second has ``fixed`` and ``broken``."""

    before: int
    after: int
    fixed: tuple[Answered, ...]
    broken: tuple[Answered, ...]
    p: float
    verdict: Verdict = "not distinguishable"


Tested = TypeVar("Tested", Difference, ClassDifference, Correctness)


@dataclass(frozen=True)
class Differences:
    """All that was tested of two versions. ``metrics[0]`` is the metric that decides."""

    metrics: tuple[Difference, ...]
    classes: tuple[ClassDifference, ...]
    correctness: Correctness


def differences_of(
    task: Task,
    samples: Samples,
    predictions: Sequence[Sequence[Prediction]],
    *,
    resamples: int,
    exchanges: int,
    rng: numpy.random.Generator,
) -> list[Differences]:
    """Each version beside the first: its ``predictions`` are of the rows that ``samples`` draws from."""
    drawn = samples.bootstrap(resamples, rng)
    found = []
    for number in range(1, len(predictions)):
        test = _Test(samples, number, drawn, samples.exchange(0, number, exchanges, rng))
        found.append(
            Differences(
                metrics=tuple(test.metric(name) for name in _metrics(task, test.points[0])),
                classes=test.classes(),
                correctness=_correctness(predictions[0], predictions[number]),
            )
        )
    return _judged(found, task)


class _Test:
    """A version and the first one: their scores, those of samples of rows, and those after exchanges."""

    def __init__(
        self,
        samples: Samples,
        number: int,
        drawn: Sequence[SampledMetrics],
        exchanged: tuple[SampledMetrics, SampledMetrics],
    ) -> None:
        self.points = samples.metrics(0), samples.metrics(number)
        self.drawn = drawn[0], drawn[number]
        self.exchanged = exchanged

    def metric(self, name: str) -> Difference:
        """The difference of a metric of all rows."""
        return Difference(metric=name, **self._tested(lambda each: each.values[name]))

    def classes(self) -> tuple[ClassDifference, ...]:
        """The difference of every class's F1, or of the score that classes have instead."""
        names = dict.fromkeys(name for each in self.points for name in each.per_class)
        scores = dict.fromkeys(score for each in self.points for values in each.per_class.values() for score in values)
        scores.pop("support", None)
        if not scores:
            return ()
        metric = "f1" if "f1" in scores else next(iter(scores))
        return tuple(
            ClassDifference(name=name, metric=metric, **self._tested(partial(_of_class, name=name, score=metric)))
            for name in names
        )

    def _tested(self, score: Callable[[SampledMetrics], Array]) -> dict[str, Any]:
        before, after = (float(score(each)[0]) for each in self.points)
        drawn, exchanged = (score(after) - score(before) for before, after in (self.drawn, self.exchanged))
        return {
            "before": before,
            "after": after,
            "difference": after - before,
            # Rows 0: the exact bound for a score of 0 or 1 is none of a difference.
            "interval": interval_of(drawn, after - before, rows=0),
            "p": randomisation_p(exchanged, after - before),
        }


def _of_class(metrics: SampledMetrics, name: str, score: str) -> Array:
    """A class's score, 0 in samples where it neither occurs nor is answered."""
    import numpy

    nothing = 0 * next(iter(metrics.values.values()))
    return numpy.nan_to_num(metrics.per_class.get(name, {}).get(score, nothing))


def _metrics(task: Task, points: SampledMetrics) -> list[str]:
    """The metrics' names: the one that decides, then as the task type lists them, then the rest."""
    listed = [task.primary_metric, *task.plugin.info.metrics, *points.values]
    return [name for name in dict.fromkeys(listed) if name in points.values]


def _correctness(before: Sequence[Prediction], after: Sequence[Prediction]) -> Correctness:
    pairs = list(zip(before, after, strict=True))
    fixed = tuple(_answered(was, became) for was, became in pairs if became.correct and not was.correct)
    broken = tuple(_answered(was, became) for was, became in pairs if was.correct and not became.correct)
    return Correctness(
        before=sum(bool(was.correct) for was, _became in pairs),
        after=sum(bool(became.correct) for _was, became in pairs),
        fixed=fixed,
        broken=broken,
        p=mcnemar(len(broken), len(fixed)),
    )


def _answered(was: Prediction, became: Prediction) -> Answered:
    return Answered(id=was.id, inputs=was.inputs, target=was.target, before=was.output, after=became.output)


def _judged(found: Sequence[Differences], task: Task) -> list[Differences]:
    """The same with adjusted ps, and verdicts by them."""

    def is_gain(each: Difference) -> bool:
        info = task.plugin.info.metrics.get(each.metric)
        return (each.difference > 0) == (info is None or info.higher_is_better)

    headlines = holm([each.metrics[0].p for each in found])
    others = iter(holm([p for each in found for p in (*(m.p for m in each.metrics[1:]), each.correctness.p)]))
    classes = iter(holm([one.p for each in found for one in each.classes]))
    judged = []
    for each, headline in zip(found, headlines, strict=True):
        ps = [headline, *(next(others) for _metric in each.metrics[1:])]
        correct = each.correctness
        judged.append(
            Differences(
                metrics=tuple(_with_verdict(m, p, is_gain(m)) for m, p in zip(each.metrics, ps, strict=True)),
                correctness=_with_verdict(correct, next(others), correct.after > correct.before),
                classes=tuple(_with_verdict(one, next(classes), is_gain(one)) for one in each.classes),
            )
        )
    return judged


def _with_verdict(each: Tested, p: float, gain: bool) -> Tested:
    verdict: Verdict = "not distinguishable" if p >= ALPHA else "better" if gain else "worse"
    return each.model_copy(update={"p": p, "verdict": verdict})
