"""What holds for the whole command line wherever it stands in it: language, tracebacks, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """``--lang``, ``--debug`` and ``--json``, read before click reads the rest.

    They must be known early: the language for ``--help`` wherever ``--lang`` stands, the other two for errors in
    the command line itself. Click checks their values afterwards.
    """

    language: str | None = None
    debug: bool = False
    json: bool = False

    @classmethod
    def of(cls, words: Sequence[str]) -> Settings:
        """The settings that the words of a command line ask for; words after ``--`` are not options."""
        words = words[: words.index("--")] if "--" in words else words
        language = None
        for word, following in zip(words, [*words[1:], ""], strict=False):
            if word == "--lang":
                language = following
            elif word.startswith("--lang="):
                language = word.removeprefix("--lang=")
        return cls(language=language or None, debug="--debug" in words, json="--json" in words)
