"""What to do next with a task, in words, by how it stands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasktune.evaluation.score import Evaluation
from tasktune.locale import translate as _
from tasktune.workspace.pruning import plan
from tasktune.workspace.standing import known_verdict, objections
from tasktune.workspace.versions import Version, is_locked

if TYPE_CHECKING:
    from tasktune.definition import Task


def next_steps(
    task: Task, made: list[Version], adopted: str | None, evaluation: Evaluation | None, *, changed: bool
) -> Iterator[str]:
    """The next step, and what else is worth doing; ``evaluation`` is that of the version that counts, whose data may
    have ``changed`` since."""
    folder = shlex.quote(str(task.folder))
    if is_locked(task.folder):
        yield _("a run is at work; wait for its end")
        return
    if not made:
        if not any(path.is_file() for path in task.data_files("train")):
            yield _("bring in training rows, for example with tune data import {folder}", folder=folder)
        else:
            yield _("tune check {folder} looks at the data, tune run {folder} trains", folder=folder)
        return
    if not made[-1].has_done("evaluate"):
        yield _("{version} is not finished: tune run {folder} goes on", version=made[-1].name, folder=folder)
    candidate = _to_adopt(task, made, adopted)
    if candidate is not None:
        yield _(
            "{version} meets the target: tune adopt {folder} {version} takes it into use",
            version=candidate.name,
            folder=folder,
        )
    elif evaluation is not None:
        yield from _improve(task, adopted, evaluation, folder)
    if changed:
        yield _("the data have changed since: tune run {folder} trains the next version", folder=folder)
    keep = task.spec.versioning.retention
    if keep is not None and plan(task, keep, whole=False).names:
        yield _(
            "more versions than versioning.retention ({keep}) have weights: tune prune {folder} frees their space",
            keep=keep,
            folder=folder,
        )


def _to_adopt(task: Task, made: list[Version], adopted: str | None) -> Version | None:
    """The version with the best score among those that nothing speaks against, if it is better than the adopted one."""
    scores = {}
    for version in made:
        if version.name == adopted or not (version.pruned.exists() or any(objections(task, version))):
            verdict = known_verdict(task, version)
            scores[version.name] = (-1.0 if verdict is None else verdict.value, version)
    least = scores.pop(adopted, (-1.0, None))[0] if adopted is not None else -1.0
    # Of equal ones the newest.
    best = max(reversed(scores.values()), key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] > least else None


def _improve(task: Task, adopted: str | None, evaluation: Evaluation, folder: str) -> Iterator[str]:
    value = evaluation.metrics.values.get(task.primary_metric)
    if value is not None and value >= task.threshold:
        if adopted is not None:
            yield _(
                "the target is met and {version} is adopted: tune predict {folder} asks it",
                version=adopted,
                folder=folder,
            )
        return
    first = next((action for finding in evaluation.findings for action in finding.actions), None)
    if first is None:
        yield _("go through the mistakes in its report, improve the data, and train the next version with tune run")
    else:
        yield _("{action}, then train the next version with tune run", action=first.title)
