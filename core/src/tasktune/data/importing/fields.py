"""Which column of a source fills which field of a row: as told, or guessed by names and then by contents."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from tasktune.data.importing.items import SourceRow
from tasktune.data.importing.spans import parse_literal, raw_spans
from tasktune.data.importing.tags import is_tag
from tasktune.data.importing.wanted import Wanted
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

How = Literal["given", "task", "same name", "by name", "by contents"]
# A label column repeats itself: this share of different values, or fewer, in a look at the first rows.
_MOST_DIFFERENT = 0.3
_MOST_LABELS = 200
# Of a column of pairs so many can be read; hand-made ones have an apostrophe too many here and there.
_MOSTLY = 0.9
# Parts of names that tell nothing, and endings of columns that tell about a text or label rather than hold it.
_WHOLE = frozenset({"data", "word", "words", "type", "class", "score", "target", "post", "source", "input"})
_ABOUT = re.compile(r"(id|url|uri|date|time|lang|language|length|count|author|name|編號|日期|時間|網址|作者)$")
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+%?\s*")


@dataclass(frozen=True)
class Filled:
    """A field, the column that fills it, and how we know. A nested column is named with dots: ``data.text``."""

    field: str
    column: str
    how: How

    @property
    def guessed(self) -> bool:
        return self.how in ("by name", "by contents")


@dataclass(frozen=True)
class Mapped:
    """All of a row's fields; ``kept`` are the columns that come along under their own names, ``left`` those that do
    not."""

    filled: tuple[Filled, ...]
    kept: tuple[str, ...]
    left: tuple[str, ...]

    def column(self, field: str) -> str | None:
        """The column that fills a field."""
        return next((each.column for each in self.filled if each.field == field), None)

    @property
    def guessed(self) -> bool:
        return any(each.guessed for each in self.filled)


def value_at(fields: Mapping[str, Any], column: str) -> Any:
    """A row's value in a column; None when it has none."""
    if column in fields:
        return fields[column]
    value: Any = fields
    for name in column.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def map_fields(
    wanted: Wanted,
    sample: Sequence[SourceRow],
    given: Mapping[str, str],
    of_task: Mapping[str, str],
    *,
    keep_others: bool,
) -> Mapped:
    """Choose a column for every field, from what the first rows show.

    :raises InputError: a column that was given is not there, or none can be told for a field; all of them named.
    """
    columns = list(dict.fromkeys(name for row in sample for name in row.fields))
    look = _Look(wanted, columns, sample)
    chosen: dict[str, Filled] = {}
    problems = [_no_column(field, column, columns) for field, column in given.items() if not look.has(column)]
    for field, column in given.items():
        chosen[field] = Filled(field, column, "given")
    for field, column in of_task.items():
        if field not in chosen and column in columns:
            chosen[field] = Filled(field, column, "task")
    # Names first, for all fields: what has its own name is not taken by a guess for another.
    for guess in (look.same_name, look.by_name, look.by_contents):
        for field in (wanted.target, *wanted.inputs, *wanted.optional):
            if field not in chosen and (field not in wanted.optional or guess == look.same_name):
                filled = guess(field, {each.column for each in chosen.values()})
                if filled is not None:
                    chosen[field] = filled
    problems += [_unknown(field, wanted, look) for field in (*wanted.inputs, wanted.target) if field not in chosen]
    if problems:
        raise InputError(_("it is not clear which column is what"), problems=problems)
    used = {each.column for each in chosen.values()}
    others = [column for column in columns if column not in used]
    kept = tuple(column for column in others if keep_others and column not in chosen)
    order = [name for name in (*wanted.names, *given) if name in chosen]
    return Mapped(tuple(chosen[name] for name in dict.fromkeys(order)), kept, tuple(c for c in others if c not in kept))


def pairs_column(sample: Sequence[SourceRow]) -> str | None:
    """A column that holds an answer for each of several things: ``{"SpiceJet": "neutral"}``; a few may be broken."""
    for column in dict.fromkeys(name for row in sample for name in row.fields):
        values = [row.fields[column] for row in sample if row.fields.get(column) not in (None, "")]
        parsed = [parse_literal(value) if isinstance(value, str) else value for value in values]
        answers = [each for each in parsed if isinstance(each, dict) and each]
        if answers and len(answers) >= _MOSTLY * len(values) and all(map(_of_texts, answers)):
            return column
    return None


def pairs_key(wanted: Wanted) -> str:
    """The field for the thing that an answer of a pair is about."""
    return next((name for name in (*wanted.optional, *wanted.inputs) if name != wanted.text), "entity")


def _of_texts(pairs: Mapping[str, Any]) -> bool:
    return all(isinstance(value, str) for value in pairs.values())


