"""The trainer with its guards: no broken gradient reaches the weights, and evaluating changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import torch

from tasktune.data.rows import read_chat_rows
from tasktune.errors import Problem, RunError
from tasktune.locale import translate as _
from tasktune.training import processes
from tasktune.training.answers import AnswerMetric
from tasktune.training.batches import Batch
from tasktune.training.shared_prefix import on
from tasktune.training.trainer import TaskTrainer

_OTHER_ROWS = 8
"""Rows of other steps that are tried, to tell a row that breaks the model from a model that is broken."""


class NotANumber(RunError):
    """A loss or a gradient stopped being a number."""


class GuardedTrainer(TaskTrainer):
    """Stops before an optimizer step whose loss or gradient is no number, and names the rows that it is due to.

    ``written`` is the file of the rows, which their column ``row`` counts in. ``answers`` is evaluated with the loss.
    An evaluation leaves the random numbers of training as they were.
    """

    def __init__(self, *, written: Path, answers: AnswerMetric | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._written = written
        self._answers = answers
        self._step: list[tuple[torch.Tensor, torch.Tensor]] = []

    def training_step(self, model: Any, inputs: Sequence[Batch], num_items_in_batch: Any = None) -> torch.Tensor:
        """A step, remembered until it is known to be sound."""
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        # Of several processes, one may have no row of a step.
        rows = [batch["rows"] for batch in inputs if batch]
        self._step.append((torch.cat([torch.empty(0, dtype=torch.long), *rows]), loss))
        return loss

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """The norm of the step's gradient, for which the library asks before the optimizer, once a step.

        :raises RunError: it, or a loss of the step, is no number.
        """
        norm = super()._get_grad_norm(model, grad_norm)
        rows, losses = zip(*self._step, strict=True)
        self._step.clear()
        figures = torch.stack([*losses, torch.as_tensor(norm, device=losses[0].device)])
        if processes.any_of(not bool(figures.isfinite().all())):
            raise self._stopped(torch.cat(rows).tolist())
        return norm

    def evaluation_loop(self, *arguments: Any, **keywords: Any) -> Any:
        """The validation loss, and the metric of answers if it is watched."""
        devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
        with torch.random.fork_rng(devices):
            output = super().evaluation_loop(*arguments, **keywords)
            if self._answers is not None:
                output.metrics[f"eval_{self._answers.name}"] = self._metric(self._answers)
        return output

    def _metric(self, answers: AnswerMetric) -> float:
        # The library computes in bf16 inside the wrapped forward, which generation may go past.
        with self.accelerator.autocast():
            return answers(self.args.process_index)

    def _stopped(self, step_rows: Sequence[int]) -> RunError:
        """What stopped the step over these rows, counted in the written file."""
        self.model.zero_grad()
        rows = numpy.asarray(self.train_dataset.data.column("row"))
        others = sorted(set(rows[:: -(-len(rows) // _OTHER_ROWS)].tolist()) - set(step_rows))
        mine = [(row, self._is_sound(int(numpy.searchsorted(rows, row)))) for row in (*step_rows, *others)]
        sound = dict(processes.gathered(mine))
        of_step = sorted(set(processes.gathered(list(step_rows))))
        broken = [row for row in of_step if not sound[row]]
        step = self.state.global_step + 1
        if not any(sound.values()):
            message = _("the loss or its gradient stopped being a number at step {step}, for every row", step=step)
        elif not broken:
            message = _("the gradient stopped being a number at step {step}, though of no row alone", step=step)
        else:
            return NotANumber(
                _(
                    "the loss or its gradient stopped being a number at step {step}, because of {count} of {rows} rows",
                    step=step,
                    count=len(broken),
                    rows=len(of_step),
                ),
                hint=_("look for odd characters in them, or leave them out; no weight has changed by them"),
                problems=[
                    Problem(_("its loss or gradient is not a number")).at(file, int(line))
                    for file, _colon, line in (name.rpartition(":") for name in self._ids(broken))
                ],
            )
        return NotANumber(message, hint=_("lower training.learning_rate, or set training.precision: fp32"))

    def _is_sound(self, position: int) -> bool:
        """Whether the loss of one row of the data set, and its gradient, are numbers."""
        model = self.accelerator.unwrap_model(self.model)
        batch = on(model.device, self._way.collator([self.train_dataset[position]]))
        total, _told = self._objective.total(self._token_losses(model, batch), batch)
        if not total.isfinite():
            return False
        trained = [weight for weight in model.parameters() if weight.requires_grad]
        gradients = torch.autograd.grad(total, trained, allow_unused=True)
        return all(bool(gradient.isfinite().all()) for gradient in gradients if gradient is not None)

    def _ids(self, rows: Sequence[int]) -> list[str]:
        wanted = set(rows)
        return [row["id"] for number, row in enumerate(read_chat_rows(self._written)) if number in wanted]
