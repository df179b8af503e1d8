"""How the rows of a task are spread over splits, classes and lengths."""

from __future__ import annotations

import itertools
import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.check import report_on
from tasktune.data.records import SPLITS, Split
from tasktune.data.rows import chat, read_chat_rows, rows_path, used_records
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

    @property
    def names(self) -> tuple[str, ...]:
        """What each bin is called: ``10–19``, ``7`` for one length, ``90–`` for the last."""
        closed = (
            f"{first:,}" if first == after - 1 else f"{first:,}–{after - 1:,}"
            for first, after in itertools.pairwise(self.edges)
        )
        return (*closed, f"{self.edges[-1]:,}–")


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
    tally = _Tally("tokens" if tokens else "characters", task.spec.training.max_length)
    if not tokens:
        for split, prompt in _counted(task, found, tally):
            tally.measure(split, characters(chat(prompt)))
        return tally.stats()
    order = bytearray()

    def chats() -> Iterator[list[dict[str, str]]]:
        for split, prompt in _counted(task, found, tally):
            order.append(SPLITS.index(split))
            yield chat(prompt)

    with tokenized(task, chats(), "lengths") as answers:
        for number, (prompt, answer) in zip(order, answers, strict=True):
            tally.measure(SPLITS[number], (prompt, answer, prompt + answer))
    return tally.stats()


def prepared_stats(prepared: Path, max_length: int) -> Stats:
    """The same, in characters, of the rows that a version was made with (its ``prepared`` folder)."""
    tally = _Tally("characters", max_length)
    for split in SPLITS:
        for row in read_chat_rows(rows_path(prepared, split)):
            tally.count(split, row["classes"])
            tally.measure(split, characters(row["messages"]))
    return tally.stats()


def characters(messages: Sequence[Mapping[str, str]]) -> tuple[int, int]:
    """The lengths of a row's input and answer. The system prompt, which all rows share, is left out."""
    asked = sum(len(message["content"]) for message in messages if message["role"] == "user")
    return asked, sum(len(message["content"]) for message in messages if message["role"] == "assistant")


def _counted(task: Task, found: Scan, tally: _Tally) -> Iterator[tuple[Split, Prompt]]:
    """The prompt of every row that a run uses, its classes counted."""
    for split, record in used_records(task, found):
        tally.count(split, task.plugin.target_classes(record, task.options))
        yield split, task.plugin.build_prompt(record, task.options)


class _Tally:
    """Counts of rows and classes, and the lengths of every row, a number each."""

    def __init__(self, unit: str, max_length: int) -> None:
        self.unit = unit
        self.max_length = max_length
        self.rows: Counter[Split] = Counter()
        self.without_class: Counter[Split] = Counter()
        self.classes: dict[Split, Counter[str]] = {split: Counter() for split in SPLITS}
        self.lengths = {measure: {split: array("I") for split in SPLITS} for measure in MEASURES[unit]}

    def count(self, split: Split, classes: Sequence[str]) -> None:
        self.rows[split] += 1
        self.without_class[split] += not classes
        self.classes[split].update(set(classes))

    def measure(self, split: Split, lengths: Sequence[int]) -> None:
        for measure, length in zip(self.lengths, lengths, strict=True):
            self.lengths[measure][split].append(length)

    def stats(self) -> Stats:
        used = [split for split in SPLITS if self.rows[split]]
        return Stats(
            unit=self.unit,
            max_length=self.max_length,
            splits={split: self._split(split) for split in used},
            histograms={
                measure: histogram({split: lengths[split] for split in used})
                for measure, lengths in self.lengths.items()
            },
        )

    def _split(self, split: Split) -> SplitStats:
        # Only tokens can be compared with the limit.
        rows = self.lengths["row"][split] if self.unit == "tokens" else None
        return SplitStats(
            rows=self.rows[split],
            classes=dict(sorted(self.classes[split].items())),
            without_class=self.without_class[split],
            lengths={measure: summary(lengths[split]) for measure, lengths in self.lengths.items()},
            over_max_length=None if rows is None else sum(length > self.max_length for length in rows),
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
