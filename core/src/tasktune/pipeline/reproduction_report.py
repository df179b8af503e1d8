"""A reproduction in words: ``reproduction.md`` and ``reproduction.json`` beside its report, and the table in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.evaluation.markdown import escape, plain, table
from tasktune.evaluation.wording import NOTHING, Wording
from tasktune.locale import nearest_language
from tasktune.pipeline.comparison import CurvePair, MetricPair, Reproduction
from tasktune.workspace.files import write_text_atomically
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task

MARKDOWN, JSON = "reproduction.md", "reproduction.json"
_SHOWN = 12
Row = tuple[str, str, str, str]


def write_reproduction(task: Task, again: Version, found: Reproduction) -> Path:
    """Write both files in the reproduction's ``evaluation/``, in the task's language; return the Markdown's path."""
    wording = Wording(nearest_language(task.spec.language), task.plugin.info.metrics)
    write_text_atomically(again.evaluation / JSON, found.model_dump_json(indent=2) + "\n")
    path = again.evaluation / MARKDOWN
    write_text_atomically(path, render(found, wording))
    return path


def render(found: Reproduction, wording: Wording) -> str:
    """The whole comparison as Markdown."""
    blocks = [
        "# " + wording.say("Reproduction of {version}", version=escape(found.version)),
        f"{found.date}: {verdict(found, wording)}",
        table(header(found, wording), [[escape(cell) for cell in row] for row in rows(found, wording)]),
    ]
    if found.predictions.record_ids:
        blocks.append("## " + wording.say("Rows with another answer"))
        more = found.predictions.different - len(found.predictions.record_ids)
        ids = [f"- {escape(name)}" for name in found.predictions.record_ids]
        blocks.append("\n".join(ids + [f"- {wording.say('… and {more} more', more=more)}"] * (more > 0)))
    blocks.append("## " + wording.say("Environment"))
    if found.environment:
        titles = [wording.say("what"), wording.say("then"), wording.say("now")]
        cells = [[wording.say(each.name), each.then, each.now] for each in found.environment]
        blocks.append(table(titles, [[escape(cell) for cell in row] for row in cells]))
    else:
        blocks.append(wording.say("as it was"))
    return "\n\n".join(blocks) + "\n"


def verdict(found: Reproduction, wording: Wording) -> str:
    """In a sentence whether the version was reproduced, and how exactly."""
    if found.level == "identical":
        return wording.say(
            "{version} is reproduced bit for bit: weights, answers and metrics are the same", version=found.version
        )
    if found.level == "equal":
        return wording.say(
            "{version} is reproduced: answers and metrics are the same, the weights are not", version=found.version
        )
    return wording.say("{version} is not reproduced", version=found.version)


def header(found: Reproduction, wording: Wording) -> Row:
    """The titles of :func:`rows`."""
    return wording.say("what"), found.version, wording.say("made again"), wording.say("result")


def rows(found: Reproduction, wording: Wording) -> Iterator[Row]:
    """What was compared: of the version, of its reproduction, and what came of it."""
    changed = [split for split, same in found.rows.items() if not same]
    yield (
        wording.say("prepared rows"),
        NOTHING,
        NOTHING,
        wording.say("different: {what}", what=wording.list(changed)) if changed else wording.say("the same"),
    )
    for file in dict.fromkeys([*found.weights, *found.weights_now]):
        then, now = found.weights.get(file), found.weights_now.get(file)
        yield file, _short(then), _short(now), _same(then == now, wording)
    yield wording.say("training loss"), NOTHING, NOTHING, _curve(found.loss, wording)
    if found.evaluation_loss.steps or found.evaluation_loss.unmatched:
        yield wording.say("evaluation loss"), NOTHING, NOTHING, _curve(found.evaluation_loss, wording)
    for metric in found.metrics:
        yield (
            plain(wording.title(metric.name)),
            _value(metric.name, metric.then, wording),
            _value(metric.name, metric.now, wording),
            _metric(metric, wording),
        )
    answers = found.predictions
    yield (
        wording.say("answers"),
        NOTHING,
        NOTHING,
        wording.say("{different} of {rows} differ", different=answers.different, rows=answers.rows)
        if answers.different
        else wording.say("all {rows} the same", rows=answers.rows),
    )


def _curve(pair: CurvePair, wording: Wording) -> str:
    if pair.largest is None:
        return wording.say("no step in common")
    if pair.unmatched:
        return wording.say(
            "differs by {largest} at most, at step {step}; {unmatched} steps have no counterpart",
            largest=f"{pair.largest:.3g}",
            step=pair.at_step,
            unmatched=pair.unmatched,
        )
    if pair.largest == 0:
        return wording.say("the same at every step ({steps})", steps=pair.steps)
    return wording.say("differs by {largest} at most, at step {step}", largest=f"{pair.largest:.3g}", step=pair.at_step)


def _metric(metric: MetricPair, wording: Wording) -> str:
    if metric.difference is None or metric.difference == 0:
        return _same(metric.then == metric.now, wording)
    return wording.say("differs by {difference}", difference=f"{metric.difference:+.4g}")


def _value(name: str, value: float | None, wording: Wording) -> str:
    return NOTHING if value is None else wording.value(name, value)


def _same(same: bool, wording: Wording) -> str:
    return wording.say("the same") if same else wording.say("different")


def _short(digest: str | None) -> str:
    return NOTHING if digest is None else f"{digest[:_SHOWN]}…"
