"""How much of a step is computed at a time. What is learnt does not depend on it; memory and speed do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from tasktune.types import Value
from tasktune.workspace.files import read_json, write_json_atomically

if TYPE_CHECKING:
    from tasktune.definition import TrainingSpec
    from tasktune.workspace.versions import Version

_Row = TypeVar("_Row")


class AtOnce(Value):
    """A batch of at most so many ``rows``, or of at most so many padded ``tokens``: one of the two.

    Padded tokens are rows times those of the longest one, without the prefix that all share. One row always is a batch.
    """

    rows: int | None = None
    tokens: int | None = None

    def allows(self, rows: int, tokens: int) -> bool:
        """Whether so many rows, the longest of so many tokens, may be a batch."""
        return rows == 1 or (rows <= self.rows if self.rows is not None else rows * tokens <= (self.tokens or 0))

    def halved(self, longest: int) -> AtOnce | None:
        """Half of it; None where the heaviest batch, with a row of ``longest`` tokens, is a single row already."""
        if self.rows is not None:
            return AtOnce(rows=-(-self.rows // 2)) if self.rows > 1 else None
        assert self.tokens is not None
        return AtOnce(tokens=-(-self.tokens // 2)) if self.tokens > longest else None

    def rows_of(self, tokens: int) -> int:
        """How many rows of so many tokens each are a batch."""
        return self.rows if self.rows is not None else max(1, (self.tokens or 0) // max(1, tokens))

    def batches(self, rows: Iterable[_Row], tokens_of: Callable[[_Row], int]) -> Iterator[list[_Row]]:
        """Neighbours in batches, each as large as is allowed; ``tokens_of`` are a row's, alone."""
        batch: list[_Row] = []
        longest = 0
        for row in rows:
            tokens = tokens_of(row)
            longest = max(longest, tokens)
            if batch and not self.allows(len(batch) + 1, longest):
                yield batch
                batch, longest = [], tokens
            batch.append(row)
        if batch:
            yield batch


def asked(training: TrainingSpec) -> AtOnce:
    """What a definition allows at a time."""
    if training.batch_tokens is not None:
        return AtOnce(tokens=training.batch_tokens)
    return AtOnce(rows=training.batch_size)


def reduced(version: Version) -> AtOnce | None:
    """What a version computes at a time since its memory ran out; None if it has not."""
    return AtOnce.model_validate(read_json(version.at_once)) if version.at_once.exists() else None


def reduce(version: Version, to: AtOnce) -> None:
    """Note what is to be computed at a time from now on."""
    write_json_atomically(version.at_once, to.model_dump(exclude_none=True))
