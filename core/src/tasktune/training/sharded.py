"""The trainer of a model that is split over the processes (:mod:`tasktune.training.sharding`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import torch

from tasktune.errors import RunError
from tasktune.training import processes
from tasktune.training.answers import AnswerMetric
from tasktune.training.batches import Batch
from tasktune.training.guarded import GuardedTrainer
from tasktune.training.sharding import Shards
from tasktune.training.shared_prefix import on

_SCHEDULER = "scheduler.pt"


class ShardedTrainer(GuardedTrainer):
    """Trains ``shards``. All processes pass through the model equally often: one without rows passes for nothing."""

    def __init__(self, *, shards: Shards, lengths: Sequence[int], **arguments: Any) -> None:
        super().__init__(lengths=lengths, **arguments)
        self._shards = shards
        self._shortest = int(numpy.argmin(lengths))

    def _wrap_model(self, _model: Any, training: bool = True, dataloader: Any = None) -> Any:
        """In the place of the wrapper that adds up whole gradients."""
        return self._shards

    def _token_losses(self, _model: Any, inputs: Batch) -> torch.Tensor:
        return super()._token_losses(self.model, inputs)

    def _without_rows(self) -> None:
        """The others need this process's shares, and it theirs: its gradient of some row, times nothing."""
        batch = on(self.args.device, self._way.collator([self.train_dataset[self._shortest]]))
        losses = self._token_losses(self.model, batch)
        if losses.requires_grad:
            self.accelerator.backward(losses.sum() * 0.0)

    def _add_up_gradients(self) -> None:
        """It has been done block by block, in the backward pass."""

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        if grad_norm is None:
            grad_norm = self.accelerator.clip_grad_norm_(model.parameters(), math.inf)
        return super()._get_grad_norm(model, grad_norm.full_tensor())

    def _metric(self, answers: AnswerMetric) -> float:
        # Each process generates other answers, of other lengths.
        with self._shards.gathered():
            return super()._metric(answers)

    def _stopped(self, step_rows: Sequence[int]) -> RunError:
        """Every process tries every row, for none can try one alone."""
        return super()._stopped(sorted(set(processes.gathered(list(step_rows)))))

    def _is_sound(self, position: int) -> bool:
        batch = on(self.args.device, self._way.collator([self.train_dataset[position]]))
        total, _told = self._objective.total(self._token_losses(self.model, batch), batch)
        self.accelerator.backward(total)
        figures = [total.detach(), *(weight.grad.to_local() for weight in self._trained if weight.grad is not None)]
        self._shards.zero_grad()
        return not processes.any_of(not all(bool(figure.isfinite().all()) for figure in figures))

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Nothing: the weights of a checkpoint are written with the optimizer's state."""

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        folder = Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        self._shards.save(folder, self.optimizer.optimizer)
        if self.args.should_save:
            torch.save(self.lr_scheduler.state_dict(), folder / _SCHEDULER)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        self._shards.load_weights(Path(resume_from_checkpoint))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            self._shards.load_optimizer(Path(checkpoint), self.optimizer.optimizer)
            self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint) / _SCHEDULER, weights_only=True))
