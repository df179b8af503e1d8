"""The files of an evaluation in a version's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tasktune.errors import InputError
from tasktune.evaluation.loss_svg import loss_svg
from tasktune.evaluation.predictions import FILE_NAME, read_predictions
from tasktune.evaluation.report import RunFacts, render_report
from tasktune.evaluation.score import Evaluation, results
from tasktune.locale import nearest_language, translate
from tasktune.locale import translate as _
from tasktune.workspace.files import write_json_atomically, write_text_atomically
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task

LOSS_FIGURE = "figures/loss.svg"


def write_outputs(
    evaluation: Evaluation,
    task: Task,
    version: Version,
    facts: RunFacts,
    *,
    loss_curve: Sequence[tuple[int, float]] = (),
    language: str | None = None,
) -> Path:
    """Write ``evaluation/{metrics.json, figures/loss.svg, report.md}`` and ``results.json``; return the report's path.

    Mistakes are read from ``evaluation/predictions.jsonl``, which must exist; a loss curve (step, loss) makes the
    figure. ``results.json`` comes last: where it is, the others are.
    """
    folder = version.evaluation
    language = nearest_language(language or task.spec.language)
    write_text_atomically(folder / "metrics.json", evaluation.model_dump_json(indent=2) + "\n")
    if loss_curve:
        figure = loss_svg(
            loss_curve,
            title=translate("Training loss", language=language),
            x_label=translate("Step", language=language),
            y_label=translate("Loss per token", language=language),
        )
        write_text_atomically(folder / LOSS_FIGURE, figure)
    report = render_report(
        evaluation,
        task,
        facts,
        read_predictions(folder / FILE_NAME),
        language=language,
        loss_figure=LOSS_FIGURE if loss_curve else None,
    )
    write_text_atomically(folder / "report.md", report)
    write_json_atomically(version.results, results(evaluation, version.name))
    return folder / "report.md"


def read_evaluation(version: Version) -> Evaluation:
    """The evaluation that ``write_outputs`` kept.

    :raises InputError: the version has none, or its file is damaged.
    """
    path = version.evaluation / "metrics.json"
    try:
        return Evaluation.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(_("{file} does not exist", file=path), hint=_("make it with tune evaluate")) from error
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise InputError(
            _("{file} is damaged: {why}", file=path, why=why), hint=_("make it again with tune evaluate")
        ) from error
