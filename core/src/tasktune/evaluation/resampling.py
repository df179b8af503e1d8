"""Draw samples of scored rows and have the metrics of each, of one system or of several on the same rows.

Where the task type knows its metrics as functions of sums (:mod:`tasktune.sums`), a sample is a product of how often
each row was drawn with what it adds. Rows of equal statistics are drawn together, so the cost goes by the rows that
differ. Otherwise ``compute_metrics`` scores every sample, and fewer samples are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from tasktune.evaluation.statistics import Statistics
from tasktune.sums import SampledMetrics, Sums
from tasktune.types import Metrics, Scored

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from tasktune.definition import Task
    from tasktune.sums import Array

_CELLS = 4_000_000
"""Draws times rows that are in memory at once: 32 MB as float64."""
_SCORED_ROWS = 500_000
"""Rows that ``compute_metrics`` is asked to score in all, where there are no sums; see :func:`_affordable`."""
_LEAST_SCORED = 100


class Samples(Protocol):
    """Rows that one or more systems have answered; systems are known by their numbers, from 0."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    def affordable(self, draws: int) -> int:
        """How many of the ``draws`` that were wished for are drawn."""
        ...

    def metrics(self, system: int) -> SampledMetrics:
        """The metrics of a system on the rows as they are: samples of one."""
        ...

    def parts(self, system: int, parts: Sequence[Sequence[int]]) -> SampledMetrics:
        """The metrics of a system on parts of the rows, a sample each; rows are known by their numbers, from 0."""
        ...

    def bootstrap(self, draws: int, rng: numpy.random.Generator) -> list[SampledMetrics]:
        """The metrics of every system on samples of as many rows, drawn with replacement; the same for each system."""
        ...

    def exchange(
        self, one: int, other: int, draws: int, rng: numpy.random.Generator
    ) -> tuple[SampledMetrics, SampledMetrics]:
        """The metrics of two systems after the answers to each row changed hands or did not, with even chances."""
        ...


def samples_of(task: Task, systems: Sequence[Sequence[Scored]], statistics: Sequence[Statistics | None]) -> Samples:
    """Rows that systems answered, as ``task`` scores them.

    ``statistics`` says for each system what its rows add to the sums. Where that is not known (None), the samples are
    made of ``systems``, each system's labelled rows in the same order.
    """
    known = [each for each in statistics if each is not None]
    if len(known) < len(statistics):
        return _ScoredRows(lambda rows: task.plugin.compute_metrics(rows, task.options), systems)
    return SummedRows(known, lambda sums: task.plugin.metrics_of_sums(sums, task.options))


