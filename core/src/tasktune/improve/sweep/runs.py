"""The trainings of a sweep: in a place of their own, judged on the validation rows and never on the test rows.

They lie in the task's folder under ``sweep/<start>``, where the start is a hash of what all of them begin with and of
what is searched. Nothing is lost when a sweep is interrupted or killed: a trial that has begun goes on from its newest
checkpoint. Of a finished training the answers and the score are kept, and the weights are not.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.scan import Scan
from tasktune.definition.sweep import Searched
from tasktune.definition.unsupported import refuse_unsupported
from tasktune.errors import InputError, TuneError
from tasktune.evaluation.predictions import FILE_NAME, parse_outputs, read_predictions
from tasktune.evaluation.score import metrics_of
from tasktune.improve.sweep.report import shown
from tasktune.improve.sweep.results import Repeat, Sweep, Trial
from tasktune.improve.sweep.space import own_setting, space_of, with_setting
from tasktune.improve.sweep.study import holds, importance, needs_optuna, open_study, running, suggest
from tasktune.locale import translate as _
from tasktune.pipeline.stages import begin, check
from tasktune.pipeline.start import data_hashes, start_of
from tasktune.training.launch import run_worker
from tasktune.workspace.events import Event, Events
from tasktune.workspace.files import read_json, write_json_atomically
from tasktune.workspace.versions import State, Version, locked

if TYPE_CHECKING:
    import optuna

    from tasktune.definition import Task

FOLDER = "sweep"
MOST_FAILURES = 3
"""Trials that fail before any other has ended: then it is not the setting that is at fault."""
_SHOWN = 12

OnEvent = Callable[[Event], None]


class Pruned(Exception):
    """A training is ended on the way: it does worse than half of the others did there."""


@dataclasses.dataclass(frozen=True)
class Ground:
    """What all trainings of a sweep share."""

    task: Task
    folder: Path
    hashes: Mapping[str, str]
    found: Scan
    on_event: OnEvent


def sweep(
    task: Task, *, trials: int | None = None, minutes: float | None = None, on_event: OnEvent = lambda event: None
) -> tuple[Sweep, Path]:
    """Try settings until the budget is used up, and the best one again with other seeds; return the folder as well.

    ``trials`` and ``minutes`` are by default those of the definition.

    :raises InputError: there is nothing to search or no validation row, Optuna is not installed, or the data have
        problems.
    :raises RunError: every training failed.
    :raises KeyboardInterrupt: interrupted; the same call goes on where this one stopped.
    """
    needs_optuna()
    refuse_unsupported(task)
    space = space_of(task)
    hashes = data_hashes(task)
    described = json.dumps({key: _plain(each) for key, each in space.items()}, sort_keys=True)
    start = hashlib.sha256((start_of(task, hashes).whole + described).encode()).hexdigest()
    found = check(task, on_event)
    if not found.rows["valid"]:
        raise InputError(
            _("there are no validation rows to judge settings by"), hint=_("set data.split.valid, or add a file")
        )
    folder = task.folder / FOLDER / start[:_SHOWN]
    ground = Ground(task, folder, hashes, found, on_event)
    budget = task.spec.sweep.trials if trials is None else trials
    limit = task.spec.sweep.minutes if minutes is None else minutes
    with locked(task.folder):
        study = open_study(folder / "study.jsonl", task.spec.training.seed)
        _try_out(study, space, ground, budget, None if limit is None else 60 * limit)
        return _result(study, space, ground), folder


def _try_out(
    study: optuna.Study, space: Mapping[str, Searched], ground: Ground, budget: int, seconds: float | None
) -> None:
    own = own_setting(ground.task, space)
    if not study.trials and all(holds(searched, own[key]) for key, searched in space.items()):
        study.enqueue_trial(own)
    while True:
        trial = running(study)
        done = [each for each in study.trials if each.state.is_finished()]
        if trial is None:
            spent = sum(each.user_attrs.get("seconds", 0.0) for each in done)
            if len(done) >= budget or (seconds is not None and spent >= seconds):
                return
            trial = study.ask()
        values = suggest(trial, space)
        setting = _(", ").join(f"{key} {shown(value)}" for key, value in values.items())
        text = _("trial {number} of {count}: {values}", number=trial.number + 1, count=budget, values=setting)
        Events(ground.on_event).message("train", text)
        _one(study, trial, values, ground)
        _raise_if_hopeless(study)


def _one(study: optuna.Study, trial: optuna.Trial, values: Mapping[str, Any], ground: Ground) -> None:
    """Bring a trial to its end, and tell the study of it."""
    from optuna.trial import TrialState

    version = Version(ground.folder / f"trial-{trial.number + 1}")
    started, before = time.monotonic(), trial.user_attrs.get("seconds", 0.0)
    value, state = None, TrialState.COMPLETE
    try:
        value = measure(ground, version, with_setting(ground.task, values), _listener(trial, ground.on_event))
    except Pruned:
        state = TrialState.PRUNED
    except TuneError as error:
        state = TrialState.FAIL
        why = "; ".join(filter(None, (error.message, *(problem.message for problem in error.problems))))
        trial.set_user_attr("why", why)
        Events(ground.on_event).message("train", why, "warning")
    finally:
        # Of an interrupted trial too: its time counts when it goes on.
        trial.set_user_attr("seconds", before + time.monotonic() - started)
    study.tell(trial.number, value, state=state)
    _let_go(version)


def measure(ground: Ground, version: Version, task: Task, on_event: OnEvent) -> float:
    """Train, answer the validation rows, and score them; what has been done is not done again."""
    kept = version.folder / "value.json"
    if kept.exists():
        return float(read_json(kept)["value"])
    refuse_unsupported(task)
    if version.state() is None:
        # No hash of what it is trained from: nobody's model is taken over.
        state = State(fingerprint=version.name, stages_done=("prepare",))
        begin(task, version, state, ground.hashes, ground.found, on_event)
    if not version.training.exists():
        run_worker("train", version, task, on_event)
    answers = version.evaluation_of("valid") / FILE_NAME
    if not answers.exists():
        run_worker("evaluate", version, task, on_event, split="valid")
    answered = ((each.record, each.output) for each in read_predictions(answers) if each.target is not None)
    value = metrics_of(task, list(parse_outputs(task, answered))).values[task.primary_metric]
    write_json_atomically(kept, {"value": value})
    return value


def _listener(trial: optuna.Trial, on_event: OnEvent) -> OnEvent:
    """Passes events on, and ends a training that does worse on validation rows than half of the others did there."""
    reported = -1

    def listen(event: Event) -> None:
        nonlocal reported
        on_event(event)
        if event.kind != "progress" or event.stage != "train" or not event.data["total"]:
            return
        loss, metric = (event.data.get(name) for name in ("eval_loss", "metric"))
        percent = 100 * event.data["done"] // event.data["total"]
        value = metric if metric is not None or loss is None else -loss
        if value is None or percent <= reported or percent >= 100:
            return
        reported = percent
        if percent not in trial.storage.get_trial(trial._trial_id).intermediate_values:
            trial.report(value, percent)
        if trial.should_prune():
            raise Pruned

    return listen


def _raise_if_hopeless(study: optuna.Study) -> None:
    from optuna.trial import TrialState

    ended = [trial for trial in study.trials if trial.state.is_finished()]
    if len(ended) >= MOST_FAILURES and all(trial.state == TrialState.FAIL for trial in ended):
        raise InputError(
            _("all {count} trials failed: {why}", count=len(ended), why=ended[-1].user_attrs.get("why", "")),
            hint=_("try the task with tune run first"),
        )


def _let_go(version: Version) -> None:
    for left in (version.adapter, version.model, version.checkpoints, version.prepared):
        shutil.rmtree(left, ignore_errors=True)


def _result(study: optuna.Study, space: Mapping[str, Searched], ground: Ground) -> Sweep:
    from optuna.trial import TrialState

    names = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    trials = tuple(
        Trial(
            number=each.number + 1,
            state=names[each.state],
            params=each.params,
            value=each.value if each.state == TrialState.COMPLETE else None,
            seconds=each.user_attrs.get("seconds", 0.0),
            why=each.user_attrs.get("why"),
        )
        for each in study.trials
        if each.state in names
    )
    complete = [each for each in trials if each.value is not None]
    told: dict[str, Any] = {}
    if complete:
        best = max(complete, key=lambda each: (each.value or 0.0, -each.number))
        own = own_setting(ground.task, space)
        changes = {key: value for key, value in best.params.items() if own[key] != value}
        told = {"best": best.number, "changes": changes}
        if changes:
            told["repeats"] = _repeats(ground, changes)
    return Sweep(
        task_name=ground.task.name,
        metric=ground.task.primary_metric,
        trials=trials,
        minutes=sum(each.seconds for each in trials) / 60,
        importance=importance(study, space),
        **told,
    )


def _repeats(ground: Ground, changes: Mapping[str, Any]) -> tuple[Repeat, ...]:
    """The best setting and the task's own, with seeds that had no part in choosing."""
    found = []
    first = ground.task.spec.training.seed + 1
    name = hashlib.sha256(json.dumps(dict(changes), sort_keys=True).encode()).hexdigest()[:_SHOWN]
    for seed in range(first, first + ground.task.spec.sweep.seeds):
        values = []
        own = _("the task's own setting again, with seed {seed}", seed=seed)
        best = _("the best setting again, with seed {seed}", seed=seed)
        for which, setting, text in (("own", {}, own), (f"best-{name}", changes, best)):
            version = Version(ground.folder / f"{which}-seed-{seed}")
            if not (version.folder / "value.json").exists():
                Events(ground.on_event).message("train", text)
            values.append(measure(ground, version, with_setting(ground.task, setting, seed), ground.on_event))
            _let_go(version)
        found.append(Repeat(seed=seed, own=values[0], best=values[1]))
    return tuple(found)


def _plain(searched: Searched) -> Any:
    return list(searched) if isinstance(searched, tuple) else searched.model_dump()
