"""When a model is good enough."""

from __future__ import annotations

from tasktune.types import Value


class Verdict(Value):
    """A score against the least value that passes. ``met``: value >= threshold.

    Only metrics of which more is better can decide; the definition refuses others.
    """

    metric: str
    value: float
    threshold: float
    met: bool

    @classmethod
    def on(cls, metric: str, value: float, threshold: float) -> Verdict:
        """The verdict on a metric's value."""
        return cls(metric=metric, value=value, threshold=threshold, met=value >= threshold)
