"""The rows of a task as planning sees them: how many, how long, and how much of them is shared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from tasktune.data.encode import Encoded
from tasktune.training.audit import SHORTEST_SHARED_PREFIX, SplitAudit, Tally
from tasktune.types import Value


class Rows(Value):
    """Training rows in tokens. ``prefix`` is what all prompts begin with; ``too_long`` counts rows over ``max_length``,
    which the other figures leave out.

    ``source`` says how they are known: ``tokenizer`` (counted), ``max_length`` (every row taken as long as may be) or
    ``given`` (by the user).
    """

    count: int
    prompt_tokens: int
    completion_tokens: int
    longest: int
    longest_completion: int
    prefix: int = 0
    too_long: int = 0
    source: Literal["tokenizer", "max_length", "given"] = "tokenizer"

    def shared(self, sharing: bool) -> int:
        """The tokens that a batch computes once: the prefix, if sharing is on and it is long enough to pay."""
        return self.prefix if sharing and self.prefix >= SHORTEST_SHARED_PREFIX else 0


def tally(rows: Iterable[Encoded], max_length: int) -> Rows:
    """Add up encoded rows, streamed."""
    found = Tally()
    too_long = 0
    for row in rows:
        if len(row) > max_length:
            too_long += 1
        else:
            found.add((), row)
    return audited(found.audit([])).model_copy(update={"too_long": too_long})


def audited(split: SplitAudit) -> Rows:
    """The rows that an audit has counted."""
    return Rows(count=split.rows, **split.model_dump(include=set(Rows.model_fields)))


def alike(count: int, length: int, completion: int, source: Literal["max_length", "given"]) -> Rows:
    """``count`` rows of ``length`` tokens each, of which the last ``completion`` carry the loss; nothing is shared."""
    return Rows(
        count=count,
        prompt_tokens=count * (length - completion),
        completion_tokens=count * completion,
        longest=length,
        longest_completion=completion,
        source=source,
    )
