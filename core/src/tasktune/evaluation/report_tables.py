"""The report's tables: scores, baselines, classes, confusion, mistakes. Each is Markdown, empty without rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasktune.evaluation.error_analysis import LENGTH, MistakeGroup, Slice
from tasktune.evaluation.markdown import as_text, escape, shorten, table
from tasktune.evaluation.predictions import Prediction
from tasktune.evaluation.score import Evaluation
from tasktune.evaluation.wording import NOTHING, Wording
from tasktune.types import Confusion

LARGEST_MATRIX = 20
"""Labels up to which a confusion matrix is shown whole; beyond it the commonest confusions are listed."""
MOST_PAIRS = 20
MOST_CLASSES = 100
_CLASS_COLUMNS = {"precision": "Precision", "recall": "Recall", "f1": "F1", "support": "Rows"}


def scores_table(evaluation: Evaluation, wording: Wording) -> str:
    """Every metric with its score; target and status where there is a target."""
    verdicts = {verdict.metric: verdict for verdict in evaluation.criteria}
    rows = []
    for metric in metric_order(evaluation, wording):
        title = escape(wording.title(metric))
        spread = spread_of(evaluation, metric, wording)
        if metric in verdicts:
            verdict = verdicts[metric]
            status = "✅" if verdict.met else "❌"
            rows.append([title, wording.judged(verdict) + spread, wording.target(verdict), status])
        else:
            rows.append([title, wording.value(metric, evaluation.metrics.values[metric]) + spread, NOTHING, NOTHING])
    header = [wording.say(name) for name in ("Metric", "Score", "Target", "Status")]
    scores = table(header, rows, numbers_from=None)
    return f"{scores}\n\n{interval_note(evaluation, wording)}" if evaluation.intervals else scores


def spread_of(evaluation: Evaluation, metric: str, wording: Wording) -> str:
    """What stands behind a metric's score: its confidence interval in brackets, if it has one."""
    return wording.interval(metric, evaluation.intervals.values.get(metric)) if evaluation.intervals else ""


def interval_note(evaluation: Evaluation, wording: Wording) -> str:
    """What the brackets behind scores are."""
    within = evaluation.intervals
    if within is None:
        return ""
    return wording.say(
        "In brackets: {level} confidence intervals, by {method} ({resamples} samples of {rows} rows).",
        level=f"{within.level:.0%}",
        method=wording.say(within.method),
        resamples=f"{within.resamples:,}",
        rows=f"{within.rows:,}",
    )


def metric_order(evaluation: Evaluation, wording: Wording) -> list[str]:
    """The metrics: headline first, then as the task type lists them, then the rest."""
    listed = [*(verdict.metric for verdict in evaluation.criteria), *wording.metrics, *evaluation.metrics.values]
    return [metric for metric in dict.fromkeys(listed) if metric in evaluation.metrics.values]


def baselines_table(evaluation: Evaluation, wording: Wording) -> str:
    """The model beside every baseline on all metrics, and beside the score that the user stated."""
    stated = evaluation.stated_baseline
    within = evaluation.baseline_intervals
    columns: dict[str, Mapping[str, str]] = {
        wording.baseline(name): {
            metric: wording.value(metric, value) + wording.interval(metric, within.get(name, {}).get(metric))
            for metric, value in metrics.values.items()
        }
        for name, metrics in evaluation.baselines.items()
    }
    if stated is not None and stated.score is not None:
        columns[wording.say("{name} (stated in task.yaml)", name=stated.name)] = {
            evaluation.headline.metric: wording.value(evaluation.headline.metric, stated.score)
        }
    if not columns:
        return ""
    rows = []
    for metric in metric_order(evaluation, wording):
        own = wording.value(metric, evaluation.metrics.values[metric])
        own += spread_of(evaluation, metric, wording) if within else ""
        rows.append([escape(wording.title(metric)), own, *(c.get(metric, NOTHING) for c in columns.values())])
    return table([wording.say("Metric"), wording.say("Model"), *map(escape, columns)], rows, numbers_from=1)


