"""Two ways in which the word files write their lists down."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """Items separated by white space."""
    return text.split()


def phrases(text: str) -> list[str]:
    """Items separated by `|` or a line break; they may contain spaces."""
    return text.replace("\n", "|").strip("|").split("|")
