"""Where a model fails: which mistakes it makes how often, and which parts of the data it does worse on."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from tasktune.evaluation.predictions import is_correct
from tasktune.improve.outliers import FAR_BELOW
from tasktune.types import Mistake, Record, Scored, Value

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.evaluation.resampling import Samples

UNREADABLE = "unreadable"
"""An answer that cannot be parsed."""
WRONG = "wrong"
"""An answer that is not the right one, of a task type that does not say more."""
MOST_GROUPS = 50
MOST_RECORDS = 5
MOST_VALUES = 12
"""A field with more different values than this does not part the rows into groups that one can look at."""
FEWEST_IN_SLICE = 20
"""A slice of fewer rows says little: the score of 20 rows is off by 22 points in one case of twenty (half a 95 %
interval of a share of 0.5, 1.96 · √(0.25 / 20))."""
LENGTH = "length"
"""The slices by how many characters the inputs have."""


class MistakeGroup(Value):
    """Mistakes of one ``kind`` about the same classes: how many, which ``share`` of all mistakes, and some records."""

    kind: str
    gold: str | None = None
    predicted: str | None = None
    count: int
    share: float
    records: tuple[str, ...] = ()


class Slice(Value):
    """The rows whose ``field`` has one ``value``: how many, and their headline score. ``weak``: it is far below."""

    field: str
    value: str
    rows: int
    score: float
    weak: bool = False


class PartScore(Value):
    """A part of what the rows hold (see the hook ``parts``): how much of their targets it is, and its metrics."""

    name: str
    size: int
    metrics: Mapping[str, float]


class ErrorAnalysis(Value):
    """The mistakes of an evaluation, the commonest first, how many there are, the scores of slices of its rows, and
    those of parts of what the rows hold."""

    mistakes: int = 0
    groups: tuple[MistakeGroup, ...] = ()
    slices: tuple[Slice, ...] = ()
    parts: tuple[PartScore, ...] = ()


def analyse(
    task: Task, rows: Sequence[Scored], headline: float, samples: Samples, parts: Iterable[PartScore] = ()
) -> ErrorAnalysis:
    """Sort the mistakes in labelled rows, and score parts of the rows that differ in length or in a field.

    ``samples`` are of the same rows, in this order; ``parts`` are of what these hold.
    """
    total, groups = mistake_groups((row.record.id, mistakes_of(task, row)) for row in rows)

    def scores(parts: Sequence[Sequence[int]]) -> list[float]:
        found: list[float] = samples.parts(0, parts).values[task.primary_metric].tolist()
        return found

    return ErrorAnalysis(
        mistakes=total, groups=groups, slices=tuple(slices(rows, headline, scores)), parts=tuple(parts)
    )


def mistakes_of(task: Task, row: Scored) -> Sequence[Mistake]:
    """What is wrong in the answer of a labelled row; nothing in a right one."""
    if not row.answer.parsed:
        return (Mistake(kind=UNREADABLE, gold=_name(row.record.target)),)
    found = task.plugin.mistakes(row, task.options)
    if found is not None:
        return found
    if is_correct(row):
        return ()
    return (Mistake(kind=WRONG, gold=_name(row.record.target), predicted=_name(row.answer.value)),)


def mistake_groups(found: Iterable[tuple[str, Sequence[Mistake]]]) -> tuple[int, tuple[MistakeGroup, ...]]:
    """How many mistakes there are, and the commonest groups of them; ``found`` are records' ids with their mistakes."""
    counts: Counter[Mistake] = Counter()
    records: dict[Mistake, list[str]] = defaultdict(list)
    for record_id, mistakes in found:
        for mistake in dict.fromkeys(mistakes):
            if len(records[mistake]) < MOST_RECORDS:
                records[mistake].append(record_id)
        counts.update(mistakes)
    total = counts.total()
    # Equal counts in the order of names, so that the order of the rows does not matter.
    commonest = sorted(counts, key=lambda each: (-counts[each], each.kind, each.gold or "", each.predicted or ""))
    return total, tuple(
        MistakeGroup(
            **mistake.model_dump(),
            count=counts[mistake],
            share=counts[mistake] / total,
            records=tuple(records[mistake]),
        )
        for mistake in commonest[:MOST_GROUPS]
    )


def slices(
    rows: Sequence[Scored], headline: float, scores: Callable[[Sequence[Sequence[int]]], Sequence[float]]
) -> Iterator[Slice]:
    """The scores of the rows by the length of their inputs, in quarters, and by fields with few values.

    ``scores`` gives those of parts of the rows, each the numbers of its rows.
    """
    for field, value_of in [(LENGTH, _by_length(rows)), *_by_fields(rows)]:
        members: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            value = value_of(row.record)
            if value is not None:
                members[value].append(number)
        large = sorted(((value, some) for value, some in members.items() if len(some) >= FEWEST_IN_SLICE), key=_place)
        if len(large) < 2:
            continue
        for (value, some), reached in zip(large, scores([some for _value, some in large]), strict=True):
            yield Slice(field=field, value=value, rows=len(some), score=reached, weak=reached < headline - FAR_BELOW)


def _place(item: tuple[str, Sequence[int]]) -> tuple[int, str]:
    """Ranges of numbers by where they begin, names by the alphabet."""
    first = item[0].partition("-")[0]
    return (int(first) if first.isdecimal() else 0), item[0]


def _by_length(rows: Sequence[Scored]) -> Callable[[Record], str | None]:
    lengths = [_characters(row.record) for row in rows]
    cuts = sorted({round(cut) for cut in quantiles(lengths, n=4)}) if len(lengths) > 1 else []
    edges = [*cuts, max(lengths, default=0)]
    lowest = min(lengths, default=0)

    def quarter(record: Record) -> str:
        place = bisect_left(edges, _characters(record))
        first = edges[place - 1] + 1 if place else lowest
        return f"{first}-{edges[place]}" if first < edges[place] else str(edges[place])

    return quarter


def _by_fields(rows: Sequence[Scored]) -> Iterator[tuple[str, Callable[[Record], str | None]]]:
    """Fields that half of the rows have, with few short values."""
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for field, value in row.record.inputs.items():
            name = _name(value)
            # One value too many is enough to know.
            if name is not None and len(values[field]) <= MOST_VALUES:
                values[field][name] += 1
    for field, counts in values.items():
        if 2 <= len(counts) <= MOST_VALUES and 2 * counts.total() >= len(rows):
            yield field, partial(_value, field)


def _value(field: str, record: Record) -> str | None:
    return _name(record.inputs.get(field))


def _characters(record: Record) -> int:
    return sum(len(value) for value in record.inputs.values() if isinstance(value, str))


def _name(value: Any) -> str | None:
    """A value that can stand for a class; None of anything longer or made of parts."""
    if isinstance(value, bool | int | str) and len(str(value)) <= 40:
        return str(value)
    return None
