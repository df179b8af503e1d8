"""How the rows of a task are spread over splits, classes and lengths."""

from __future__ import annotations

import itertools
import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tasktune.data.check import report_on
from tasktune.data.records import SPLITS, Split
from tasktune.data.rows import chat, used_records
from tasktune.data.scan import Scan, scan
from tasktune.data.tokenizing import tokenized
from tasktune.types import Prompt, Value

if TYPE_CHECKING:
    from tasktune.definition import Task

MEASURES = {"characters": ("input", "answer"), "tokens": ("prompt", "answer", "row")}
"""What is measured of a row, in which unit. The input is what the user messages say, without the system prompt."""
MAX_BINS = 10


class Lengths(Value):
    """One measure of a split's rows. ``p95`` is the length that 95 of 100 rows do not exceed (nearest rank)."""

    min: int
    median: int
    mean: float
    p95: int
    max: int


class SplitStats(Value):
    """One split: a class counts once for every row that shows it, ``without_class`` the rows that show none."""

    rows: int
    classes: Mapping[str, int]
    without_class: int
    lengths: Mapping[str, Lengths]
    over_max_length: int | None = None


class Histogram(Value):
    """Rows by length: bin i counts lengths from ``edges[i]`` up to, not including, the next edge; the last is open."""

    edges: tuple[int, ...]
    counts: Mapping[Split, tuple[int, ...]]


class Stats(Value):
    """The rows of a task as a run would use them; ``unit`` is that of the lengths."""

    unit: str
    max_length: int
    splits: Mapping[Split, SplitStats]
    histograms: Mapping[str, Histogram]


def stats(task: Task, *, tokens: bool = False) -> Stats:
    """Count and measure every row, in characters or in tokens of the base model.

    :raises InputError: with every problem of the data; a count of some rows would not tell of the others.
    """
    found = scan(task)
    report_on(found, task).raise_for_problems()
    unit = "tokens" if tokens else "characters"
    rows = _Rows(task, found, MEASURES[unit])
    if tokens:
        with tokenized(task, (chat(prompt) for _split, prompt in rows.keep()), "lengths") as answers:
            for split, (prompt, answer) in zip(rows.splits(), answers, strict=True):
                rows.add(split, (prompt, answer, prompt + answer))
    else:
        for split, prompt in rows.read():
            asked = sum(len(message.content) for message in prompt.messages if message.role == "user")
            rows.add(split, (asked, len(prompt.completion or "")))
    return rows.stats(unit, found)


class _Rows:
    """The lengths of every row, a number each."""

    def __init__(self, task: Task, found: Scan, measures: Sequence[str]) -> None:
        self.task = task
        self.found = found
        self.measures = measures
        self.lengths = {measure: {split: array("I") for split in SPLITS} for measure in measures}
        self.without_class: Counter[Split] = Counter()
        self._kept = bytearray()

    def read(self) -> Iterator[tuple[Split, Prompt]]:
        """The prompt of every row that a run uses, with its split."""
        task = self.task
        for split, record in used_records(task, self.found):
            self.without_class[split] += not task.plugin.target_classes(record, task.options)
            yield split, task.plugin.build_prompt(record, task.options)

    def keep(self) -> Iterator[tuple[Split, Prompt]]:
        """As :meth:`read`, and :meth:`splits` has the splits again afterwards."""
        for split, prompt in self.read():
            self._kept.append(SPLITS.index(split))
            yield split, prompt

    def splits(self) -> Iterator[Split]:
        """The split of every row that was kept, in order."""
        return (SPLITS[number] for number in self._kept)

    def add(self, split: Split, lengths: Iterable[int]) -> None:
        for measure, length in zip(self.measures, lengths, strict=True):
            self.lengths[measure][split].append(length)

    def stats(self, unit: str, found: Scan) -> Stats:
        limit = self.task.spec.training.max_length
        used = [split for split in SPLITS if found.rows[split]]
        return Stats(
            unit=unit,
            max_length=limit,
            splits={
                split: SplitStats(
                    rows=found.rows[split],
                    classes=dict(sorted(found.classes[split].items())),
                    without_class=self.without_class[split],
                    lengths={measure: summary(self.lengths[measure][split]) for measure in self.measures},
                    over_max_length=sum(length > limit for length in self.lengths["row"][split])
                    if unit == "tokens"
                    else None,
                )
                for split in used
            },
            histograms={
                measure: histogram({split: self.lengths[measure][split] for split in used}) for measure in self.measures
            },
        )


def summary(lengths: Sequence[int]) -> Lengths:
    """The figures of one measure of a split that has rows."""
    ordered = sorted(lengths)
    return Lengths(
        min=ordered[0],
        median=_rank(ordered, 0.5),
        mean=round(sum(ordered) / len(ordered), 1),
        p95=_rank(ordered, 0.95),
        max=ordered[-1],
    )


def histogram(lengths: Mapping[Split, Sequence[int]]) -> Histogram:
    """The lengths of all splits in bins of a round width; the few longest rows share the last one."""
    ordered = sorted(itertools.chain.from_iterable(lengths.values()))
    if not ordered:
        return Histogram(edges=(0,), counts={})
    low, high = ordered[0], _rank(ordered, 0.99)
    width = _round_width((high - low + 1) / (MAX_BINS - 1))
    edges = tuple(range(low // width * width, high + 1, width))
    return Histogram(edges=edges, counts={split: _count(each, edges) for split, each in lengths.items()})


def _count(lengths: Sequence[int], edges: Sequence[int]) -> tuple[int, ...]:
    bins = Counter(bisect_right(edges, length) - 1 for length in lengths)
    return tuple(bins[number] for number in range(len(edges)))


def _rank(ordered: Sequence[int], share: float) -> int:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _round_width(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is not below ``least``."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= least:
                return step * power
        power *= 10