def classes_table(evaluation: Evaluation, wording: Wording) -> str:
    """Precision, recall, F1 and support of every class; of very many, those with the lowest F1."""
    classes = evaluation.metrics.per_class
    if not classes:
        return ""
    names = list(classes)
    note = ""
    if len(names) > MOST_CLASSES:
        names = sorted(names, key=lambda name: classes[name].get("f1", 0.0))[:MOST_CLASSES]
        note = wording.say("The {shown} of {count} classes with the lowest F1.", shown=MOST_CLASSES, count=len(classes))
    present = {column for values in classes.values() for column in values}
    columns = [column for column in _CLASS_COLUMNS if column in present]
    columns += sorted(present - set(columns))
    header = [wording.say("Class"), *(escape(_class_column(column, wording)) for column in columns)]
    rows = [[escape(name), *(_class_value(evaluation, name, column, wording) for column in columns)] for name in names]
    return _joined(note, table(header, rows, numbers_from=1))


def confusion_table(evaluation: Evaluation, wording: Wording) -> str:
    """The confusion matrix, gold by row and predicted by column; of many labels, the commonest confusions."""
    confusion = evaluation.metrics.confusion
    if confusion is None or not confusion.rows:
        return ""
    if len(confusion.rows) <= LARGEST_MATRIX:
        header = [wording.say("Gold ＼ predicted"), *map(escape, confusion.columns)]
        rows = [
            [escape(gold), *map(str, counts)] for gold, counts in zip(confusion.rows, confusion.counts, strict=True)
        ]
        return table(header, rows, numbers_from=1)
    pairs = confusions(confusion)
    mistakes = sum(count for _gold, _predicted, count in pairs)
    note = wording.say(
        "{labels} labels are too many for a matrix: the {shown} commonest of {count} confusions.",
        labels=len(confusion.rows),
        shown=min(MOST_PAIRS, len(pairs)),
        count=len(pairs),
    )
    header = [wording.say(name) for name in ("Gold", "Predicted", "Count", "Share of mistakes")]
    rows = [
        [escape(gold), escape(predicted), str(count), f"{100 * count / mistakes:.1f}%"]
        for gold, predicted, count in pairs[:MOST_PAIRS]
    ]
    return _joined(note, table(header, rows, numbers_from=2)) if rows else note


def confusions(confusion: Confusion) -> list[tuple[str, str, int]]:
    """The pairs (gold, predicted, count) off the diagonal that occurred, the commonest first."""
    pairs = [
        (gold, predicted, count)
        for gold, counts in zip(confusion.rows, confusion.counts, strict=True)
        for predicted, count in zip(confusion.columns, counts, strict=True)
        if count and gold != predicted
    ]
    return sorted(pairs, key=lambda pair: -pair[2])


def error_groups_table(evaluation: Evaluation, wording: Wording) -> str:
    """The commonest kinds of mistakes, with the classes that they are about, and a record of each."""
    errors = evaluation.errors
    if errors is None or not errors.groups:
        return ""
    header = [wording.say(name) for name in ("Mistake", "Count", "Share of mistakes", "Record")]
    rows = [
        [_group(group, wording), str(group.count), f"{100 * group.share:.1f}%", escape(group.records[0])]
        for group in errors.groups[:MOST_PAIRS]
    ]
    note = ""
    if len(errors.groups) > MOST_PAIRS:
        note = wording.say("The {shown} commonest of {count} mistakes.", shown=MOST_PAIRS, count=errors.mistakes)
    return _joined(note, table(header, rows, numbers_from=1))


def _group(group: MistakeGroup, wording: Wording) -> str:
    about = " → ".join(escape(shorten(name)) for name in (group.gold, group.predicted) if name is not None)
    colon = "：" if wording.language == "zh-TW" else ": "
    return escape(wording.mistake(group.kind)) + (colon + about if about else "")


