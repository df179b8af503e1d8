"""The trainer over our own ids, masks and losses, and the callback that reports and stops it."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tasktune.training.batches import Batch, LengthAwareSampler
from tasktune.training.checkpoints import seal
from tasktune.training.interruption import Interruption
from tasktune.training.objectives import Objective, Sft
from tasktune.training.shared_prefix import Way
from tasktune.workspace.events import EventLog


class TaskTrainer(Trainer):  # type: ignore[misc]
    """transformers' trainer on rows that are encoded already, with an objective over the losses of their tokens.

    ``way`` lays out batches and computes those losses. The loss of a step is that of all its rows at once, however
    accumulation cuts them up. The validation loss is the mean over the tokens of right answers, whatever
    the objective.
    """

    def __init__(
        self,
        *,
        way: Way,
        objective: Objective,
        lengths: Sequence[int],
        groups: Sequence[str] | None,
        **arguments: Any,
    ) -> None:
        super().__init__(data_collator=way.collator, **arguments)
        self._way = way
        self._objective = objective
        self._lengths, self._groups = lengths, groups
        self._told: defaultdict[str, float] = defaultdict(float)
        self._told_of = 0.0

    def compute_loss(
        self, model: Any, inputs: Batch, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The objective's total over the size of the step."""
        size = self._objective.size(inputs)
        total, told = self._objective.total(self._token_losses(model, inputs), inputs)
        for name, value in told.items():
            self._told[name] += value.item()
            self._told_of += size.item() / len(told)
        loss = total / (size if num_items_in_batch is None else num_items_in_batch)
        return (loss, {}) if return_outputs else loss

    def prediction_step(self, model: Any, inputs: Any, *_arguments: Any, **_keywords: Any) -> Any:
        """The evaluation loss of one batch."""
        inputs = self._prepare_inputs(inputs)
        objective = Sft()
        with torch.no_grad():
            total, _told = objective.total(self._token_losses(model, inputs), inputs)
        return (total / objective.size(inputs)).detach(), None, None

    def log(self, logs: dict[str, float], *arguments: Any, **keywords: Any) -> None:
        """Add what the objective tells of the steps since the last time."""
        if self._told and "loss" in logs:
            logs = {**logs, **{name: round(value / self._told_of, 4) for name, value in self._told.items()}}
            self._told.clear()
            self._told_of = 0.0
        super().log(logs, *arguments, **keywords)

    def _token_losses(self, model: Any, inputs: Batch) -> torch.Tensor:
        model = self.accelerator.unwrap_model(model)
        causal_lm = model.get_base_model() if hasattr(model, "get_base_model") else model
        # The library computes in bf16 inside the wrapped forward, which these losses go past.
        with self.accelerator.autocast():
            return self._way(causal_lm, inputs)

    def _get_num_items_in_batch(self, batch_samples: list[Batch], device: torch.device) -> torch.Tensor | None:
        """What the totals of a step's batches are divided by."""
        if not batch_samples:
            return None
        return torch.stack([self._objective.size(batch) for batch in batch_samples]).sum().to(device)

    def _get_train_sampler(self, _dataset: Any = None) -> LengthAwareSampler:
        return LengthAwareSampler(self._lengths, self.args.train_batch_size, self.args.seed, self._groups)


class Reporter(TrainerCallback):  # type: ignore[misc]
    """Writes progress events, seals checkpoints, and stops at the end of a step when asked to."""

    _SECONDS_BETWEEN_EVENTS = 0.5

    def __init__(self, events: EventLog, interruption: Interruption, tokens_per_step: float) -> None:
        self._events = events
        self._interruption = interruption
        self._tokens_per_step = tokens_per_step
        self._loss: float | None = None
        self.diverged_at: int | None = None
        self._first_step = 0
        self._started = self._last_event = 0.0

    def on_train_begin(self, _args: TrainingArguments, state: TrainerState, *_rest: Any, **_keywords: Any) -> None:
        self._first_step = state.global_step
        self._started = time.monotonic()

    def on_log(
        self,
        _args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float],
        **_keywords: Any,
    ) -> None:
        self._loss = logs.get("loss", self._loss)
        if self._loss is not None and not math.isfinite(self._loss):
            self.diverged_at = state.global_step
            control.should_training_stop = True

    def on_step_end(
        self, _args: TrainingArguments, state: TrainerState, control: TrainerControl, **_keywords: Any
    ) -> None:
        now = time.monotonic()
        if now - self._last_event > self._SECONDS_BETWEEN_EVENTS or state.global_step == state.max_steps:
            self._last_event = now
            rate = (state.global_step - self._first_step) / max(now - self._started, 1e-9)
            self._events.progress(
                "train",
                done=state.global_step,
                total=state.max_steps,
                unit="step",
                loss=self._loss,
                epoch=state.epoch,
                tokens_per_second=round(rate * self._tokens_per_step),
                seconds_left=round((state.max_steps - state.global_step) / rate, 1),
            )
        if self._interruption.requested:
            control.should_save = True
            control.should_training_stop = True

    def on_save(self, args: TrainingArguments, state: TrainerState, *_rest: Any, **_keywords: Any) -> None:
        seal(Path(args.output_dir) / f"checkpoint-{state.global_step}")
