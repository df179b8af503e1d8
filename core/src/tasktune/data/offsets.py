"""Which characters of a text its tokens are made of, put right where tokenizers report less."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

Offset = tuple[int, int]
"""The characters of a token, counted from 0, the end exclusive."""


def without_gaps(text: str, reported: Sequence[Offset]) -> list[Offset] | None:
    """The offsets that a tokenizer reports, so that the tokens cover ``text`` from its beginning to its end.

    Tokens that are parts of one character each have the whole of it. Some tokenizers (``trim_offsets``)
    leave out the white space that a token begins with, and those that compose characters (Qwen: NFC) all but the first
    character that was composed: what is missing goes to the token behind it.

    None if the offsets are wrong: they run backwards or beyond the text, or leave out what must be in some token.
    """
    found: list[Offset] = []
    first = reached = 0
    for start, end in reported:
        if start < first or end < start or end > len(text):
            return None
        if start > reached and not _in_no_token(text, reached, start):
            return None
        found.append((min(start, reached), end))
        first, reached = start, max(reached, end)
    return found if reached == len(text) else None


def _in_no_token(text: str, start: int, end: int) -> bool:
    """Whether characters can be without a token: blanks, controls, and what composes with the character before."""
    missing, before = text[start:end], text[max(start - 1, 0) : start]
    if all(character.isspace() or unicodedata.category(character) in {"Cc", "Cf"} for character in missing):
        return True
    return len(unicodedata.normalize("NFC", before + missing)) <= len(before)
