"""Free and constrained answers of the same model, side by side.

Constrained decoding leaves no answer unreadable, so that its format rate says nothing of the model; the free one does.
"""

from __future__ import annotations

from tasktune.evaluation.markdown import escape, table
from tasktune.evaluation.score import DecodingScores, Evaluation
from tasktune.evaluation.wording import NOTHING, Wording


def decoding_rows(evaluation: Evaluation, wording: Wording) -> list[list[str]]:
    """A line for each metric, then the rates of unreadable and of out-of-set answers; first the column titles.

    Empty where only one way of decoding was asked for.
    """
    by_mode = evaluation.by_decoding
    if not by_mode:
        return []
    titles = {"free": wording.say("Free"), "constrained": wording.say("Constrained")}
    header = [wording.say("Metric"), *(titles.get(mode, mode) for mode in by_mode)]
    listed = [*(verdict.metric for verdict in evaluation.criteria), *wording.metrics, *evaluation.metrics.values]
    metrics = [name for name in dict.fromkeys(listed) if name in evaluation.metrics.values]
    rows = [[wording.title(name), *(_value(scores, name, wording) for scores in by_mode.values())] for name in metrics]
    rows.append([wording.say("Unreadable answers"), *(_rate(s.counts.unparsed, s) for s in by_mode.values())])
    if any(scores.counts.out_of_set is not None for scores in by_mode.values()):
        rows.append([wording.say("Out-of-set answers"), *(_rate(s.counts.out_of_set, s) for s in by_mode.values())])
    return [header, *rows]


def decoding_table(evaluation: Evaluation, wording: Wording) -> str:
    """The same in Markdown."""
    rows = [[escape(cell) for cell in row] for row in decoding_rows(evaluation, wording)]
    return table(rows[0], rows[1:], numbers_from=1) if rows else ""


def _value(scores: DecodingScores, metric: str, wording: Wording) -> str:
    if metric not in scores.metrics:
        return NOTHING
    return wording.value(metric, scores.metrics[metric]) + wording.interval(metric, scores.intervals.get(metric))


def _rate(count: int | None, scores: DecodingScores) -> str:
    return NOTHING if count is None else f"{count / scores.counts.scored:.1%}"
