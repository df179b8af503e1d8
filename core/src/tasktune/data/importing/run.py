"""The import itself: read, map, make, write, and account for every row."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO

from tasktune.data.importing.fields import Mapped
from tasktune.data.importing.items import Blank, Item, Rejected, Source, SourceRow
from tasktune.data.importing.offsets import CHARACTERS, Counting, Evidence, Unit
from tasktune.data.importing.rows import Pairs, RowMaker, gather, variants
from tasktune.data.importing.wanted import Wanted
from tasktune.data.records import broken_at
from tasktune.errors import InputError, PluginError, Problem, RecordError
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import open_atomically

LOOKED_AT = 300
# So many characters are a look, however few rows they make.
_ENOUGH = 20_000_000
_TOLD = 10
_PLACES = 10


class Counts(Value):
    """What became of the rows: ``read + added == written + rejected + blank``.

    ``added`` are the rows beyond the first that ``--pairs`` made of one; ``blank`` are empty lines and rows, and what
    stands above the header when the header's row is given.
    """

    read: int = 0
    added: int = 0
    written: int = 0
    rejected: int = 0
    blank: int = 0

    @property
    def add_up(self) -> bool:
        return self.read + self.added == self.written + self.rejected + self.blank


class ImportReport(Value):
    """What an import did. ``first_rejected`` and ``first_blank`` are the places of the first few."""

    counts: Counts
    output: str
    rejects: str | None
    first_rejected: tuple[str, ...]
    first_blank: tuple[int, ...]
    labels: Mapping[str, int]
    notices: tuple[str, ...]


def look(source: Source, pairs: Pairs | None) -> list[SourceRow]:
    """The first rows, to choose fields by.

    :raises InputError: there is not one that can be read.
    """
    rows: list[SourceRow] = []
    refused: list[Problem] = []
    characters = 0
    for item in islice(expanded(source.items(), pairs), LOOKED_AT):
        if isinstance(item, SourceRow):
            rows.append(item)
            characters += sum(len(value) for value in item.fields.values() if isinstance(value, str))
            if characters > _ENOUGH:
                break
        elif isinstance(item, Rejected):
            refused += [problem.at(source.name, item.place) for problem in item.problems]
    if not rows:
        raise InputError(_("{source} has no row that can be read", source=source.name), problems=refused[:_TOLD])
    return rows


def expanded(items: Iterator[Item], pairs: Pairs | None) -> Iterator[Item]:
    """The items, each row made into one for each of its pairs."""
    for item in items:
        if pairs is None or not isinstance(item, SourceRow):
            yield item
            continue
        try:
            yield from pairs.rows(item)
        except RecordError as error:
            yield Rejected(item.place, error.problems, item.fields)


def find_counting(
    source: Source, wanted: Wanted, mapped: Mapped, unit: Unit | None, pairs: Pairs | None = None
) -> Counting:
    """How the source's offsets count, from all of its spans; ``unit`` is what the user says.

    :raises InputError: they seem to count something else than characters, and no texts prove it.
    """
    if wanted.shape != "spans":
        return CHARACTERS
    if unit is not None:
        return Counting(unit)
    evidence = Evidence()
    for item in expanded(source.items(), pairs):
        if isinstance(item, SourceRow):
            gather(evidence, item, wanted, mapped)
    counting = evidence.proven()
    suspected = evidence.suspected() if counting == CHARACTERS else None
    if suspected is not None:
        other, example = suspected
        raise InputError(
            _("the offsets seem to count {counting}, not characters: {example}", counting=other, example=example),
            hint=_(
                "if so, say --offsets {unit}; --offsets characters rejects the rows that do not fit", unit=other.unit
            ),
        )
    if evidence.readings is not None and counting == CHARACTERS:
        characters, units = evidence.readings
        source.notice(
            _(
                "{count} spans without their texts stand behind an emoji or another rare character: the first is "
                "{characters!r} in characters, as they are read, and {units!r} in UTF-16 units; --offsets says which",
                count=f"{evidence.ambiguous:,}",
                characters=characters[:40],
                units=units[:40],
            )
        )
    return counting


def import_rows(
    source: Source,
    maker: RowMaker,
    output: Path,
    rejects: Path,
    *,
    pairs: Pairs | None = None,
    strict: bool = False,
    on_progress: Callable[[int], None] = lambda read: None,
) -> ImportReport:
    """Write every row that can be made to ``output`` and every other one, with its reasons, to ``rejects``.

    Both appear whole in the end, or not at all; ``rejects`` only if there are any, and one of an earlier import goes.

    :raises InputError: no row could be made, or ``strict`` and one could not.
    """
    tally = _Tally(source)
    with contextlib.ExitStack() as stack:
        written = stack.enter_context(open_atomically(output))
        refused = _Rejects(stack, rejects)
        for item in tally.counted(source.items(), pairs):
            made = _make(item, maker, source)
            if isinstance(made, Rejected):
                tally.reject(made)
                refused.write(_reject_line(source, made))
            elif made is not None:
                written.write(made)
                tally.written += 1
            if tally.read % 10_000 == 0:
                on_progress(tally.read)
        tally.refuse_if(strict=strict)
    if not tally.rejected:
        rejects.unlink(missing_ok=True)
    counts = tally.counts()
    assert counts.add_up, counts
    notices = [*source.notices, *variants(maker.labels), *_of_maker(maker)]
    return ImportReport(
        counts=counts,
        output=str(output),
        rejects=str(rejects) if tally.rejected else None,
        first_rejected=tuple(map(str, tally.told)),
        first_blank=tuple(tally.blank_places),
        labels=dict(maker.labels.most_common()),
        notices=tuple(notices),
    )


class _Rejects:
    """The rejects file, opened with the first row that goes into it."""

    def __init__(self, stack: contextlib.ExitStack, path: Path) -> None:
        self._stack = stack
        self._path = path
        self._file: IO[str] | None = None

    def write(self, line: str) -> None:
        if self._file is None:
            self._file = self._stack.enter_context(open_atomically(self._path))
        self._file.write(line)


class _Tally:
    """Counts items as they pass."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.read = self.added = self.written = self.rejected = self.blank = 0
        self.told: list[Problem] = []
        self.blank_places: list[int] = []

    def counted(self, items: Iterator[Item], pairs: Pairs | None) -> Iterator[Item]:
        for item in items:
            self.read += 1
            if isinstance(item, Blank):
                self.blank += 1
                if len(self.blank_places) < _PLACES:
                    self.blank_places.append(item.place)
            made = 0
            for each in expanded(iter([item]), pairs):
                made += 1
                yield each
            self.added += made - 1

    def reject(self, item: Rejected) -> None:
        self.rejected += 1
        for problem in item.problems:
            if len(self.told) < _TOLD:
                self.told.append(problem.at(self._source.name, item.place))

    def refuse_if(self, *, strict: bool) -> None:
        if not self.written or (strict and self.rejected):
            raise InputError(
                _("no row can be imported, so nothing was written")
                if not self.written
                else _("{rejected} rows cannot be imported, so nothing was written", rejected=f"{self.rejected:,}"),
                problems=self.told,
                hint=_("correct the source, or choose other columns with --field")
                if not self.written
                else _("without --strict the others are imported"),
            )

    def counts(self) -> Counts:
        return Counts(read=self.read, added=self.added, written=self.written, rejected=self.rejected, blank=self.blank)


def _make(item: Item, maker: RowMaker, source: Source) -> str | Rejected | None:
    if isinstance(item, (Blank, Rejected)):
        return item if isinstance(item, Rejected) else None
    try:
        row = maker.make(item, f"{source.name}:{item.place}")
        line = json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
        line.encode()
    except RecordError as error:
        return Rejected(item.place, error.problems, item.fields)
    except UnicodeEncodeError:
        return Rejected(item.place, (Problem(_("the row has half a character")),), item.fields)
    except PluginError as error:
        raise broken_at(error, source.name, item.place) from error
    return line


def _reject_line(source: Source, item: Rejected) -> str:
    reasons = [str(replace(problem, file=None, line=None)) for problem in item.problems]
    value = {"source": source.name, source.place: item.place, "reasons": reasons, "row": item.content}
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def _of_maker(maker: RowMaker) -> Iterator[str]:
    if maker.odd_tags:
        yield _(
            "{count} entities begin with a tag other than B- (as in IOB1); they are read as begun", count=maker.odd_tags
        )
    if maker.stripped:
        yield _("{count} labels lost spaces around them", count=f"{maker.stripped:,}")
    if maker.joined:
        yield _("{count} texts were joined from their tokens", count=f"{maker.joined:,}")
