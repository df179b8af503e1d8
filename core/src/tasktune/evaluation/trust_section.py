"""The report's part on the model's own probabilities: calibration, what abstaining gains, and its surest mistakes."""

from __future__ import annotations

from tasktune.evaluation.abstaining import Abstaining, Kept
from tasktune.evaluation.calibration import Calibration
from tasktune.evaluation.markdown import escape, table
from tasktune.evaluation.predictions import Confidence
from tasktune.evaluation.reliability_svg import reliability_svg
from tasktune.evaluation.report_tables import input_cell, predicted_cell, target_cell
from tasktune.evaluation.score import Evaluation
from tasktune.evaluation.trust import Trust
from tasktune.evaluation.wording import NOTHING, Wording

FIGURE = "figures/reliability.svg"


def trust_figures(evaluation: Evaluation, wording: Wording) -> dict[str, str]:
    """The reliability plot as SVG, by the name of its file in the report's folder; none without probabilities."""
    if evaluation.trust is None or evaluation.trust.calibration is None:
        return {}
    figure = reliability_svg(
        evaluation.trust.calibration,
        title=wording.say("Right answers by probability"),
        x_label=wording.say("Probability of the answer"),
        y_label=wording.say("Share of right answers"),
    )
    return {FIGURE: figure}


def trust_section(evaluation: Evaluation, wording: Wording) -> str:
    """The part in Markdown; empty when no probability is known."""
    found = evaluation.trust
    if found is None:
        return ""
    measured = [] if found.calibration is None else [_calibration(found, found.calibration, wording)]
    given_up = [] if found.abstaining is None else [_abstaining(found.abstaining, evaluation, wording)]
    return "\n\n".join([*measured, *given_up])


def sure_mistakes(evaluation: Evaluation, wording: Wording) -> str:
    """The wrong answers that the model found most probable, in a table."""
    found = evaluation.trust
    if found is None or not found.mistakes:
        return ""
    header = ["Record", "Input", "Gold", "Predicted", "Probability", *(["Probability of gold"] if found.closed else [])]
    rows = [
        [
            escape(each.id),
            input_cell(each),
            target_cell(each, wording),
            predicted_cell(each, wording),
            _share(each.confidence.probability),
            *([_gold(each.confidence)] if found.closed else []),
        ]
        for each in found.mistakes
        if each.confidence is not None
    ]
    return table([wording.say(name) for name in header], rows, numbers_from=4)


def _calibration(found: Trust, measured: Calibration, wording: Wording) -> str:
    kind = (
        "The probability of an answer is its share among the answers that are possible."
        if found.closed
        else "The probability of an answer is that of its very text, token by token."
    )
    rows = [
        [wording.say("Mean probability of the answers"), _share(measured.confidence)],
        [wording.say("Share of right answers"), _share(measured.accuracy)],
        [wording.say("Expected calibration error (ECE)"), f"{measured.ece:.3f}"],
        [wording.say("Brier score"), f"{measured.brier:.3f}"],
    ]
    note = wording.say(
        "ECE over 10 bins of equal width (Guo et al. 2017); ECE and Brier score are better when lower, 0 at best."
    )
    without = (
        wording.say("Answers without a probability, which are left out: {rows}.", rows=f"{found.without:,}")
        if found.without
        else ""
    )
    figures = table([wording.say("Figure"), wording.say("Value")], rows, numbers_from=1)
    joined = ("" if wording.language == "zh-TW" else " ").join(filter(None, (wording.say(kind), note, without)))
    plot = f"![{wording.say('Right answers by probability')}]({FIGURE})"
    return f"{figures}\n\n{joined}\n\n{plot}"


def _abstaining(found: Abstaining, evaluation: Evaluation, wording: Wording) -> str:
    wanted = {
        "target_precision": "The aim: {wanted} of the given answers are right.",
        "coverage": "The aim: {wanted} of the rows are answered.",
    }[found.target]
    aim = wording.say(wanted, wanted=f"{found.wanted:.0%}")
    heading = "### " + wording.say("Answers that are left to a person")
    if found.threshold is None:
        none = wording.say("No threshold reaches it on the validation rows: no answer is sure enough.")
        return f"{heading}\n\n{aim} {none}"
    metric = evaluation.headline.metric
    reached = found.metrics.get(metric)
    header = ["Rows", "All of them", "Answered", "Left to a person", "Right of the answered"]
    rows = [_kept("valid", found.valid), _kept("test", found.test)]
    chosen = wording.say(
        "Answers of a probability of {threshold} and more are given; chosen on the validation rows.",
        threshold=f"{found.threshold:.4g}",
    )
    score = wording.say(
        "{metric} of the answered test rows: {value}; of all: {all}.",
        metric=escape(wording.title(metric)),
        value=NOTHING if reached is None else wording.value(metric, reached),
        all=wording.value(metric, evaluation.headline.value),
    )
    told = table([wording.say(name) for name in header], rows, numbers_from=1)
    return "\n\n".join([heading, f"{aim} {chosen}", told, score])


def _kept(split: str, found: Kept) -> list[str]:
    left = found.rows - found.answered
    return [
        split,
        f"{found.rows:,}",
        f"{found.answered:,} ({found.coverage:.1%})",
        f"{left:,}",
        _share(found.precision) if found.answered else NOTHING,
    ]


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"


def _gold(confidence: Confidence) -> str:
    if confidence.gold is None:
        return NOTHING
    # What is not spelled out is known by its upper bound only.
    return _share(confidence.gold) if confidence.gold else f"< {max(confidence.rest, 0.0005):.1%}"
