"""What watches a training: figures and hints for the user, sealed checkpoints, and the decision to stop or to keep."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tasktune.definition.monitor import MonitorSpec
from tasktune.errors import RunError
from tasktune.locale import translate as _
from tasktune.training import processes
from tasktune.training.best import Standing, Watched, standing
from tasktune.training.checkpoints import is_whole, seal
from tasktune.training.hints import Judge, hints
from tasktune.training.interruption import Interruption
from tasktune.training.record import Kept, TrainingRecord
from tasktune.workspace.events import Events


class Reporter(TrainerCallback):  # type: ignore[misc]
    """Writes progress events and hints, seals checkpoints, and stops at the end of a step when asked to."""

    _SECONDS_BETWEEN_EVENTS = 0.5
    _FIGURES = ("loss", "grad_norm", "learning_rate", "eval_loss")

    def __init__(
        self, events: Events, interruption: Interruption, tokens_per_step: float, metric: str | None = None
    ) -> None:
        self._events = events
        self._interruption = interruption
        self._tokens_per_step = tokens_per_step
        self._metric = metric
        self._figures: dict[str, float] = {}
        self._judge: Judge | None = None
        self._first_step = 0
        self._started = self._last_event = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_keywords: Any
    ) -> None:
        self._first_step = state.global_step
        self._started = time.monotonic()
        self._judge = Judge(state.max_steps, args.max_grad_norm)
        for entry in state.log_history:
            # What a resumed run has said before.
            self._judge.hear(entry)
            self._take(entry)

    def on_log(
        self,
        _args: TrainingArguments,
        state: TrainerState,
        _control: TrainerControl,
        logs: dict[str, float],
        **_keywords: Any,
    ) -> None:
        self._take(logs)
        assert self._judge is not None
        for hint in self._judge.hear({**logs, "step": state.global_step}):
            self._events.message("train", hint.words(), "warning")

    def on_evaluate(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_keywords: Any
    ) -> None:
        self._tell_if_due(state)

    def on_step_end(
        self, _args: TrainingArguments, state: TrainerState, control: TrainerControl, **_keywords: Any
    ) -> None:
        self._tell_if_due(state)
        # A process that went on alone would wait for the others for ever.
        if processes.any_of(self._interruption.requested):
            self._interruption.requested = True
            control.should_save = True
            control.should_training_stop = True

    def on_save(self, args: TrainingArguments, state: TrainerState, *_rest: Any, **_keywords: Any) -> None:
        # Each process writes the state of its random numbers into it.
        processes.wait_for_all()
        if processes.is_first():
            seal(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    def _take(self, figures: Any) -> None:
        self._figures |= {name: figures[name] for name in self._FIGURES if name in figures}
        if self._metric is not None and f"eval_{self._metric}" in figures:
            self._figures["metric"] = figures[f"eval_{self._metric}"]

    def _tell_if_due(self, state: TrainerState) -> None:
        now = time.monotonic()
        if now - self._last_event <= self._SECONDS_BETWEEN_EVENTS and state.global_step < state.max_steps:
            return
        self._last_event = now
        steps = state.global_step - self._first_step
        rate = steps / max(now - self._started, 1e-9)
        self._events.progress(
            "train",
            done=state.global_step,
            total=state.max_steps,
            unit="step",
            loss=self._figures.get("loss"),
            eval_loss=self._figures.get("eval_loss"),
            metric=self._figures.get("metric"),
            metric_name=self._metric,
            grad_norm=self._figures.get("grad_norm"),
            learning_rate=self._figures.get("learning_rate"),
            epoch=state.epoch,
            tokens_per_second=round(rate * self._tokens_per_step),
            seconds_left=round((state.max_steps - state.global_step) / rate, 1) if rate else None,
        )


class Chooser(TrainerCallback):  # type: ignore[misc]
    """Keeps the checkpoint of the best evaluation from being deleted, and stops when ``patience`` is out.

    What it goes by is in the run's log, which checkpoints hold: it remembers nothing itself.
    """

    def __init__(self, events: Events, watched: Watched, *, keeps_best: bool, patience: int | None) -> None:
        self._events = events
        self._watched = watched
        self._keeps_best = keeps_best
        self._patience = patience

    def on_evaluate(
        self, _args: TrainingArguments, state: TrainerState, control: TrainerControl, **_keywords: Any
    ) -> None:
        now = standing(state.log_history, self._watched)
        if now is None:
            return
        if self._keeps_best and now.step == state.global_step:
            # The library deletes old checkpoints, but not this one.
            state.best_global_step = now.step
            control.should_save = True
        if out_of_patience(now, self._patience):
            control.should_training_stop = True
            text = _(
                "stopped at step {step}: {count} evaluations in a row were no better than that of step {best}",
                step=state.global_step,
                count=now.since,
                best=now.step,
            )
            self._events.message("train", text)


def out_of_patience(now: Standing | None, patience: int | None) -> bool:
    """Whether so many evaluations have been no better than the best that training stops."""
    return now is not None and patience is not None and now.since >= patience


def ended_at(checkpoint: Path | None, steps: int, watched: Watched, patience: int | None) -> TrainerState | None:
    """The state in a checkpoint that a run of so many steps ended with, killed before it could say so; else None."""
    if checkpoint is None:
        return None
    state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    over = state.global_step >= steps or out_of_patience(standing(state.log_history, watched), patience)
    return state if over else None


def best_checkpoint(state: TrainerState, watched: Watched, checkpoints: Path) -> Path | None:
    """The checkpoint with the weights of the best evaluation; None if they are the weights that there are.

    :raises RunError: it is damaged.
    """
    best = standing(state.log_history, watched)
    if best is None or best.step == state.global_step:
        return None
    checkpoint = checkpoints / f"checkpoint-{best.step}"
    if not is_whole(checkpoint):
        raise RunError(
            _("the checkpoint of the best evaluation is damaged: {folder}", folder=checkpoint),
            hint=_("remove {folder} to train from the beginning", folder=checkpoints),
        )
    return checkpoint


def record_of(
    state: TrainerState, planned: int, watched: Watched, monitor: MonitorSpec, limit: float
) -> TrainingRecord:
    """What is kept of a training that ended in ``state``; ``limit`` is its ``max_grad_norm``."""
    best = standing(state.log_history, watched) if monitor.keeps_best else None
    kept = Kept(step=state.global_step)
    if best is not None:
        kept = Kept(step=best.step, by="best", figure=watched.name, value=best.value)
    history = [entry for entry in state.log_history if "loss" in entry or "eval_loss" in entry]
    return TrainingRecord(
        steps=state.global_step,
        history=tuple(history),
        planned=planned,
        watched=watched.name,
        kept=kept,
        hints=hints(history, planned, limit),
    )
