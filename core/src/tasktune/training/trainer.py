"""The trainer over our own ids, masks and losses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import Trainer
from transformers.trainer_utils import EvalLoopOutput

from tasktune.training import processes
from tasktune.training.at_once import AtOnce
from tasktune.training.batches import Batch
from tasktune.training.objectives import Objective, Sft
from tasktune.training.shared_prefix import Way
from tasktune.training.steps import BATCHES_PER_POOL, Cut, LengthAwareSampler, Loader, Steps


class TaskTrainer(Trainer):  # type: ignore[misc]
    """transformers' trainer on rows that are encoded already, with an objective over the losses of their tokens.

    ``way`` lays out batches and computes those losses; ``lengths``, ``groups`` and ``beginnings`` say which rows meet
    in a step, and ``at_once`` how many of them are computed at a time. What the library takes for a batch is a whole
    step. The loss of a step is that of all its rows at once, however batches and processes cut them up. The validation
    loss is the mean over the tokens of right answers, whatever the objective.

    The losses go past the wrapper in which the library adds up the gradients of several processes: that is done here.
    """

    def __init__(
        self,
        *,
        way: Way,
        objective: Objective,
        lengths: Sequence[int],
        groups: Sequence[str] | None,
        beginnings: Sequence[int] | None,
        rows_per_step: int,
        at_once: AtOnce,
        **arguments: Any,
    ) -> None:
        super().__init__(data_collator=way.collator, **arguments)
        # Else the loss, which is divided by the size of the step already, is divided by the accumulation as well.
        self.model_accepts_loss_kwargs = True
        self._way = way
        self._objective = objective
        self._sampler = LengthAwareSampler(lengths, rows_per_step, self.args.seed, groups, beginnings)
        self._cut = Cut(way.collator, at_once, self.args.process_index, self.args.world_size)
        self._told = dict.fromkeys(objective.figures, 0.0)
        self._told_of = 0.0
        self._trained = [weight for weight in self.model.parameters() if weight.requires_grad]

    def get_train_dataloader(self) -> Loader:
        """The steps, each as the batches of it that this process computes."""
        return Loader(self.train_dataset, batch_sampler=Steps(self._sampler), collate_fn=self._cut)

    def training_step(self, model: Any, inputs: Sequence[Batch], num_items_in_batch: Any = None) -> torch.Tensor:
        """Add up the gradients of a step's batches, and after the last one those of all processes.

        Returns what has the loss as its mean over processes, as the library's log takes it.
        """
        loss: torch.Tensor = torch.zeros((), device=self.args.device)
        for batch in inputs:
            if batch:
                loss += super().training_step(model, batch, num_items_in_batch)
            else:
                self._without_rows()
        if self.args.world_size > 1:
            self._add_up_gradients()
        return loss.mul_(self.args.world_size)

    def floating_point_ops(self, inputs: Any) -> int:
        """Nobody reads them, and the library would look for a step's tokens where they are not."""
        return 0

    def _without_rows(self) -> None:
        """What a process does while others compute a batch of which it has no rows: nothing."""

    def _add_up_gradients(self) -> None:
        """Give the gradients of a step that are one process's to all."""
        for weight in self._trained:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        processes.add_up([weight.grad for weight in self._trained])

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

    def evaluation_loop(self, *_arguments: Any, metric_key_prefix: str = "eval", **_keywords: Any) -> EvalLoopOutput:
        """The validation loss: the mean over all tokens of all answers."""
        rows, objective = self.eval_dataset, Sft()
        pool = self._sampler.batch_size * BATCHES_PER_POOL
        sums = torch.zeros(2, dtype=torch.float64, device="cpu")
        self.model.eval()
        with torch.no_grad():
            for start in range(0, len(rows), pool):
                some = [rows[row] for row in range(start, min(start + pool, len(rows)))]
                for batch in self._cut(sorted(some, key=self._way.collator.tokens)):
                    if not batch:
                        self._without_rows()
                        continue
                    batch = self._prepare_inputs(batch)
                    total, _told = objective.total(self._token_losses(self.model, batch), batch)
                    sums += torch.stack([total, objective.size(batch)]).to(sums)
        processes.add_up([sums])
        metrics = {f"{metric_key_prefix}_loss": (sums[0] / sums[1]).item()}
        return EvalLoopOutput(predictions=None, label_ids=None, metrics=metrics, num_samples=len(rows))

    def log(self, logs: dict[str, float], *arguments: Any, **keywords: Any) -> None:
        """Add what the objective tells of the steps since the last time."""
        if self._told and "loss" in logs:
            sums = torch.tensor([self._told_of, *self._told.values()], dtype=torch.float64)
            processes.add_up([sums])
            size, *told = sums.tolist()
            logs = {**logs, **{name: round(value / size, 4) for name, value in zip(self._told, told, strict=True)}}
            self._told = dict.fromkeys(self._told, 0.0)
            self._told_of = 0.0
        super().log(logs, *arguments, **keywords)

    def _token_losses(self, model: Any, inputs: Batch) -> torch.Tensor:
        model = self.accelerator.unwrap_model(model)
        causal_lm = model.get_base_model() if hasattr(model, "get_base_model") else model
        # The library computes in bf16 inside the wrapped forward, which these losses go past.
        with self.accelerator.autocast():
            return self._way(causal_lm, inputs)

    def get_batch_samples(
        self, epoch_iterator: Iterator[Sequence[Batch]], num_batches: int, device: torch.device
    ) -> tuple[list[Sequence[Batch]], torch.Tensor | None]:
        """A step and its size. In the parent's place unsloth puts one that counts labels."""
        steps = list(itertools.islice(epoch_iterator, num_batches))
        return steps, self._get_num_items_in_batch(steps, device)

    def _get_num_items_in_batch(
        self, batch_samples: list[Sequence[Batch]], device: torch.device
    ) -> torch.Tensor | None:
        """What the totals of a step's batches are divided by, those of all processes."""
        if not batch_samples:
            return None
        sizes = [self._objective.size(batch) for step in batch_samples for batch in step if batch]
        size = torch.stack(sizes).sum() if sizes else torch.zeros(())
        processes.add_up([size])
        return size.to(device)
