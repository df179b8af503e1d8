"""A curve drawn in one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

BLOCKS = "▁▂▃▄▅▆▇█"
MOST_POINTS = 1024


def sparkline(values: Sequence[float], width: int) -> str:
    """At most ``width`` blocks, each as high as the mean of its stretch of ``values``, from the lowest to the highest.

    Values that are no finite number are passed over.
    """
    finite = [value for value in values if math.isfinite(value)]
    count = min(width, len(finite))
    edges = [place * len(finite) // count for place in range(count + 1)] if count else []
    means = [math.fsum(finite[start:end]) / (end - start) for start, end in pairwise(edges)]
    if not means:
        return ""
    low, high = min(means), max(means)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((mean - low) * scale)] for mean in means)


class Curve:
    """A growing curve, held in bounded memory: when it is long, neighbours are averaged."""

    def __init__(self) -> None:
        self._values: list[float] = []
        self._stretch = 1
        self._open: list[float] = []

    def add(self, value: float) -> None:
        """The next value; one that is no finite number is passed over."""
        if not math.isfinite(value):
            return
        self._open.append(value)
        if len(self._open) == self._stretch:
            self._values.append(math.fsum(self._open) / self._stretch)
            self._open = []
        if len(self._values) == MOST_POINTS:
            self._values = [(a + b) / 2 for a, b in zip(self._values[::2], self._values[1::2], strict=True)]
            self._stretch *= 2

    def drawn(self, width: int) -> str:
        """The curve so far, in at most ``width`` characters."""
        return sparkline(self._values, width)
