"""What a step minimises: from the loss of every labelled token to the loss of a batch.

An objective is a pair: the ``total`` of a batch, and its ``size``, by whose sum the totals of a step are divided, into
whatever batches the step was cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
import torch.nn.functional as F

from tasktune.training.batches import Batch

CHOSEN, REJECTED = 0, 1


class Objective(Protocol):
    """One way to learn from a batch; see the implementations. ``figures`` are the names of what it tells to log."""

    figures: tuple[str, ...]

    def size(self, batch: Batch) -> torch.Tensor:
        """What the batch counts for, a scalar."""

    def total(self, losses: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        """The batch's loss times its size, and figures to log, likewise; ``losses`` in nats, (labelled tokens,)."""


class Sft:
    """Supervised fine-tuning: the mean cross entropy of the answers' tokens, weighted by the tokens' weights.

    With weights it is Σ w·l / Σ w, as in ``torch.nn.functional.cross_entropy(weight=…)``.
    """

    figures: tuple[str, ...] = ()

    def size(self, batch: Batch) -> torch.Tensor:
        return batch["weights"].sum()

    def total(self, losses: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        return (losses * batch["weights"]).sum(), {}


class Dpo:
    """Direct preference optimisation (Rafailov et al. 2023, equation 7).

    ``beta`` keeps the model near the reference, whose log probabilities the batch brings along.
    """

    figures: tuple[str, ...] = ("margin", "chosen_ahead")

    def __init__(self, beta: float) -> None:
        self.beta = beta

    def size(self, batch: Batch) -> torch.Tensor:
        return _pair_weights(batch).sum()

    def total(self, losses: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        gained = -sums(losses, batch) - batch["reference"].view(-1, 2)
        margin = self.beta * (gained[:, CHOSEN] - gained[:, REJECTED])
        weights = _pair_weights(batch)
        return -(weights * F.logsigmoid(margin)).sum(), _told(margin, weights)


class Orpo:
    """Odds ratio preference optimisation (Hong et al. 2024, equations 6 and 7): no reference model.

    The mean loss of the chosen answer's tokens, plus ``beta`` (the paper's λ) times -log σ of the log odds ratio of the
    chosen over the rejected one, where an answer's probability is the geometric mean of its tokens'.
    """

    figures: tuple[str, ...] = ("margin", "chosen_ahead")

    def __init__(self, beta: float) -> None:
        self.beta = beta

    def size(self, batch: Batch) -> torch.Tensor:
        return _pair_weights(batch).sum()

    def total(self, losses: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        mean = sums(losses, batch) / sums(torch.ones_like(losses), batch)
        log_odds = _log_odds(-mean)
        ratio = log_odds[:, CHOSEN] - log_odds[:, REJECTED]
        weights = _pair_weights(batch)
        loss = mean[:, CHOSEN] - self.beta * F.logsigmoid(ratio)
        return (weights * loss).sum(), _told(self.beta * ratio, weights)


def sums(values: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The sum over each answer's tokens, (pairs, 2)."""
    answers = batch["answers"]
    added = values.new_zeros(int(answers[-1]) + 1).index_add(0, answers, values)
    return added.view(-1, 2)


def _pair_weights(batch: Batch) -> torch.Tensor:
    """The mean weight of the chosen answer's tokens, (pairs,)."""
    weights = batch["weights"]
    return (sums(weights, batch) / sums(torch.ones_like(weights), batch))[:, CHOSEN]


def _log_odds(log_probability: torch.Tensor) -> torch.Tensor:
    # log(p / (1 - p)). A certain answer's 1 - p is 0 in floating point: its odds are very large, not infinite.
    return log_probability - torch.log(-torch.expm1(log_probability.clamp(max=-1e-7)))


def _told(margin: torch.Tensor, weights: torch.Tensor) -> dict[str, torch.Tensor]:
    """How far, and how often, the chosen answer is ahead of the rejected one."""
    ahead = (margin > 0).to(weights.dtype)
    return {"margin": (weights * margin).sum().detach(), "chosen_ahead": (weights * ahead).sum().detach()}


DEFAULT_BETA = 0.1
"""Of DPO in its paper's main experiments, and the λ of ORPO in its paper's."""


def objective_of(method: str, beta: float | None) -> Objective:
    """The objective that ``training.method`` names."""
    strength = DEFAULT_BETA if beta is None else beta
    if method == "sft":
        return Sft()
    return Dpo(strength) if method == "dpo" else Orpo(strength)
