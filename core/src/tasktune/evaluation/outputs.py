"""The files of an evaluation in a version's folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tasktune.data.stats import Stats, prepared_stats
from tasktune.errors import InputError
from tasktune.evaluation.bars_svg import Bars, bars_svg
from tasktune.evaluation.noise_section import read_noise
from tasktune.evaluation.predictions import FILE_NAME, read_predictions
from tasktune.evaluation.report import RunFacts, as_markdown, report_sections
from tasktune.evaluation.report_html import report_page
from tasktune.evaluation.score import Evaluation, results
from tasktune.evaluation.training_section import training_figures
from tasktune.evaluation.trust_section import trust_figures
from tasktune.evaluation.wording import Wording
from tasktune.locale import nearest_language, translate
from tasktune.locale import translate as _
from tasktune.workspace.files import write_json_atomically, write_text_atomically
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.training.record import TrainingRecord

CLASSES_FIGURE, LENGTHS_FIGURE = "figures/classes.svg", "figures/lengths.svg"
MOST_CLASSES = 30
"""Bars of the classes' figure; `tune data stats` has them all."""


def write_outputs(
    evaluation: Evaluation,
    task: Task,
    version: Version,
    facts: RunFacts,
    *,
    training: TrainingRecord | None = None,
    language: str | None = None,
) -> Path:
    """Write ``evaluation/{metrics.json, figures/*.svg, report.md, report.html}`` and ``results.json``.

    Predictions are read from ``evaluation/predictions.jsonl``, which must exist, and probable wrong labels from
    ``evaluation/label_noise.json``, which need not; the version's rows and its training make the figures.
    ``results.json`` comes last: where it is, the others are. Returns the path of ``report.md``.
    """
    folder = version.evaluation
    language = nearest_language(language or task.spec.language)
    write_text_atomically(folder / "metrics.json", evaluation.model_dump_json(indent=2) + "\n")
    figures = _data_figures(prepared_stats(version.prepared, task.spec.training.max_length), language)
    wording = Wording(language, task.plugin.info.metrics)
    figures |= trust_figures(evaluation, wording)
    if training is not None:
        figures |= training_figures(training, wording)
    for name, figure in figures.items():
        write_text_atomically(folder / name, figure)
    sections = report_sections(
        evaluation,
        task,
        facts,
        read_predictions(folder / FILE_NAME),
        language=language,
        data_figures=[name for name in (CLASSES_FIGURE, LENGTHS_FIGURE) if name in figures],
        training=training,
        noise=read_noise(folder),
    )
    write_text_atomically(folder / "report.md", as_markdown(sections))
    predictions = read_predictions(folder / FILE_NAME)
    report = report_page(evaluation, task, sections, figures, predictions, language=language)
    write_text_atomically(folder / "report.html", report)
    write_json_atomically(version.results, results(evaluation, version.name))
    return folder / "report.md"


def write_beside(evaluation: Evaluation, task: Task, version: Version, folder: Path, facts: RunFacts) -> None:
    """Write the metrics, the report (md, html) and, last, ``results.json`` of an evaluation by another engine.

    ``folder`` holds its ``predictions.jsonl``. The version's own files stay as they are.
    """
    language = nearest_language(task.spec.language)
    write_text_atomically(folder / "metrics.json", evaluation.model_dump_json(indent=2) + "\n")
    sections = report_sections(evaluation, task, facts, read_predictions(folder / FILE_NAME), language=language)
    write_text_atomically(folder / "report.md", as_markdown(sections))
    report = report_page(evaluation, task, sections, {}, read_predictions(folder / FILE_NAME), language=language)
    write_text_atomically(folder / "report.html", report)
    write_json_atomically(folder / version.results.name, results(evaluation, version.name))


def _data_figures(stats: Stats, language: str) -> dict[str, str]:
    """How the rows are spread over classes, the commonest first, and over the lengths of their inputs, by file name."""
    totals: Counter[str] = Counter()
    for split in stats.splits.values():
        totals.update(split.classes)
    names = [name for name, _rows in totals.most_common(MOST_CLASSES)]
    classes: Bars = [(name, {s: each.classes.get(name, 0) for s, each in stats.splits.items()}) for name in names]
    lengths = stats.histograms["input"]
    bins: Bars = [
        (name, {split: counts[number] for split, counts in lengths.counts.items()})
        for number, name in enumerate(lengths.names)
    ]
    titles = {CLASSES_FIGURE: "Rows by class", LENGTHS_FIGURE: "Rows by length of the input, in characters"}
    drawn = {CLASSES_FIGURE: classes, LENGTHS_FIGURE: bins}
    return {
        name: bars_svg(bars, title=translate(titles[name], language=language))
        for name, bars in drawn.items()
        if any(counts for _name, counts in bars)
    }


def read_evaluation(version: Version) -> Evaluation:
    """The evaluation that ``write_outputs`` kept.

    :raises InputError: the version has none, or its file is damaged.
    """
    return read_evaluation_in(version.evaluation)


def read_evaluation_in(folder: Path) -> Evaluation:
    """The evaluation in a folder, which another engine may have made.

    :raises InputError: there is none, or its file is damaged.
    """
    path = folder / "metrics.json"
    try:
        return Evaluation.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(_("{file} does not exist", file=path), hint=_("make it with tune evaluate")) from error
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise InputError(
            _("{file} is damaged: {why}", file=path, why=why), hint=_("make it again with tune evaluate")
        ) from error
