"""What a data source shows before there is a task: of which type its rows may be, and what they are like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasktune.coach.language import language_of
from tasktune.data.importing.fields import Mapped, map_fields, pairs_column, pairs_key
from tasktune.data.importing.items import Blank, Source, SourceRow
from tasktune.data.importing.offsets import Counting, Unit
from tasktune.data.importing.rows import Pairs, RowMaker
from tasktune.data.importing.run import expanded, find_counting, look
from tasktune.data.importing.wanted import Wanted, wanted_by_type
from tasktune.errors import InputError, PluginError, RecordError
from tasktune.locale import translate as _
from tasktune.plugins import TaskType, find, load_task_type
from tasktune.types import Proposal, Value

# Texts that are read for their language; it does not change after the first hundreds.
_TEXTS = 500
_LABELS_SHOWN = 8
_PREFERENCES = {"chosen", "rejected"}


@dataclass(frozen=True)
class Candidate:
    """A task type that the rows may be for: which columns fill its fields, what the offsets of spans count, and what it
    makes of the first rows."""

    plugin: TaskType
    wanted: Wanted
    mapped: Mapped
    sample: tuple[SourceRow, ...]
    pairs: Pairs | None
    counting: Counting
    proposal: Proposal

    @property
    def preferences(self) -> bool:
        """Whether the source has pairs of a chosen and a rejected answer."""
        return any(set(row.fields) >= _PREFERENCES for row in self.sample)

    @property
    def group_by(self) -> str | None:
        """The field whose rows must stay in one split: the text, when several rows are made of one."""
        return None if self.pairs is None else self.wanted.text


class Sight(Value):
    """What all rows of a source are like. ``longest`` counts the characters of the longest row's texts."""

    rows: int
    unread: int
    classes: Mapping[str, int]
    language: str | None
    longest: int

    @property
    def imbalance(self) -> float | None:
        """Rows of the largest class to those of the smallest; None without classes."""
        counts = self.classes.values()
        return round(max(counts) / min(counts), 2) if counts else None


@dataclass(frozen=True)
class Unsuited:
    """Why a task type cannot have the rows."""

    task_type: str
    error: InputError


def candidates(
    source: Source, given: Mapping[str, str], pairs: Pairs | None, task_type: str | None, offsets: Unit | None = None
) -> tuple[list[Candidate], list[Unsuited]]:
    """The installed task types (or the one that was asked for) whose fields the source fills, the best first.

    ``given``, ``pairs`` and ``offsets`` are what the user says of the columns. A task type that cannot be loaded is
    passed over, unless it was asked for.

    :raises InputError: the source has no row that can be read.
    """
    # What is wrong with the source itself is no task type's fault.
    look(source, pairs)
    found, unsuited = [], []
    for name in [task_type] if task_type else find("task type"):
        try:
            plugin = load_task_type(name)
        except PluginError:
            if task_type:
                raise
            continue
        try:
            found.append(candidate(source, plugin, given, pairs, offsets))
        except InputError as error:
            if isinstance(error, PluginError) and task_type:
                raise
            unsuited.append(Unsuited(name, error))
    return sorted(found, key=lambda each: -each.proposal.fit), unsuited


def candidate(
    source: Source, plugin: TaskType, given: Mapping[str, str], pairs: Pairs | None, offsets: Unit | None = None
) -> Candidate:
    """How a task type would have the rows; a column of pairs is taken apart where nothing else is the answer.

    :raises InputError: it cannot be told which column is what, or what the offsets of spans count.
    """
    wanted = wanted_by_type(plugin)
    sample = look(source, pairs)
    try:
        mapped = map_fields(wanted, sample, given, {}, keep_others=True)
    except InputError:
        column = pairs_column(sample)
        if pairs is not None or column is None or not wanted.closed or wanted.target in given:
            raise
        pairs = Pairs(column, pairs_key(wanted), wanted.target)
        sample = look(source, pairs)
        mapped = map_fields(wanted, sample, given, {}, keep_others=True)
    counting = find_counting(source, wanted, mapped, offsets, pairs)
    maker = RowMaker(wanted, mapped, counting, None, unlabelled=False)
    rows = list(_made(maker, sample))
    return Candidate(plugin, wanted, mapped, tuple(sample), pairs, counting, plugin.propose(rows, maker.labels))


def sight(source: Source, chosen: Candidate) -> tuple[Sight, Proposal]:
    """All rows counted and measured, and what the task type makes of all their classes.

    :raises InputError: no row can be used.
    """
    maker = RowMaker(chosen.wanted, chosen.mapped, chosen.counting, None, unlabelled=False)
    count = unread = longest = 0
    first: list[dict[str, Any]] = []
    for item in expanded(source.items(), chosen.pairs):
        if isinstance(item, Blank):
            continue
        try:
            row = maker.make(item, "") if isinstance(item, SourceRow) else None
        except RecordError:
            row = None
        if row is None:
            unread += 1
            continue
        count += 1
        fields = (row.get(name) for name in chosen.wanted.names)
        longest = max(longest, sum(len(value) for value in fields if isinstance(value, str)))
        if len(first) < _TEXTS:
            first.append(row)
    if not count:
        raise InputError(
            _("{source} has no row that can be used", source=source.name),
            hint=_("tune data import says what is wrong with each"),
        )
    texts = (str(row.get(chosen.wanted.text, "")) for row in first)
    seen = Sight(rows=count, unread=unread, classes=maker.labels, language=language_of(texts), longest=longest)
    return seen, chosen.plugin.propose(first, maker.labels)


def classes_in_words(classes: Mapping[str, int]) -> str:
    """The largest classes with their counts."""
    shown = sorted(classes.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{name} {count:,}" for name, count in shown[:_LABELS_SHOWN]]
    more = len(shown) - _LABELS_SHOWN
    return _(", ").join([*words, *([_("and {more} more", more=more)] if more > 0 else [])])


def _made(maker: RowMaker, sample: Sequence[SourceRow]) -> Any:
    for row in sample:
        try:
            yield maker.make(row, "")
        except RecordError:
            continue
