"""Confidence intervals of metrics: how far a score would move on other rows of the same kind.

The percentile bootstrap (B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13): rows are
drawn with replacement, as many as there are, and of the metrics of all samples the middle 95 % make the interval.

Where nearly every sample scores the same 0 or 1, the bootstrap knows nothing of mistakes that it has not seen. The
exact interval of Clopper and Pearson (1934, Biometrika 26) for n of n rows stands in: from (α/2)^(1/n) to 1, and
likewise from 0. Twenty right answers of twenty are 100 % (83 % to 100 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from tasktune.evaluation.resampling import Samples
from tasktune.types import Metrics, Value

if TYPE_CHECKING:
    from tasktune.sums import Array, SampledMetrics

LEVEL = 0.95
RESAMPLES = 2_000


class Interval(Value):
    """From ``low`` to ``high``, in the metric's own unit."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether the value lies between the ends, or is one of them."""
        return self.low <= value <= self.high


class Intervals(Value):
    """Confidence intervals of an evaluation's metrics under the names that these have.

    ``resamples`` samples of ``rows`` rows were drawn with ``seed``. A metric has no interval where too few of them have
    it, as with a class of a single row.
    """

    level: float = LEVEL
    method: Literal["percentile bootstrap"] = "percentile bootstrap"
    resamples: int
    rows: int
    seed: int
    values: Mapping[str, Interval]
    per_class: Mapping[str, Mapping[str, Interval]] = {}


def intervals(samples: Samples, metrics: Metrics, *, seed: int) -> Intervals:
    """The intervals of the metrics of one system's rows.

    The same rows, in this order, and the same seed give the same intervals.
    """
    import numpy

    draws = samples.affordable(RESAMPLES)
    [drawn] = samples.bootstrap(draws, numpy.random.default_rng(seed))
    return Intervals(
        resamples=draws,
        rows=samples.rows,
        seed=seed,
        values=_intervals(drawn.values, metrics.values, samples.rows),
        per_class={
            name: _intervals(_without(drawn, name, "support"), values, int(values.get("support", samples.rows)))
            for name, values in metrics.per_class.items()
        },
    )


def interval_of(drawn: Array, value: float, rows: int, level: float = LEVEL) -> Interval | None:
    """The interval of a metric that is ``value`` on ``rows`` rows, by its values on samples of them (NaN: it has none).

    None where fewer than half of the samples have the metric: it hangs on rows that are hardly there.
    """
    import numpy

    known = drawn[~numpy.isnan(drawn)]
    if 2 * len(known) < len(drawn) or not len(known):
        return None
    tail = (1 - level) / 2
    low, high = (float(end) for end in numpy.quantile(known, [tail, 1 - tail]))
    if low == high == value and value in (0.0, 1.0) and rows > 0:
        low, high = (0.0, 1 - tail ** (1 / rows)) if value == 0.0 else (tail ** (1 / rows), 1.0)
    # With few samples and a skewed metric the middle of the samples can pass the value by: it is in its own interval.
    return Interval(low=min(low, value), high=max(high, value))


def _intervals(drawn: Mapping[str, Array], values: Mapping[str, float], rows: int) -> dict[str, Interval]:
    found = {name: interval_of(drawn[name], value, rows) for name, value in values.items() if name in drawn}
    return {name: interval for name, interval in found.items() if interval is not None}


def _without(drawn: SampledMetrics, name: str, left_out: str) -> Mapping[str, Array]:
    """A class's samples; how many rows it has is no estimate."""
    return {metric: values for metric, values in drawn.per_class.get(name, {}).items() if metric != left_out}
