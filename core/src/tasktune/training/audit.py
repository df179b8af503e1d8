"""The loss audit: of each split, how many rows and tokens carry the loss, by class, and what all prompts begin with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pydantic import Field

from tasktune.data.encode import Encoded
from tasktune.types import Value


class ClassAudit(Value):
    """Of one class: the rows that show it and the completion tokens, all of which carry loss, in them."""

    rows: int
    completion_tokens: int


class SplitAudit(Value):
    """Where the loss of a split falls. Lengths are in tokens; ``prefix`` is what all prompts begin with."""

    rows: int
    prompt_tokens: int
    completion_tokens: int
    longest: int
    longest_completion: int
    prefix: int
    dropped: tuple[str, ...] = ()
    classes: Mapping[str, ClassAudit] = Field(default_factory=dict)


class Audit(Value):
    """The loss audit of a version, ``prepared/audit.json``."""

    max_length: int
    train: SplitAudit
    valid: SplitAudit | None = None


class Tally:
    """Adds up a split's audit row by row."""

    def __init__(self) -> None:
        self.rows = self.prompt_tokens = self.completion_tokens = self.longest = self.longest_completion = 0
        self.prefix: list[int] | None = None
        self.by_class: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def add(self, classes: Iterable[str], encoded: Encoded) -> None:
        self.rows += 1
        self.prompt_tokens += len(encoded.prompt)
        answered = sum(map(len, encoded.answers))
        self.completion_tokens += answered
        self.longest = max(self.longest, len(encoded))
        self.longest_completion = max(self.longest_completion, *map(len, encoded.answers))
        self.prefix = common_prefix(self.prefix, encoded.prompt)
        for name in dict.fromkeys(classes):
            self.by_class[name][0] += 1
            self.by_class[name][1] += answered

    def audit(self, dropped: list[str]) -> SplitAudit:
        return SplitAudit(
            rows=self.rows,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            longest=self.longest,
            longest_completion=self.longest_completion,
            prefix=len(self.prefix or ()),
            dropped=tuple(dropped),
            classes={
                name: ClassAudit(rows=rows, completion_tokens=tokens)
                for name, (rows, tokens) in sorted(self.by_class.items())
            },
        )


SHORTEST_SHARED_PREFIX = 8
"""Below this many shared tokens, a second forward and a cache cost more than they save."""


def common_prefix(prefix: list[int] | None, prompt: list[int]) -> list[int]:
    """What ``prompt`` shares with ``prefix`` (None: nothing seen yet), short of the prompt's last token.

    At least one prompt token must stay outside the prefix: its hidden state predicts the first completion token.
    """
    longest = len(prompt) - 1
    if prefix is None:
        return prompt[:longest]
    if len(prefix) <= longest and prompt[: len(prefix)] == prefix:
        return prefix
    end = next((i for i, (a, b) in enumerate(zip(prefix, prompt[:longest], strict=False)) if a != b), None)
    return prefix[: min(len(prefix), longest) if end is None else end]
