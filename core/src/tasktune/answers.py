"""Find the answer in a model's raw text: what a task type's ``parse_output`` starts with.

One line is drawn between tolerant and strict. What stands around an answer is ignored: reasoning, end tokens,
Markdown fences, prose. The answer itself must be JSON as RFC 8259 defines it, because the program that will read
the deployed model's answers parses it so: single or full-width quotes, trailing commas, NaN, raw line breaks in
strings, a repeated key and a value that breaks off are all errors.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

from tasktune.locale import translate as _
from tasktune.templates import is_unicode

MAX_DEPTH = 100
"""Objects and arrays inside one another in an answer; the writers of predictions recurse, and fail near 200."""
_MAX_DIGITS = 308
"""Digits of an integer: what a double can hold, which is as far as JSON numbers travel (RFC 8259, section 6)."""

_START = re.compile(r"[{\[]")
_HEADER = re.compile(r"\s*<\|im_start\|>assistant\s*")
_CUT = re.compile(
    r"<\|(?:im_end|im_start|endoftext|eot_id|end_of_text|start_header_id|end|return)\|>"
    r"|<｜end▁of▁sentence｜>|<end_of_turn>"
)
"""Tokens that end a turn in ChatML (Qwen), Llama 3, Phi, gpt-oss, DeepSeek and Gemma; the answer ends before them."""
_TAIL = ("</s>", "<eos>", "<pad>")
"""Tokens of Llama 2, Mistral and Gemma that may also be text (HTML's strikethrough): removed only at the end."""


class _Unacceptable(ValueError):
    """JSON that decodes, but not to a value that can be trusted and written again."""


def clean(text: str) -> str:
    """The text without reasoning, end tokens and surrounding white space.

    ``<think>…</think>`` blocks go; so does everything before a ``</think>`` whose start was in the prompt, and
    everything after a ``<think>`` that was never closed. What follows the first end token is not the answer and goes
    too. Lone surrogates become U+FFFD, so that the result can be written as UTF-8. Cleaning twice changes nothing.
    """
    if not is_unicode(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "<" not in text:
        # No token, and no thought: all of them begin so.
        return _without_tail(text)
    header = _HEADER.match(text)
    text = _before_end(text[header.end() :] if header else text)
    text = _without_thoughts(text).rpartition("</think>")[2].partition("<think>")[0]
    text = _before_end(text)
    return _without_tail(text)


def find_json(text: str, expect: type | None = None) -> Any:
    """The first complete JSON object or array in ``text``; with ``expect`` (dict or list) the first of that type.

    Text before and after it is ignored. The inside of a value is never searched: the parts of a broken or
    truncated answer are not an answer.

    :raises ValueError: saying why there is none.
    """
    other = broken = None
    length = len(text.rstrip())
    may_hold_half_a_pair = "\\u" in text or not is_unicode(text)
    start = _START.search(text)
    while start:
        try:
            value, end = _DECODER.raw_decode(text, start.start())
            _check_depth(value)
            if may_hold_half_a_pair:
                _check_encodable(value)
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated string") or error.pos >= length:
                raise ValueError(_("the JSON breaks off before its end")) from None
            broken = broken or error
            end = max(error.pos, start.end())
        except RecursionError:
            raise _too_deep() from None
        except _Unacceptable:
            raise
        else:
            if expect is None or isinstance(value, expect):
                return value
            other = type(value)
        start = _START.search(text, end)
    raise ValueError(_why(text, expect, other, broken))


def _why(text: str, expect: type | None, other: type | None, broken: json.JSONDecodeError | None) -> str:
    """Why no value was found, the most specific reason first."""
    if other is not None:
        return _("the JSON is an array, not an object") if other is list else _("the JSON is an object, not an array")
    if broken is not None:
        near = text[broken.pos : broken.pos + 20]
        return _("the JSON is not valid: {reason} at {near!r}", reason=broken.msg.rstrip(":"), near=near)
    if not text.strip():
        return _("the answer is empty")
    return _("the answer has no JSON")


def _without_thoughts(text: str) -> str:
    # A regular expression would search to the end again for each of many unclosed blocks.
    kept, position = [], 0
    while (start := text.find("<think>", position)) >= 0 and (end := text.find("</think>", start)) >= 0:
        kept.append(text[position:start])
        position = end + len("</think>")
    return "".join(kept) + text[position:]


def _before_end(text: str) -> str:
    end = _CUT.search(text)
    return text[: end.start()] if end else text


def _without_tail(text: str) -> str:
    # Counting, as cutting one token off at a time would copy the text for each.
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while start < end:
        token = next((token for token in _TAIL if text.endswith(token, start, end)), None)
        if token is None and not _is_blank(text[end - 1]):
            break
        end -= len(token or " ")
    return text[start:end]


def _is_blank(character: str) -> bool:
    return character.isspace() or character == "\ufeff"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(key for key, _value in pairs).most_common(1)[0][0]
        raise _Unacceptable(_("the JSON has the key {key!r} twice", key=twice))
    return made


def _int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _Unacceptable(_("the JSON has a number that is too large"))
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Unacceptable(_("the JSON has a number that is too large"))
    return number


def _constant(name: str) -> float:
    raise _Unacceptable(_("{name} is not valid JSON", name=name))


def _too_deep() -> ValueError:
    return _Unacceptable(_("the JSON is nested too deeply"))


def _check_depth(value: Any) -> None:
    level = [value]
    for _depth in range(MAX_DEPTH):
        inner: list[Any] = []
        for outer in level:
            inner.extend(outer.values() if isinstance(outer, dict) else outer)
        level = [each for each in inner if isinstance(each, (dict, list))]
        if not level:
            return
    raise _too_deep()


def _check_encodable(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _Unacceptable(_("the JSON has half of a surrogate pair")) from None


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant)
