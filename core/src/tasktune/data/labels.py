"""What makes two labels the same to a reader: case, width, and what cannot be seen do not count."""

from __future__ import annotations

import re
import unicodedata

# Zero-width space, word joiner and byte order mark: what tables and web pages leave beside a word.
_UNSEEN = r"\s\u200b\u2060\ufeff"
_OUTER = re.compile(f"^[{_UNSEEN}]+|[{_UNSEEN}]+$")


def trimmed(label: str) -> str:
    """A label without the spaces around it, those of no width included."""
    return _OUTER.sub("", label)


def fold(label: str) -> str:
    """A label without case, width, outer or repeated spaces and characters that cannot be seen."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", label) if unicodedata.category(c) != "Cf")
    return " ".join(seen.casefold().split())