class SummedRows:
    """Samples by sums. ``statistics`` holds for each system what each row adds."""

    def __init__(
        self, statistics: Sequence[Sequence[Mapping[str, float]]], metrics: Callable[[Sums], SampledMetrics]
    ) -> None:
        import numpy

        self._metrics = metrics
        numbers: dict[tuple[tuple[tuple[str, float], ...], ...], int] = {}
        keys = zip(*([tuple(row.items()) for row in rows] for rows in statistics), strict=True)
        self._kind = numpy.array([numbers.setdefault(key, len(numbers)) for key in keys])
        """Which kind each row is of; rows of a kind have the same statistics in every system."""
        self._counts = numpy.bincount(self._kind, minlength=len(numbers))
        self._kinds = [[dict(key[system]) for key in numbers] for system in range(len(statistics))]
        self._tables = [_Table(kinds) for kinds in self._kinds]

    @property
    def rows(self) -> int:
        return len(self._kind)

    def affordable(self, draws: int) -> int:
        return draws

    def metrics(self, system: int) -> SampledMetrics:
        return self._metrics(Sums(self._tables[system].times(self._counts[:, None].astype(float)), 1))

    def parts(self, system: int, parts: Sequence[Sequence[int]]) -> SampledMetrics:
        import numpy

        counts = numpy.empty((len(self._counts), len(parts)))
        for number, rows in enumerate(parts):
            counts[:, number] = numpy.bincount(self._kind[list(rows)], minlength=len(self._counts))
        return self._metrics(Sums(self._tables[system].times(counts), len(parts)))

    def bootstrap(self, draws: int, rng: numpy.random.Generator) -> list[SampledMetrics]:
        parts: list[list[dict[str, Array]]] = [[] for _table in self._tables]
        for size in _parts(draws, len(self._counts)):
            drawn = self._drawn(size, rng)
            for table, part in zip(self._tables, parts, strict=True):
                part.append(table.times(drawn))
        return [self._metrics(Sums(_joined(part), draws)) for part in parts]

    def exchange(
        self, one: int, other: int, draws: int, rng: numpy.random.Generator
    ) -> tuple[SampledMetrics, SampledMetrics]:
        changes = [_change(*pair) for pair in zip(self._kinds[one], self._kinds[other], strict=True)]
        counts = self._counts[[bool(change) for change in changes]]
        table = _Table([change for change in changes if change])
        moved = _joined([table.times(_exchanged(counts, size, rng)) for size in _parts(draws, len(counts))])
        every = self._counts[:, None].astype(float)
        first, second = (
            self._metrics(Sums(_moved(self._tables[system].times(every), moved, sign, draws), draws))
            for system, sign in ((one, 1), (other, -1))
        )
        return first, second

    def _drawn(self, draws: int, rng: numpy.random.Generator) -> Array:
        """How often each kind of rows is in each sample: kinds by draws."""
        import numpy

        kinds = len(self._counts)
        if 20 * kinds < self.rows:
            # The same distribution, cheaper for few kinds.
            drawn = rng.multinomial(self.rows, self._counts / self.rows, size=draws)
        else:
            drawn = numpy.empty((draws, kinds), dtype=numpy.int64)
            for number in range(draws):
                sample = self._kind[rng.integers(0, self.rows, self.rows)]
                drawn[number] = numpy.bincount(sample, minlength=kinds)
        return numpy.ascontiguousarray(drawn.T, dtype=float)


class _Table:
    """What each kind of rows adds to each sum: a matrix of the sums that most kinds add to, the others one by one."""

    def __init__(self, kinds: Sequence[Mapping[str, float]]) -> None:
        import numpy

        numbers = {name: number for number, name in enumerate(dict.fromkeys(name for kind in kinds for name in kind))}
        columns = numpy.fromiter((numbers[name] for kind in kinds for name in kind), dtype=numpy.int64)
        values = numpy.fromiter((value for kind in kinds for value in kind.values()), dtype=float)
        places = numpy.repeat(numpy.arange(len(kinds)), [len(kind) for kind in kinds])
        order = numpy.argsort(columns, kind="stable")
        places, values = places[order], values[order]
        lengths = numpy.bincount(columns, minlength=len(numbers))
        stops = numpy.cumsum(lengths)
        cells = {
            name: (places[start:stop], values[start:stop])
            for name, start, stop in zip(numbers, stops - lengths, stops, strict=True)
        }
        self._full = [name for name, (where, _what) in cells.items() if 2 * len(where) > len(kinds)]
        self._matrix = numpy.zeros((len(self._full), len(kinds)))
        for line, name in enumerate(self._full):
            where, what = cells.pop(name)
            self._matrix[line, where] = what
        self._few: dict[str, tuple[NDArray[numpy.int64], Array]] = cells

    def times(self, drawn: Array) -> dict[str, Array]:
        """The sums of samples in which kinds occur as often as ``drawn`` says, kinds by samples."""
        sums = dict(zip(self._full, self._matrix @ drawn, strict=True))
        for name, (places, values) in self._few.items():
            sums[name] = values @ drawn[places]
        return sums


