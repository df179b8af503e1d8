"""How far the probabilities of a version's answers can be trusted, as its evaluation keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktune.evaluation.predictions import FILE_NAME, read_predictions
from tasktune.evaluation.score import metrics_of
from tasktune.evaluation.trust import Trust, trust_in
from tasktune.inference.decoding import read_decoding, write_decoding
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task

# No probability reaches it.
_NEVER = 2.0


def needs_validation(task: Task, version: Version) -> bool:
    """Whether the test split is judged by predictions of the validation split that are not there yet."""
    there = (version.evaluation_of("valid") / FILE_NAME).exists()
    return task.spec.evaluation.abstain.asked and not there


def trust_of(task: Task, version: Version) -> Trust | None:
    """Look at the test predictions; a threshold that is chosen goes to the version's decoding rules."""
    asked = task.spec.evaluation.abstain
    found = trust_in(
        read_predictions(version.evaluation / FILE_NAME),
        asked,
        read_predictions(version.evaluation_of("valid") / FILE_NAME) if asked.asked else (),
        lambda rows: metrics_of(task, rows).values,
    )
    if found is not None and found.abstaining is not None:
        threshold = found.abstaining.threshold
        rules = read_decoding(version.decoding)
        # Without a threshold that reaches the target nothing is sure enough.
        chosen = _NEVER if threshold is None else threshold
        write_decoding(version.decoding, rules.model_copy(update={"abstain_below": chosen}))
    return found
