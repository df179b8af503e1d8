"""Find the examples in an answer while it is still coming, so that a broken answer gives what it had to give."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasktune.answers import clean, find_json
from tasktune.locale import translate as _

LIST = "examples"
"""The property of an answer that holds the examples."""

_START = re.compile(r'"examples"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Unreadable:
    """Something in the place of an example that is none, and why."""

    text: str
    reason: str


Example = Mapping[str, Any] | Unreadable


class ExampleStream:
    """Takes an answer piece by piece, and gives each example as soon as its closing brace is there."""

    def __init__(self) -> None:
        self.text = ""
        self._position: int | None = None

    def feed(self, piece: str) -> Iterator[Example]:
        """The examples that the piece completes."""
        self.text += piece
        # Only a closing brace can complete one: what is open is not read again with every word.
        if "}" in piece:
            yield from self._complete()

    def close(self) -> Iterator[Example]:
        """What an answer in another form than was asked for has: a bare list, a single example, a Markdown fence.

        :raises ValueError: saying what is wrong with an answer that has no examples, or breaks off.
        """
        self._locate()
        if self._position is None:
            yield from self._of_another_form()
            return
        rest = _skip(self.text, self._position)
        if self.text.startswith("]", rest):
            return
        try:
            _DECODER.raw_decode(self.text, rest)
        except json.JSONDecodeError as error:
            if error.pos < len(self.text.rstrip()) and not error.msg.startswith("Unterminated string"):
                near = self.text[error.pos : error.pos + 20]
                reason = error.msg.rstrip(":")
                raise ValueError(_("the JSON is not valid: {reason} at {near!r}", reason=reason, near=near)) from None
            raise ValueError(_("the JSON breaks off before its end")) from None
        raise ValueError(_("an example is no JSON object"))

    def _locate(self) -> None:
        """Find where the list begins, behind reasoning that comes first."""
        if self._position is None:
            thoughts = self.text.find("</think>") if self.text.lstrip().startswith("<think>") else 0
            start = _START.search(self.text, thoughts) if thoughts >= 0 else None
            self._position = None if start is None else start.end()

    def _complete(self) -> Iterator[Example]:
        self._locate()
        if self._position is None:
            return
        while True:
            begin = _skip(self.text, self._position)
            if not self.text.startswith("{", begin):
                return
            try:
                _value, end = _DECODER.raw_decode(self.text, begin)
            except json.JSONDecodeError:
                # Not whole yet, or broken: which of the two is seen in the end.
                return
            self._position = end
            yield _read(self.text[begin:end])

    def _of_another_form(self) -> Iterator[Example]:
        value = find_json(clean(self.text))
        listed = value.get(LIST, [value]) if isinstance(value, dict) else value
        for each in listed if isinstance(listed, list) else [listed]:
            if isinstance(each, dict):
                yield each
            else:
                yield Unreadable(json.dumps(each, ensure_ascii=False), _("an example is no JSON object"))


def _skip(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    assert match is not None, "the pattern matches the empty text too"
    return match.end()


def _read(text: str) -> Example:
    """An object as strict JSON: without repeated keys, NaN, half characters and boundless depth."""
    try:
        value: Mapping[str, Any] = find_json(text, dict)
    except ValueError as error:
        return Unreadable(text, str(error))
    return value
