"""How a version stands: the verdict on it by the task's criteria of today, and what speaks against adopting it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from tasktune.errors import InputError
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.outputs import read_evaluation
from tasktune.evaluation.wording import Wording
from tasktune.locale import current_language
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task

Code = Literal["failed", "unfinished", "unmeasured", "unmet"]
STAGES = ("prepare", "train", "evaluate")


class Objection(Value):
    """One thing that speaks against adopting a version, by name and in words."""

    code: Code
    text: str


def verdict_of(task: Task, version: Version) -> Verdict | None:
    """The verdict on an evaluated version by today's criteria; None when their metric was not measured then.

    :raises InputError: the evaluation is not there, or damaged.
    """
    values = read_evaluation(version).metrics.values
    metric = task.primary_metric
    return Verdict.on(metric, values[metric], task.threshold) if metric in values else None


def known_verdict(task: Task, version: Version) -> Verdict | None:
    """The verdict on a version if there is one to be had: not on one that is not evaluated, or damaged."""
    try:
        return verdict_of(task, version) if version.has_done("evaluate") else None
    except InputError:
        return None


def newest_evaluated(made: Iterable[Version]) -> Version | None:
    """The last of the versions that is evaluated."""
    return next((each for each in reversed(list(made)) if each.has_done("evaluate")), None)


def objections(task: Task, version: Version) -> Iterator[Objection]:
    """What speaks against adopting a version."""
    state = version.state()
    done = () if state is None else state.stages_done
    if state is None or not state.finished:
        left = ", ".join(stage for stage in STAGES if stage not in done) or STAGES[-1]
        if version.failure.exists():
            yield Objection(code="failed", text=_("its run failed; still to do: {stages}", stages=left))
        else:
            yield Objection(code="unfinished", text=_("it is not finished; still to do: {stages}", stages=left))
    if "evaluate" not in done:
        return
    wording = Wording(current_language(), task.plugin.info.metrics)
    metric = wording.title(task.primary_metric)
    try:
        verdict = verdict_of(task, version)
    except InputError as error:
        yield Objection(code="unmeasured", text=error.message)
        return
    if verdict is None:
        yield Objection(code="unmeasured", text=_("{metric} was not measured in it", metric=metric))
    elif not verdict.met:
        text = _(
            "{metric} {value}, target {target}, {gap} short",
            metric=metric,
            value=wording.judged(verdict),
            target=wording.target(verdict),
            gap=wording.gap(verdict),
        )
        yield Objection(code="unmet", text=text)
