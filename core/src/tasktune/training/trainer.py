"""TRL's SFT trainer over our own ids, masks and loss, and the callback that reports and stops it."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl import SFTTrainer

from tasktune.training.batches import LengthAwareSampler
from tasktune.training.checkpoints import seal
from tasktune.training.interruption import Interruption
from tasktune.training.shared_prefix import SummedLoss
from tasktune.workspace.events import EventLog


class TaskTrainer(SFTTrainer):  # type: ignore[misc]
    """SFT on rows that are encoded already, with a loss that may compute their common prefix once.

    ``prefix`` are the tokens that the collator leaves out of every row; ``summed_loss`` puts them back
    (:mod:`tasktune.training.shared_prefix`). The loss of a step is the mean over all labelled tokens in it, gradient
    accumulation included.
    """

    def __init__(self, *, prefix: list[int], summed_loss: SummedLoss, lengths: list[int], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._prefix = torch.tensor(prefix, dtype=torch.long, device=self.args.device)
        self._summed_loss = summed_loss
        self._lengths = lengths
        # Makes the trainer count the labelled tokens of a whole accumulated step and hand them to compute_loss.
        self.model_accepts_loss_kwargs = True

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The summed loss over the labelled tokens of the step (or, in evaluation, of the batch)."""
        model = self.accelerator.unwrap_model(model)
        causal_lm = model.get_base_model() if hasattr(model, "get_base_model") else model
        labelled = num_items_in_batch if num_items_in_batch is not None else (inputs["labels"] != -100).sum()
        # The library computes in bf16 inside the wrapped forward, which the shared prefix goes past.
        with self.accelerator.autocast():
            loss = self._summed_loss(causal_lm, self._prefix, inputs) / labelled
        return (loss, {}) if return_outputs else loss

    def prediction_step(self, model: Any, inputs: Any, *_arguments: Any, **_keywords: Any) -> Any:
        """The evaluation loss of one batch."""
        with torch.no_grad(), self.compute_loss_context_manager():
            loss = self.compute_loss(model, self._prepare_inputs(inputs))
        return loss.detach(), None, None

    def _get_train_sampler(self, _dataset: Any = None) -> LengthAwareSampler:
        return LengthAwareSampler(self._lengths, self.args.train_batch_size, self.args.seed)


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