class _ScoredRows:
    """Samples by scoring each with ``score``."""

    def __init__(self, score: Callable[[Sequence[Scored]], Metrics], systems: Sequence[Sequence[Scored]]) -> None:
        self._score, self._systems = score, systems

    @property
    def rows(self) -> int:
        return len(self._systems[0])

    def affordable(self, draws: int) -> int:
        return min(draws, max(_LEAST_SCORED, _SCORED_ROWS // self.rows))

    def metrics(self, system: int) -> SampledMetrics:
        return sampled([self._score(self._systems[system])])

    def parts(self, system: int, parts: Sequence[Sequence[int]]) -> SampledMetrics:
        rows = self._systems[system]
        return sampled([self._score([rows[number] for number in part]) for part in parts])

    def bootstrap(self, draws: int, rng: numpy.random.Generator) -> list[SampledMetrics]:
        drawn = [rng.integers(0, self.rows, self.rows).tolist() for _draw in range(draws)]
        return [sampled([self._score([rows[n] for n in sample]) for sample in drawn]) for rows in self._systems]

    def exchange(
        self, one: int, other: int, draws: int, rng: numpy.random.Generator
    ) -> tuple[SampledMetrics, SampledMetrics]:
        found: tuple[list[Metrics], list[Metrics]] = ([], [])
        pairs = list(zip(self._systems[one], self._systems[other], strict=True))
        for _draw in range(draws):
            changed = rng.integers(0, 2, self.rows).tolist()
            found[0].append(self._score([pair[side] for pair, side in zip(pairs, changed, strict=True)]))
            found[1].append(self._score([pair[1 - side] for pair, side in zip(pairs, changed, strict=True)]))
        return sampled(found[0]), sampled(found[1])


def sampled(found: Sequence[Metrics]) -> SampledMetrics:
    """Metrics of single samples as arrays; NaN where a sample has not got a metric or a class."""
    import numpy

    def collected(each: Sequence[Mapping[str, float]]) -> dict[str, Array]:
        names = dict.fromkeys(name for values in each for name in values)
        return {name: numpy.array([values.get(name, numpy.nan) for values in each]) for name in names}

    classes = dict.fromkeys(name for metrics in found for name in metrics.per_class)
    return SampledMetrics(
        values=collected([metrics.values for metrics in found]),
        per_class={name: collected([metrics.per_class.get(name, {}) for metrics in found]) for name in classes},
    )


def _parts(draws: int, kinds: int) -> Iterator[int]:
    """So many draws at a time."""
    size = max(1, _CELLS // max(kinds, 1))
    yield from (min(size, draws - done) for done in range(0, draws, size))


def _change(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """What the other's statistics are above the one's; nothing where they are equal."""
    names = dict.fromkeys([*one, *other])
    return {name: other.get(name, 0) - one.get(name, 0) for name in names if other.get(name, 0) != one.get(name, 0)}


def _exchanged(counts: NDArray[numpy.int64], draws: int, rng: numpy.random.Generator) -> Array:
    """How many rows of each kind change hands in each draw, each with even chances: kinds by draws."""
    import numpy

    changed = numpy.empty((len(counts), draws))
    single = counts == 1
    bits = numpy.frombuffer(rng.bytes(-(-single.sum() * draws // 8)), numpy.uint8)
    changed[single] = numpy.unpackbits(bits, count=int(single.sum()) * draws).reshape(-1, draws)
    changed[~single] = rng.binomial(counts[~single][:, None], 0.5, size=(int((~single).sum()), draws))
    return changed


def _moved(sums: Mapping[str, Array], moved: Mapping[str, Array], sign: int, samples: int) -> dict[str, Array]:
    """Sums of all rows, and what exchanges added to them (sign 1) or took away (-1)."""
    import numpy

    nothing = numpy.zeros(samples)
    return {name: sums.get(name, nothing) + sign * moved.get(name, nothing) for name in dict.fromkeys([*sums, *moved])}


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """The same sums of several parts of the draws, one after another."""
    import numpy

    return {name: numpy.concatenate([part[name] for part in parts]) for name in parts[0]}