def slices_table(evaluation: Evaluation, wording: Wording) -> str:
    """The headline score of the rows by length and by fields with few values; weak slices are marked."""
    errors = evaluation.errors
    if errors is None or not errors.slices:
        return ""
    metric = evaluation.headline.metric
    header = [wording.say("Rows with"), wording.say("Rows"), wording.title(metric), wording.say("Status")]
    rows = [
        [
            _slice(each, wording),
            f"{each.rows:,}",
            wording.value(metric, each.score),
            "⚠️ " + wording.say("far below") if each.weak else NOTHING,
        ]
        for each in errors.slices
    ]
    return table(header, rows, numbers_from=1)


def parts_table(evaluation: Evaluation, wording: Wording) -> str:
    """The scores of parts of what the rows hold: the headline metric, precision and recall where there are such."""
    errors = evaluation.errors
    if errors is None or not errors.parts:
        return ""
    headline = evaluation.headline.metric
    metrics = dict.fromkeys((headline, *(name for name in ("precision", "recall") if name in errors.parts[0].metrics)))
    header = [wording.say("Part"), wording.say("Number"), *(escape(wording.title(metric)) for metric in metrics)]
    rows = [
        [
            escape(wording.parts[each.name][wording.language] if each.name in wording.parts else each.name),
            f"{each.size:,}",
            *(wording.value(metric, each.metrics[metric]) for metric in metrics),
        ]
        for each in errors.parts
    ]
    return table(header, rows, numbers_from=1)


def _slice(each: Slice, wording: Wording) -> str:
    if each.field == LENGTH:
        return wording.say("{range} characters", range=each.value)
    return f"{escape(each.field)} = {escape(shorten(each.value))}"


def mistakes_table(mistakes: Sequence[Prediction], wording: Wording) -> str:
    """Wrong predictions: the record, its input, the right answer and the model's."""
    header = [wording.say(name) for name in ("Record", "Input", "Gold", "Predicted")]
    rows = [[escape(m.id), input_cell(m), target_cell(m, wording), predicted_cell(m, wording)] for m in mistakes]
    return table(header, rows) if rows else ""


def target_cell(mistake: Prediction, wording: Wording) -> str:
    """The right answer, in a table's cell."""
    return _cell(as_text(mistake.target), wording)


def predicted_cell(mistake: Prediction, wording: Wording) -> str:
    """The model's answer or what kept it from being read, in a table's cell."""
    if mistake.answer.parsed:
        return _cell(as_text(mistake.answer.value), wording)
    reason = escape(shorten(mistake.answer.error or ""))
    return f"*{wording.say('cannot be read')}* ({reason}): {_cell(mistake.output, wording)}"


def input_cell(mistake: Prediction) -> str:
    """What the model was asked about, in a table's cell."""
    inputs = mistake.inputs
    if len(inputs) == 1:
        return escape(shorten(as_text(next(iter(inputs.values())))))
    return "; ".join(f"{escape(name)}: {escape(shorten(as_text(value)))}" for name, value in inputs.items())


def _cell(text: str, wording: Wording) -> str:
    # No text from data can look like this: its asterisks are escaped.
    return escape(shorten(text)) or f"*{wording.say('empty')}*"


def _class_column(column: str, wording: Wording) -> str:
    return wording.say(_CLASS_COLUMNS[column]) if column in _CLASS_COLUMNS else wording.title(column)


def _class_value(evaluation: Evaluation, name: str, column: str, wording: Wording) -> str:
    values = evaluation.metrics.per_class[name]
    if column not in values:
        return NOTHING
    if column == "support":
        return f"{values[column]:.0f}"
    score = wording.value(column, values[column])
    if evaluation.intervals is None or ("f1" in values and column != "f1"):
        return score  # an interval in every cell is more than one can read
    return score + wording.interval(column, evaluation.intervals.per_class.get(name, {}).get(column))


def _joined(note: str, text: str) -> str:
    return f"{note}\n\n{text}" if note else text
