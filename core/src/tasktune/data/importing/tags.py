"""Tokens with a tag each (IOB1, IOB2, IOBES, BILOU, BMES) to a text with spans."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, TypeAlias

from tasktune.errors import Problem, RecordError
from tasktune.locale import translate as _

Span: TypeAlias = dict[str, Any]

_TAG = re.compile(r"(?P<prefix>[BIESLUMO])[-_](?P<label>.+)", re.DOTALL)
_BEGIN, _SINGLE, _LAST = "B", ("S", "U"), ("E", "L")
OUTSIDE = ("O", "o")


def is_tag(text: str) -> bool:
    """Whether a text is ``O``, or a prefix and a label such as ``B-ORG`` or ``I_LOC``."""
    return text in OUTSIDE or _TAG.fullmatch(text) is not None


def join_tokens(tokens: Sequence[str], glued: Sequence[bool] = ()) -> tuple[str, list[tuple[int, int]]]:
    """A text of the tokens, and where each stands in it.

    Words are joined by a space; next to a Chinese, Japanese or full-width character there is none, nor after a token
    whose ``glued`` is true.
    """
    text, places = "", []
    for number, token in enumerate(tokens):
        before = glued[number - 1] if number and len(glued) >= number else False
        if text and token and not before and not _is_wide(text[-1]) and not _is_wide(token[0]):
            text += " "
        places.append((len(text), len(text) + len(token)))
        text += token
    return text, places


def find_tokens(text: str, tokens: Sequence[str]) -> list[tuple[int, int]]:
    """Where each token stands in its sentence's own text, read from left to right.

    :raises RecordError: a token is not there, or something other than space is between two of them.
    """
    places, end = [], 0
    for number, token in enumerate(tokens, 1):
        start = text.find(token, end)
        if start < 0 or text[end:start].strip():
            message = _("token {number}, {token!r}, is not the next one in the text", number=number, token=token)
            raise RecordError(Problem(message, _("correct the tokens, or the line that gives the text")))
        end = start + len(token)
        places.append((start, end))
    if text[end:].strip():
        raise RecordError(Problem(_("the text goes on behind the last token: {rest!r}", rest=text[end:][:40])))
    return places


def spans_of(text: str, places: Sequence[tuple[int, int]], tags: Sequence[str]) -> tuple[list[Span], int]:
    """The spans that the tags mark, and how many of them do not begin as their scheme has it.

    An I (or M, E, L) that continues nothing begins a span, as in IOB1. A span ends before an O, a B, an S or a U,
    before another label, and with an E or an L.

    :raises RecordError: with every tag that is none.
    """
    wrong = sorted({tag for tag in tags if not is_tag(tag)})
    if wrong:
        message = _("not a tag: {tags}", tags=", ".join(repr(tag) for tag in wrong[:5]))
        raise RecordError(Problem(message, _("tags are O, or B-, I-, E-, S- … and a label")))
    spans: list[Span] = []
    odd = 0
    is_open = False
    for (start, end), tag in zip(places, tags, strict=True):
        match = _TAG.fullmatch(tag)
        if match is None or match["prefix"] == "O":
            is_open = False
            continue
        prefix, label = match["prefix"], match["label"]
        if is_open and spans[-1]["label"] == label and prefix != _BEGIN and prefix not in _SINGLE:
            spans[-1]["end"] = end
            spans[-1]["text"] = text[spans[-1]["start"] : end]
        else:
            odd += prefix != _BEGIN and prefix not in _SINGLE
            spans.append({"text": text[start:end], "label": label, "start": start, "end": end})
        is_open = prefix not in _SINGLE and prefix not in _LAST
    return spans, odd


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
