"""How much each class counts in the loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from tasktune.data.rows import read_chat_rows


def weights_of(
    class_weights: Mapping[str, float] | Literal["balanced"] | None, rows: Path
) -> Mapping[str, float] | None:
    """The weights that ``training.class_weights`` asks for; None for none.

    ``balanced`` is N / (K · n), for n of the N appearances of the K classes in the ``rows`` that are trained on (an
    answer may show a class several times): every class counts the same in all, as in scikit-learn's
    ``compute_class_weight``.
    """
    if class_weights != "balanced":
        return class_weights
    counts = Counter(name for row in read_chat_rows(rows) for name in row["classes"])
    return {name: counts.total() / (len(counts) * count) for name, count in counts.items()}
