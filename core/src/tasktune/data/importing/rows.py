"""A row of the source to a row of the task, checked by the task type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tasktune.data.importing.fields import Mapped, is_tokens, value_at
from tasktune.data.importing.items import SourceRow
from tasktune.data.importing.offsets import Counting, Evidence
from tasktune.data.importing.spans import RawSpan, located, parse_literal, raw_spans
from tasktune.data.importing.tags import is_tag, join_tokens, spans_of
from tasktune.data.importing.values import as_text
from tasktune.data.importing.wanted import Wanted
from tasktune.data.labels import fold, trimmed
from tasktune.errors import Problem, RecordError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task

_MOST_LABELS = 10_000


@dataclass(frozen=True)
class Pairs:
    """A column of ``{key: answer}`` of which each pair becomes a row, with the fields ``key`` and ``answer``."""

    column: str
    key: str
    answer: str

    def rows(self, row: SourceRow) -> Iterator[SourceRow]:
        """A row for each pair.

        :raises RecordError: the column holds no pairs.
        """
        value = row.fields.get(self.column)
        pairs = parse_literal(value) if isinstance(value, str) else value
        if not isinstance(pairs, Mapping) or not pairs:
            message = _("no pairs such as {example}: {value}", example='{"A": "x"}', value=_shown(value))
            raise RecordError(Problem(message, _("look for a quote or an apostrophe too many"), self.column))
        rest = {name: each for name, each in row.fields.items() if name != self.column}
        for key, answer in pairs.items():
            yield SourceRow(row.place, {**rest, self.key: str(key), self.answer: answer})


class RowMaker:
    """Makes rows, and remembers what is worth telling about them as a whole."""

    def __init__(
        self, wanted: Wanted, mapped: Mapped, counting: Counting, task: Task | None, *, unlabelled: bool
    ) -> None:
        self._wanted = wanted
        self._mapped = mapped
        self._counting = counting
        self._task = task
        self._unlabelled = unlabelled
        self.labels: Counter[str] = Counter()
        self.odd_tags = 0
        self.joined = 0
        self.stripped = 0

    def make(self, row: SourceRow, record_id: str) -> dict[str, Any]:
        """The row with the task's fields first, then the others.

        :raises RecordError: with everything that is wrong with it.
        """
        name = self._wanted.target
        fields, tokens = self._inputs(row)
        given = value_at(row.fields, self._mapped.column(name) or "")
        if tokens is not None and is_tokens(given) and all(map(is_tag, given)):
            target: Any = self._tagged(tokens, given)
        else:
            target = self._target(given, fields)
        if target is not None:
            fields[name] = target
        elif not self._unlabelled:
            hint = _("label it, or take such rows too with --unlabelled")
            raise RecordError(Problem(_("the row has no target"), hint, name))
        others = {column: row.fields[column] for column in self._mapped.kept if column in row.fields}
        return self._checked({**fields, **others}, record_id)

    def _inputs(self, row: SourceRow) -> tuple[dict[str, Any], list[str] | None]:
        """The inputs, and the tokens that the text was joined from, if the source has these instead."""
        problems: list[Problem] = []
        fields: dict[str, Any] = {}
        tokens = None
        for each in self._mapped.filled:
            if each.field == self._wanted.target:
                continue
            value = as_text(value_at(row.fields, each.column))
            if each.field == self._wanted.text and is_tokens(value):
                tokens = value
                value = join_tokens(tokens)[0]
                self.joined += 1
            if each.field in self._wanted.inputs and (value is None or (isinstance(value, str) and not value.strip())):
                problems.append(Problem(_("column {column} is empty", column=each.column), path=each.field))
            elif (
                not isinstance(value, str)
                and value is not None
                and (self._task is None or self._needs_text(each.field))
            ):
                problems.append(Problem(_("must be text, not {value}", value=_shown(value)), path=each.field))
            if value is not None:
                fields[each.field] = value
        if problems:
            raise RecordError(*problems)
        return fields, tokens

    def _needs_text(self, field: str) -> bool:
        """Whether spans are places in the field; of others the task type knows what they may be."""
        return self._wanted.shape == "spans" and field == self._wanted.text

    def _checked(self, row: dict[str, Any], record_id: str) -> dict[str, Any]:
        """The row as the task type reads it: its target in canonical form."""
        if self._task is None:
            return row
        record = self._task.plugin.read_record(row, record_id, self._task.options)
        inputs = {name: record.inputs.get(name, value) for name, value in row.items() if name != self._wanted.target}
        return {name: record.target if name == self._wanted.target else inputs[name] for name in row}

    def _tagged(self, tokens: list[str], tags: list[str]) -> list[dict[str, Any]]:
        if len(tags) != len(tokens):
            message = _("{tags} tags for {tokens} tokens", tags=len(tags), tokens=len(tokens))
            raise RecordError(Problem(message, path=self._wanted.target))
        text, places = join_tokens(tokens)
        spans, odd = spans_of(text, places, tags)
        self.odd_tags += odd
        self._count(span["label"] for span in spans)
        return spans

    def _target(self, value: Any, fields: Mapping[str, Any]) -> Any:
        if value is None or (isinstance(value, str) and not trimmed(value)):
            return None
        if self._wanted.shape == "spans":
            spans = raw_spans(value)
            if spans is None:
                raise RecordError(
                    Problem(_("no list of spans: {value}", value=_shown(value)), path=self._wanted.target)
                )
            spans = [replace(span, label=self._label(span.label)) for span in spans]
            found = located(spans, fields[self._wanted.text], self._counting, self._wanted.target)
            self._count(span["label"] for span in found)
            return found
        if self._wanted.shape == "text":
            if isinstance(value, list):
                if len(value) > 1:
                    message = _("{count} answers, but a row has one: {value}", count=len(value), value=_shown(value))
                    raise RecordError(Problem(message, path=self._wanted.target))
                return self._target(value[0], fields) if value else None
            value = as_text(value)
            if self._wanted.closed and isinstance(value, str):
                value = self._label(value)
                self._count([value])
        return value

    def _label(self, label: Any) -> Any:
        """A label as it is meant; what is no text stays for others to judge."""
        if not isinstance(label, str):
            return label
        self.stripped += label != trimmed(label)
        return trimmed(label)

    def _count(self, labels: Any) -> None:
        for label in labels:
            if label in self.labels or len(self.labels) < _MOST_LABELS:
                self.labels[label] += 1


def spans_in(row: SourceRow, wanted: Wanted, mapped: Mapped) -> tuple[str, list[RawSpan]] | None:
    """A row's text and its spans with offsets, for a look at how these count."""
    text = value_at(row.fields, mapped.column(wanted.text) or "")
    value = value_at(row.fields, mapped.column(wanted.target) or "")
    if not isinstance(text, str) or (is_tokens(value) and all(map(is_tag, value))):
        return None
    return text, [span for span in raw_spans(value) or () if span.counted]


def gather(evidence: Evidence, row: SourceRow, wanted: Wanted, mapped: Mapped) -> None:
    """Add a row's spans to the evidence."""
    found = spans_in(row, wanted, mapped)
    if found is not None:
        text, spans = found
        for span in spans:
            evidence.add(text, span.start, span.end, span.mention if isinstance(span.mention, str) else None)


def variants(labels: Counter[str]) -> list[str]:
    """Labels that differ only by case, by width or by outer spaces, each group in words."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault(fold(label), []).append(label)
    return [
        _(
            "labels that differ only by case, width or spaces: {labels}",
            labels=_(", ").join(f"{label!r} ({labels[label]:,})" for label in group),
        )
        for group in groups.values()
        if len(group) > 1
    ]


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