class _Look:
    """What the first rows show of each column."""

    def __init__(self, wanted: Wanted, columns: Sequence[str], sample: Sequence[SourceRow]) -> None:
        self.wanted = wanted
        self.columns = columns
        self.sample = sample
        self._values = {
            column: [row.fields[column] for row in sample if row.fields.get(column) not in (None, "")]
            for column in columns
        }

    def has(self, column: str) -> bool:
        """Whether any row has the column, nested ones included."""
        return any(value_at(row.fields, column) is not None or column in row.fields for row in self.sample)

    def same_name(self, field: str, taken: set[str]) -> Filled | None:
        return Filled(field, field, "same name") if field in self.columns and field not in taken else None

    def by_name(self, field: str, taken: set[str]) -> Filled | None:
        names = [_folded(name) for name in (field, *_names().get(field, ()))]
        free = [column for column in self.columns if column not in taken and self._suits(field, column)]
        for name in names:
            for column in free:
                if _folded(column) == name:
                    return Filled(field, column, "by name")
        for name in names:
            found = [column for column in free if name in _folded(column) and not _ABOUT.search(_folded(column))]
            if len(found) == 1 and name not in _WHOLE and len(name.encode()) > 3:
                return Filled(field, found[0], "by name")
        return None

    def by_contents(self, field: str, taken: set[str]) -> Filled | None:
        free = [column for column in self.columns if column not in taken and self._suits(field, column)]
        if field == self.wanted.target and self.wanted.shape == "spans":
            likely = free
        elif field == self.wanted.target:
            likely = [column for column in free if self.wanted.closed and self._repeats(column)]
        else:
            lengths = {column: self._length(column) for column in free if not self._repeats(column)}
            longest = max(lengths.values(), default=0.0)
            likely = [column for column, length in lengths.items() if length * 2 > longest]
        return Filled(field, likely[0], "by contents") if len(likely) == 1 else None

    def _suits(self, field: str, column: str) -> bool:
        """Whether a column can be what a field needs, by most of its values."""
        values = self._values[column]
        return not values or sum(self._fits(field, value) for value in values) * 2 > len(values)

    def _fits(self, field: str, value: Any) -> bool:
        if field != self.wanted.target:
            return isinstance(value, str) or (self.wanted.shape == "spans" and is_tokens(value))
        if self.wanted.shape == "spans":
            return raw_spans(value) is not None or (is_tokens(value) and all(map(is_tag, value)))
        if self.wanted.shape == "text":
            if self.wanted.closed and isinstance(value, str):
                return len(value) <= _MOST_LABELS and not isinstance(parse_literal(value), dict)
            if value == []:
                return True
            single = value[0] if isinstance(value, list) and len(value) == 1 else value
            return isinstance(single, (str, int, float, *(() if self.wanted.closed else (dict,))))
        return True

    def _repeats(self, column: str) -> bool:
        """Whether few different values come again and again, as labels do; counts and scores are no labels by that."""
        if all(_is_number(value) for value in self._values[column]):
            return False
        values = [json.dumps(value, ensure_ascii=False, default=str) for value in self._values[column]]
        different = len(set(values))
        return different > 1 and different <= max(2, _MOST_DIFFERENT * len(values))

    def _length(self, column: str) -> float:
        values = self._values[column]
        return sum(len(value) for value in values) / len(values) if values else 0.0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) or (isinstance(value, str) and _NUMBER.fullmatch(value) is not None)


def is_tokens(value: Any) -> bool:
    """Whether a value is a list of texts."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _no_column(field: str, column: str, columns: Sequence[str]) -> Problem:
    close = difflib.get_close_matches(column, columns, n=1, cutoff=0.5)
    known = _("the columns are {known}", known=", ".join(columns))
    hint = _("did you mean {name}?", name=close[0]) + " " + known if close else known
    return Problem(_("there is no column {column!r}", column=column), hint, field)


def _unknown(field: str, wanted: Wanted, look: _Look) -> Problem:
    column = pairs_column(look.sample)
    if field == wanted.target and column is not None:
        keyed = pairs_key(wanted)
        hint = _(
            "{column} holds an answer for each of several things: --pairs {key}:{target}={column} makes a row of each",
            column=column,
            key=keyed,
            target=field,
        )
        return Problem(_("no column for it can be told"), hint, field)
    example = next(iter(look.columns), "COLUMN")
    return Problem(
        _("no column for it can be told"),
        _(
            "name it with --field {field}={example}; the columns are {known}",
            field=field,
            example=example,
            known=", ".join(look.columns),
        ),
        field,
    )


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Sequence[str]]:
    names: Mapping[str, Sequence[str]] = json.loads(Path(__file__).with_name("names.json").read_text("utf-8"))
    return names


def _folded(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())
