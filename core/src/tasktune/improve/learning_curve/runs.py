"""The trainings of a learning curve: versions in a place of their own, which nobody adopts, prunes or starts from.

They lie in the task's folder under ``curve/<start>``, where the start is a hash of what all of them begin with, so that
the same command goes on where it stopped and another definition or other data begin a curve of their own. Of a
finished training the answers and the scores are kept, and the weights are not.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.rows import count_rows, read_chat_rows
from tasktune.definition.snapshot import dump_task
from tasktune.definition.unsupported import refuse_unsupported
from tasktune.errors import InputError
from tasktune.evaluation.outputs import read_evaluation
from tasktune.improve.learning_curve.subsets import growing_order, sizes_of
from tasktune.improve.learning_curve.verdict import LearningCurve, Point, judge, sizes
from tasktune.locale import translate as _
from tasktune.pipeline.stages import STAGES, begin, check, go_through
from tasktune.pipeline.start import data_hashes, start_of
from tasktune.training.tokens import trained_rows
from tasktune.workspace.events import Event, Events
from tasktune.workspace.files import open_atomically, write_text_atomically
from tasktune.workspace.versions import State, Version, locked

if TYPE_CHECKING:
    from tasktune.definition import Task

FOLDER = "curve"
FEWEST_ROWS = 40
"""Of fewer training rows the parts are too small to train on."""
_SHOWN = 12


def learning_curve(
    task: Task,
    fractions: Sequence[float],
    seeds: int,
    target: float | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> tuple[LearningCurve, Path]:
    """Train on growing parts of the training rows, each with several seeds, and judge; return the folder as well.

    The seeds are ``training.seed`` and those after it. ``target`` is by default the task's threshold.

    :raises InputError: the definition or the data have problems, or there are too few training rows.
    :raises RunError: a training failed; the same call goes on where it stopped.
    :raises KeyboardInterrupt: interrupted; likewise.
    """
    refuse_unsupported(task)
    hashes = data_hashes(task)
    start = start_of(task, hashes).whole
    folder = task.folder / FOLDER / start[:_SHOWN]
    whole = Version(folder / "rows")
    found = check(task, on_event) if whole.state() is None else None
    spec = task.spec.training
    used = tuple(range(spec.seed, spec.seed + seeds))
    with locked(task.folder):
        if whole.state() is None:
            begin(task, whole, State(fingerprint=start), hashes, found or check(task, on_event), on_event)
        rows = count_rows(_trained(whole, task))
        if rows < FEWEST_ROWS:
            shutil.rmtree(folder)
            raise InputError(
                _("{rows} training rows are too few for a learning curve", rows=rows),
                hint=_("label {rows} or more", rows=FEWEST_ROWS),
            )
        wanted = [(size, seed) for size in sizes_of(rows, fractions) for seed in used]
        points = []
        for number, (size, seed) in enumerate(wanted, start=1):
            version = Version(folder / f"rows-{size}-seed-{seed}")
            if not _finished(version):
                text = _(
                    "training {number} of {count}: {rows} of {all} rows, seed {seed}",
                    number=number,
                    count=len(wanted),
                    rows=f"{size:,}",
                    all=f"{rows:,}",
                    seed=seed,
                )
                Events(on_event).message("train", text)
                _run(task, whole, version, size, seed, on_event)
            for left in (version.adapter, version.model, version.checkpoints, version.prepared):
                shutil.rmtree(left, ignore_errors=True)
            points.append(_point(task, version, size, seed))
    aim = task.threshold if target is None else target
    forecast, verdict = judge(points, aim, seed=spec.seed)
    curve = LearningCurve(
        task_name=task.name,
        metric=task.primary_metric,
        target=aim,
        rows=rows,
        seeds=used,
        fixed_steps=spec.max_steps,
        points=tuple(points),
        sizes=sizes(points),
        forecast=forecast,
        verdict=verdict,
    )
    return curve, folder


def _run(task: Task, whole: Version, version: Version, size: int, seed: int, on_event: Callable[[Event], None]) -> None:
    """Bring one training to its end."""
    training = task.spec.training.model_copy(update={"seed": seed})
    seeded = dataclasses.replace(task, spec=task.spec.model_copy(update={"training": training}))
    if version.state() is None:
        _begin(seeded, whole, version, size, seed)
    go_through(seeded, version, STAGES, on_event, resumed=False)


def _begin(task: Task, whole: Version, version: Version, size: int, seed: int) -> None:
    """Give a training its rows: all that it is validated and tested on, and a part of those that it learns from."""
    shutil.rmtree(version.folder, ignore_errors=True)
    version.prepared.mkdir(parents=True)
    learnt = _trained(whole, task)
    for path in whole.prepared.iterdir():
        if path != learnt:
            shutil.copy2(path, version.prepared / path.name)
    order = growing_order([tuple(sorted(set(row["classes"]))) for row in read_chat_rows(learnt)], seed)
    chosen = set(order[:size])
    with learnt.open(encoding="utf-8") as lines, open_atomically(version.prepared / learnt.name) as file:
        file.writelines(line for place, line in enumerate(lines) if place in chosen)
    write_text_atomically(version.definition, dump_task(task))
    shutil.copy2(whole.provenance, version.provenance)
    # Last, so half a start counts for nothing. No hash of what it is trained from: nobody's model is taken over.
    version.set_state(State(fingerprint=version.name, stages_done=("prepare",)))


def _point(task: Task, version: Version, size: int, seed: int) -> Point:
    evaluation = read_evaluation(version)
    score = evaluation.metrics.values[task.primary_metric]
    within = evaluation.intervals.values.get(task.primary_metric) if evaluation.intervals is not None else None
    low, high = (score, score) if within is None else (within.low, within.high)
    return Point(rows=size, seed=seed, score=score, low=low, high=high)


def _finished(version: Version) -> bool:
    state = version.state()
    return state is not None and state.finished


def _trained(version: Version, task: Task) -> Path:
    return trained_rows(version.prepared, pairs=task.spec.training.learns_preference)
