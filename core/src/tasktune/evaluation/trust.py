"""How far the model's own probabilities can be trusted: calibration, sure mistakes, and what abstaining gains."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tasktune.evaluation.abstaining import Abstaining, Judged, is_given, kept, threshold_for
from tasktune.evaluation.calibration import Calibration, calibration
from tasktune.evaluation.predictions import Prediction
from tasktune.types import Scored, Value

if TYPE_CHECKING:
    from tasktune.definition.spec import AbstainSpec

MOST_SURE = 10
"""Mistakes that are kept."""


class Trust(Value):
    """What the probabilities of a version's answers are worth.

    ``closed``: they are shares among a closed set of answers, not probabilities of texts. ``without`` counts rows whose
    answer has none; ``calibration`` is None if that are all. ``mistakes`` are the wrong answers that the model found
    most probable.
    """

    closed: bool
    without: int
    calibration: Calibration | None
    mistakes: tuple[Prediction, ...] = ()
    abstaining: Abstaining | None = None


def trust_in(
    test: Iterable[Prediction],
    abstain: AbstainSpec,
    valid: Iterable[Prediction],
    metrics: Callable[[Sequence[Scored]], Mapping[str, float]],
) -> Trust | None:
    """Look at the test predictions, read once; None where no probability is known or asked for.

    ``valid`` are the predictions that a threshold is chosen on, if ``abstain`` asks for one, and ``metrics`` scores the
    test rows that are answered then.
    """
    labelled = [each for each in test if each.correct is not None]
    if not abstain.asked and all(each.confidence is None for each in labelled):
        return None
    known = [(probability, right) for probability, right in _judged(labelled) if probability is not None]
    wrong = [each for each in labelled if not each.correct and _probability(each) is not None]
    return Trust(
        closed=any(each.confidence is not None and each.confidence.labels for each in labelled),
        without=len(labelled) - len(known),
        calibration=calibration(known),
        mistakes=tuple(heapq.nlargest(MOST_SURE, wrong, key=lambda each: _probability(each) or 0.0)),
        abstaining=_abstaining(labelled, abstain, _judged(valid), metrics) if abstain.asked else None,
    )


def _abstaining(
    test: list[Prediction],
    asked: AbstainSpec,
    valid: Sequence[Judged],
    metrics: Callable[[Sequence[Scored]], Mapping[str, float]],
) -> Abstaining:
    threshold = threshold_for(valid, target_precision=asked.target_precision, coverage=asked.coverage)
    given = [
        Scored(record=each.record, output=each.output, answer=each.answer)
        for each in test
        if is_given(_probability(each), threshold)
    ]
    [(target, wanted)] = asked.model_dump(exclude_none=True).items()
    return Abstaining(
        target=target,
        wanted=wanted,
        threshold=threshold,
        valid=kept(valid, threshold),
        test=kept(_judged(test), threshold),
        metrics=metrics(given) if given else {},
    )


def _judged(predictions: Iterable[Prediction]) -> list[Judged]:
    return [(_probability(each), bool(each.correct)) for each in predictions if each.correct is not None]


def _probability(prediction: Prediction) -> float | None:
    return None if prediction.confidence is None else prediction.confidence.probability
