"""Which classes, types or fields score far below their like: the one rule that task types' findings share."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

FAR_BELOW = 0.15
"""A score is far below the rest when it is this much under their median."""
LOW = 0.60
"""requirements/iterate-mode.md, step 2: a class with an F1 under this is weak wherever the others are."""
FEWEST = 5
"""A score of fewer test examples than this says little."""


def far_below(per_class: Mapping[str, Mapping[str, float]], score: str, low: float = LOW) -> list[str]:
    """Names whose ``score`` is under ``low`` or far below the median, the worst first.

    Only names with at least ``FEWEST`` examples (``support``) are judged. When all of those are weak the list is empty:
    that is the model's weakness, and the headline score says so.
    """
    judged = {name: scores[score] for name, scores in per_class.items() if scores["support"] >= FEWEST}
    if len(judged) < 2:
        return []
    middle = median(judged.values())
    weak = [name for name, value in judged.items() if value < low or value < middle - FAR_BELOW]
    return [] if len(weak) == len(judged) else sorted(weak, key=lambda name: (judged[name], name))
