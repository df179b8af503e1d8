"""``report.html``: the report as one page that works offline, with plots and a table of all predictions to search.

The text is that of ``report.md``, part by part; plots stand in it and not beside it, the confusion matrix is coloured,
and a table of every prediction can be filtered and sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tasktune.evaluation.error_analysis import LENGTH
from tasktune.evaluation.matrix_html import matrix_html
from tasktune.evaluation.page import page, resource, text
from tasktune.evaluation.predictions import Prediction
from tasktune.evaluation.predictions_table import PAGE_ROWS, frame, predictions_table, words_of
from tasktune.evaluation.report import Section, report_wording
from tasktune.evaluation.score import Evaluation
from tasktune.evaluation.scores_svg import Score, scores_svg
from tasktune.evaluation.wording import Wording

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.evaluation.markdown_html import MarkdownHtml

MOST_CLASSES = 60
"""Classes in the plot, the lowest scores first."""


def report_page(
    evaluation: Evaluation,
    task: Task,
    sections: Sequence[Section],
    figures: Mapping[str, str],
    predictions: Iterable[Prediction],
    *,
    language: str | None = None,
) -> str:
    """The page. ``figures`` are SVGs under the paths by which the sections show them; predictions are read once."""
    from tasktune.evaluation.markdown_html import MarkdownHtml

    wording = report_wording(task, language)
    render = MarkdownHtml(figures)
    table = predictions_table(task, predictions, evaluation.metrics.confusion)
    first, *rest = sections
    last = f"part{len(rest)}"
    contents = [(f"part{number}", render.line(section.heading)) for number, section in enumerate(rest)]
    links = (f'<a href="#{place}">{name}</a>' for place, name in [*contents, (last, text(wording.say("Predictions")))])
    parts = [
        f"<h1>{render.line(first.heading)}</h1>",
        _headline(evaluation, wording),
        "<nav>" + "\n".join(links) + "</nav>",
        f'<section class="facts">{render.blocks(first.body)}</section>',
    ]
    for (place, heading), section in zip(contents, rest, strict=True):
        body = _body(section, evaluation, wording, render)
        parts.append(f'<section><h2 id="{place}">{heading}</h2>\n{body}</section>')
    parts.append(frame(table, wording, last))
    title = wording.say("{task} evaluation report", task=evaluation.task_name)
    data = {"words": words_of(wording), "page": PAGE_ROWS, "rows": table.packed}
    return page(title, "\n".join(parts), wording.language, script=resource("predictions_table.js"), data=data)


def _body(section: Section, evaluation: Evaluation, wording: Wording, render: MarkdownHtml) -> str:
    """What stands under a heading: what report.md has there, and what only a page can show."""
    told = render.blocks(section.body)
    if section.key == "Confusion matrix":
        return matrix_html(evaluation.metrics.confusion, wording) or told
    if section.key == "Per class":
        return _class_plot(evaluation, wording) + told
    if section.key == "Slices of the rows":
        return _slice_plots(evaluation, wording) + told
    return told


def _headline(evaluation: Evaluation, wording: Wording) -> str:
    """The figures that a reader wants first."""
    say, verdict, counts = wording.say, evaluation.headline, evaluation.counts
    within = evaluation.intervals.values.get(verdict.metric) if evaluation.intervals is not None else None
    spread = wording.interval(verdict.metric, within).strip(" ()（）")
    status, kind = ("✅ " + say("Target met"), "met") if verdict.met else ("❌ " + say("Target missed"), "missed")
    cards = [
        (wording.title(verdict.metric), wording.judged(verdict), spread, ""),
        (say("Target"), wording.target(verdict), status, kind),
        (say("Correct to the letter"), f"{counts.correct:,}", f"/ {counts.scored:,}", ""),
        (say("Unreadable answers"), f"{counts.unparsed:,}", f"/ {counts.scored:,}", ""),
    ]
    shown = (
        f'<div class="{kind}"><dt>{text(title)}</dt><dd>{text(value)} <span class="note">{text(note)}</span></dd></div>'
        for title, value, note, kind in cards
    )
    return '<dl class="figures">' + "".join(shown) + "</dl>"


def _class_plot(evaluation: Evaluation, wording: Wording) -> str:
    """The score of every class, the lowest first, with its interval: F1 where there is one."""
    from tasktune.evaluation.markdown_html import plot

    classes = evaluation.metrics.per_class
    metrics = [metric for values in classes.values() for metric in values if metric != "support"]
    if not metrics:
        return ""
    metric = "f1" if "f1" in metrics else metrics[0]
    within = evaluation.intervals.per_class if evaluation.intervals is not None else {}
    scored = sorted((values[metric], name) for name, values in classes.items() if metric in values)
    scores = []
    for value, name in scored[:MOST_CLASSES]:
        reach = within.get(name, {}).get(metric)
        low, high = (None, None) if reach is None else (reach.low, reach.high)
        scores.append(Score(name, value, low, high))
    title = wording.say("{metric} of each class", metric="F1" if metric == "f1" else wording.title(metric))
    return plot(scores_svg(scores, title=title, shown=lambda value: wording.value(metric, value)))


def _slice_plots(evaluation: Evaluation, wording: Wording) -> str:
    """The headline score of the rows by length, and by each field; the dashed line is the score of all rows."""
    from tasktune.evaluation.markdown_html import plot

    slices = evaluation.errors.slices if evaluation.errors is not None else ()
    metric = evaluation.headline.metric
    plots = []
    for field in dict.fromkeys(each.field for each in slices):
        by = wording.say("length of the input, in characters") if field == LENGTH else field
        svg = scores_svg(
            [
                Score(f"{each.value} ({each.rows:,})", each.score, weak=each.weak)
                for each in slices
                if each.field == field
            ],
            title=wording.say("{metric} by {field}", metric=wording.title(metric), field=by),
            shown=lambda value: wording.value(metric, value),
            target=evaluation.headline.value,
        )
        plots.append(plot(svg))
    return "".join(plots)
