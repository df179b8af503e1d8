"""Spans in the shapes in which tools write them, to one form with character offsets."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasktune.data.importing.offsets import UNITS, Counting
from tasktune.errors import Problem, RecordError
from tasktune.locale import translate as _

_START = ("start", "start_offset", "startOffset", "start_idx", "start_char", "begin", "from")
_END = ("end", "end_offset", "endOffset", "end_idx", "end_char", "stop", "to")
_LABEL = ("label", "labels", "type", "entity_group", "entity_type", "entity", "tag", "category", "class")
_MENTION = ("text", "mention", "word", "value", "surface", "span")
_WRAPPERS = ("entities", "spans", "annotations", "label", "labels")
# The literal of a longer text is not worth the memory that Python's parser takes.
_LITERAL = 1_000_000


@dataclass(frozen=True)
class RawSpan:
    """A span as the source has it: what is not given is None."""

    label: Any
    start: Any = None
    end: Any = None
    mention: Any = None

    @property
    def counted(self) -> bool:
        """Whether it has offsets that can be used."""
        return all(isinstance(value, int) and not isinstance(value, bool) for value in (self.start, self.end))


def parse_literal(text: str) -> Any:
    """The value that a text writes, in JSON or as a Python literal; None when it writes none."""
    if len(text) > _LITERAL or not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def raw_spans(value: Any) -> list[RawSpan] | None:
    """The spans that a value lists, in any of the known shapes; None when it is in none of them.

    ``[[0, 3, "ORG"]]`` (doccano, spaCy); objects with start, end, label and text under their usual names (Label
    Studio, doccano, the Hub); ``{"ORG": {"台積電": [[0, 2]]}}`` (CLUENER); each also as the text of it.
    """
    if isinstance(value, str):
        value = parse_literal(value)
    if isinstance(value, Mapping):
        for name in _WRAPPERS:
            if isinstance(value.get(name), (list, tuple)):
                return raw_spans(value[name])
        return list(_nested(value)) if value and all(isinstance(each, Mapping) for each in value.values()) else None
    if not isinstance(value, (list, tuple)):
        return None
    spans: list[RawSpan] = []
    for each in value:
        if isinstance(each, Mapping):
            spans += _of_mapping(each)
        elif isinstance(each, (list, tuple)) and len(each) == 3:
            spans.append(RawSpan(each[2], each[0], each[1]))
        else:
            return None
    return spans


def _nested(value: Mapping[str, Any]) -> Iterator[RawSpan]:
    for label, mentions in value.items():
        for mention, places in mentions.items():
            for place in places if isinstance(places, list) else ():
                if isinstance(place, (list, tuple)) and len(place) == 2:
                    yield RawSpan(label, place[0], place[1], mention)


def _of_mapping(value: Mapping[str, Any]) -> Iterator[RawSpan]:
    label = _first(value, _LABEL)
    labels = label if isinstance(label, list) and label else [label]
    for each in labels:
        yield RawSpan(each, _first(value, _START), _first(value, _END), _first(value, _MENTION))


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((value[name] for name in names if value.get(name) is not None), None)


def located(spans: list[RawSpan], text: str, counting: Counting, path: str) -> list[dict[str, Any]]:
    """The spans as ``{"text", "label", "start", "end"}``, sorted by start.

    One without offsets keeps its text and label; it has its offsets too when its text stands in only one place.

    :raises RecordError: with every span that does not fit the text.
    """
    found, problems = [], []
    for number, span in enumerate(spans):
        result = _locate(span, text, counting, f"{path}[{number}]")
        if isinstance(result, Problem):
            problems.append(result)
        else:
            found.append(result)
    if problems:
        raise RecordError(*problems)
    if all("start" in span for span in found):
        found.sort(key=lambda span: (span["start"], span["end"]))
    return found


def _locate(span: RawSpan, text: str, counting: Counting, path: str) -> dict[str, Any] | Problem:
    if not isinstance(span.label, str) or not span.label.strip():
        return Problem(_("the span has no label"), path=path)
    if span.counted:
        place = counting.place(text, span.start, span.end)
        if place is None or (isinstance(span.mention, str) and text[slice(*place)] != span.mention):
            return _misplaced(span, text, place, path)
        return {"text": text[slice(*place)], "label": span.label, "start": place[0], "end": place[1]}
    if span.start is not None or span.end is not None:
        message = _("start and end must be whole numbers, not {start} and {end}", start=span.start, end=span.end)
        return Problem(message, path=path)
    if not isinstance(span.mention, str) or not span.mention:
        return Problem(_("the span has neither offsets nor a text"), path=path)
    start = text.find(span.mention)
    if start < 0:
        return Problem(_("{mention!r} is not in the text", mention=span.mention[:60]), path=path)
    if text.find(span.mention, start + 1) >= 0:
        return {"text": span.mention, "label": span.label}
    return {"text": span.mention, "label": span.label, "start": start, "end": start + len(span.mention)}


def _misplaced(span: RawSpan, text: str, place: tuple[int, int] | None, path: str) -> Problem:
    hint = None
    for unit in UNITS:
        other = Counting(unit).place(text, span.start, span.end)
        if isinstance(span.mention, str) and other is not None and text[slice(*other)] == span.mention:
            hint = _("here the offsets count {counting}, unlike in most rows", counting=Counting(unit))
    if isinstance(span.mention, str):
        stands = "" if place is None else text[slice(*place)]
        message = _(
            "the text has {stands!r} at {start}–{end}, not {mention!r}",
            stands=stands[:60],
            start=span.start,
            end=span.end,
            mention=span.mention[:60],
        )
        return Problem(message, hint, path)
    message = _(
        "{start}–{end} is not a span of the text, which has {length} characters",
        start=span.start,
        end=span.end,
        length=len(text),
    )
    return Problem(message, _("if the offsets count something else, say so with --offsets"), path)
