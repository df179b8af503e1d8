"""Metrics as functions of sums over rows, so that thousands of resamples cost one matrix product.

A task type whose metrics are such functions (counts, means, corpus scores: nearly all are) implements two hooks:
``row_statistics`` says what one row adds to each sum, and ``metrics_of_sums`` makes metrics of the sums. The sums come
as NumPy arrays with one element for each sample, and so do the metrics::

    def row_statistics(row, options):
        return {"rows": 1, "right": row.answer.parsed and row.answer.value == row.record.target}

    def metrics_of_sums(sums, options):
        return SampledMetrics(values={"accuracy": share(sums["right"], sums["rows"])})

NumPy is imported inside of the functions, so that importing this module is light.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[numpy.float64]


@dataclass(frozen=True)
class Sums:
    """What the rows of each of ``samples`` samples add up to, by the name of the statistic."""

    by_name: Mapping[str, Array]
    samples: int

    def __getitem__(self, name: str) -> Array:
        """The sums of one statistic, one for each sample; 0 for a name that no row has."""
        if name in self.by_name:
            return self.by_name[name]
        import numpy

        return numpy.zeros(self.samples)


@dataclass(frozen=True)
class SampledMetrics:
    """The metrics of many samples: arrays with one element for each, under the names that ``compute_metrics`` reports.

    A class that ``compute_metrics`` would not report for a sample is NaN there.
    """

    values: Mapping[str, Array]
    per_class: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)


def share(part: Any, whole: Any) -> Array:
    """``part / whole``, and 0 where the whole is 0."""
    import numpy

    part, whole = numpy.broadcast_arrays(numpy.asarray(part, float), numpy.asarray(whole, float))
    shares: Array = numpy.divide(part, whole, out=numpy.zeros(whole.shape), where=whole != 0)
    return shares


def only_where(present: Any, values: Any) -> Array:
    """The values where ``present``, and NaN elsewhere: the scores of a class where it occurs."""
    import numpy

    kept: Array = numpy.where(present, values, numpy.nan)
    return kept
