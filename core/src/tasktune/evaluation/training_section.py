"""The report's part on training: its curves, whose weights the version has, and the hints."""

from __future__ import annotations

from collections.abc import Mapping

from tasktune.evaluation.curves_svg import Points, curves_svg
from tasktune.evaluation.markdown import escape
from tasktune.evaluation.wording import Wording
from tasktune.training.record import TrainingRecord

LOSS, METRIC = "eval_loss", "metric"


def training_figures(record: TrainingRecord, wording: Wording) -> dict[str, str]:
    """The curves that a training has, as SVG by the names of their files in the report's folder."""
    return {
        f"figures/{name}.svg": curves_svg(
            {wording.say(curve): points for curve, points in curves.items()},
            title=_title(name, record, wording),
            x_label=wording.say("Step"),
            y_label=_unit(name, record, wording),
        )
        for name, curves in _curves(record).items()
    }


def training_section(record: TrainingRecord, wording: Wording) -> str:
    """The part in Markdown; empty when nothing is known."""
    figures = (f"![{escape(_title(name, record, wording))}](figures/{name}.svg)" for name in _curves(record))
    hints = (f"- ⚠️ {escape(hint.words(wording.language))}" for hint in record.hints)
    return "\n\n".join(filter(None, (*figures, _ending(record, wording), "\n".join(hints))))


def _curves(record: TrainingRecord) -> dict[str, Mapping[str, Points]]:
    """The curves of each figure by the words that name them; figures without a point are left out."""
    figures: dict[str, Mapping[str, Points]] = {
        "loss": {"Training set": record.curve("loss"), "Validation set": record.curve("eval_loss")},
        "metric": {"Validation set": record.curve(record.watched) if record.watched != LOSS else ()},
        "gradient_norm": {"Training set": record.curve("grad_norm")},
        "learning_rate": {"Training set": record.curve("learning_rate")},
    }
    there = {name: {curve: points for curve, points in of.items() if points} for name, of in figures.items()}
    return {name: curves for name, curves in there.items() if curves}


def _title(name: str, record: TrainingRecord, wording: Wording) -> str:
    titles = {"loss": "Training loss", "gradient_norm": "Gradient norm", "learning_rate": "Learning rate"}
    if name != METRIC:
        return wording.say(titles[name])
    return wording.say("{metric} on validation rows", metric=wording.title(_metric(record)))


def _unit(name: str, record: TrainingRecord, wording: Wording) -> str:
    if name == METRIC:
        return wording.title(_metric(record))
    return wording.say("Loss per token") if name == "loss" else _title(name, record, wording)


def _metric(record: TrainingRecord) -> str:
    return record.watched.removeprefix("eval_")


def _ending(record: TrainingRecord, wording: Wording) -> str:
    """Where training ended, and whose weights were kept, if either is not the plain end."""
    said = []
    if record.stopped_early:
        said.append(
            wording.say("Training stopped early, at step {step} of {steps}.", step=record.steps, steps=record.planned)
        )
    kept = record.kept
    if kept is not None and kept.by == "best" and kept.value is not None:
        if kept.figure == LOSS:
            figure = wording.say("validation loss {loss}", loss=f"{kept.value:.4g}")
        else:
            figure = f"{wording.title(_metric(record))} {wording.value(_metric(record), kept.value)}"
        said.append(
            wording.say(
                "The weights are those of the best evaluation, at step {step}: {figure}.",
                step=kept.step,
                figure=escape(figure),
            )
        )
    return ("" if wording.language == "zh-TW" else " ").join(said)
