"""Optuna's part of a sweep: which setting comes next, and whether a training is worth going on with.

The study lies in ``study.jsonl``, Optuna's journal: one line for each thing that happened, so that what a kill leaves
is all but the last of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tasktune.definition.sweep import Searched, Span
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    import optuna

FIRST_UNPRUNED, FIRST_PERCENT = 5, 30
"""Trials that are never ended early, and percent of its steps that each other one may make in any case."""
FEWEST_FOR_IMPORTANCE = 8
"""Complete trials from which something is told of importance."""


class _Held:
    """The task's lock is held already, and unlike a lock file it goes with the process that holds it."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def needs_optuna() -> None:
    """:raises InputError: Optuna is not installed."""
    if find_spec("optuna") is None:
        raise InputError(_("tune sweep needs Optuna, which is not installed"), hint=_("pip install 'tasktune[sweep]'"))


def open_study(path: Path, seed: int) -> optuna.Study:
    """The study in a file, which is made where it is not there. One process has it open at a time."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    _drop_torn_line(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(path), lock_obj=cast("Any", _Held())))
    study = optuna.create_study(
        storage=storage,
        study_name="sweep",
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=FIRST_UNPRUNED, n_warmup_steps=FIRST_PERCENT),
    )
    # The same seed again would draw what has been drawn before.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    return study


def suggest(trial: optuna.Trial, space: Mapping[str, Searched]) -> dict[str, Any]:
    """The trial's value for each key; one that was suggested before stays as it is."""
    found: dict[str, Any] = {}
    for key, searched in space.items():
        if not isinstance(searched, Span):
            found[key] = trial.suggest_categorical(key, list(searched))
        elif searched.is_whole:
            step = 1 if searched.step is None else int(searched.step)
            found[key] = trial.suggest_int(key, int(searched.low), int(searched.high), step=step, log=searched.log)
        else:
            low, high = float(searched.low), float(searched.high)
            step_size = None if searched.step is None else float(searched.step)
            found[key] = trial.suggest_float(key, low, high, step=step_size, log=searched.log)
    return found


def holds(searched: Searched, value: Any) -> bool:
    """Whether a value is one that is tried."""
    if not isinstance(searched, Span):
        return any(each == value and type(each) is type(value) for each in searched)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not searched.low <= value <= searched.high:
        return False
    steps = 0.0 if searched.step is None else (value - searched.low) / searched.step
    return abs(steps - round(steps)) < 1e-9 and (not searched.is_whole or value == int(value))


def running(study: optuna.Study) -> optuna.Trial | None:
    """The trial that was not brought to its end."""
    import optuna

    for frozen in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        return optuna.Trial(study, frozen._trial_id)
    return None


def importance(study: optuna.Study, space: Mapping[str, Searched]) -> dict[str, float]:
    """The share of each key in what sets the better trials apart (PED-ANOVA, Watanabe et al. 2023), largest first."""
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    values = {trial.value for trial in complete}
    if len(complete) < FEWEST_FOR_IMPORTANCE or len(values) < 2 or len(space) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), params=list(space))
    return {key: float(share) for key, share in found.items()}


def _drop_torn_line(path: Path) -> None:
    """Take away a last line that kill -9 has torn."""
    if path.exists():
        with path.open("r+b") as file:
            whole = file.read()
            file.truncate(whole.rfind(b"\n") + 1)
