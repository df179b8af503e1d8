"""How much computation a run is, and how long a GPU takes for it."""

from __future__ import annotations

import math

from tasktune.planning.architecture import Architecture, block_parameters
from tasktune.planning.cut import batches_per_step
from tasktune.planning.device import Device
from tasktune.planning.memory import copies, trained_parameters, weights
from tasktune.planning.rows import Rows
from tasktune.planning.setup import Setup
from tasktune.types import Value

BEST_UTILISATION = 0.5
"""Share of the peak FLOP/s that training reaches at best: carefully tuned training of large models reports 0.46
(Chowdhery et al. 2022, PaLM, arXiv:2204.02311) and 0.42 to 0.56 (Korthikanti et al. 2022, arXiv:2205.05198)."""
WORST_UTILISATION = 0.15
"""The same at worst, for small batches and one kernel launch an operation. An assumption, not measured by us."""
ADAM_TRAFFIC = 7 * 4
"""Bytes a trained parameter moved in an optimizer step: weight, gradient and two moments read, the three written."""
FORWARD, BACKWARD = 1, 1
"""Reads of all weights in a pass, and again for its backward pass."""


class Duration(Value):
    """A run's steps, the tokens that go through the blocks, FLOPs, and seconds at least and at most.

    The seconds are None where the device's speed is not known. They count training steps alone: no loading, no
    evaluation.
    """

    steps: int
    tokens: int
    flops: float
    least_seconds: float | None
    most_seconds: float | None


def duration(of: Architecture, setup: Setup, rows: Rows, device: Device) -> Duration:
    """The whole training. As in a roofline (Williams et al. 2009), a step takes as long as its computation at the
    device's speed, or as reading the weights at its memory's, whichever is longer."""
    steps = total_steps(setup, rows)
    batches = steps * batches_per_step(setup, rows)
    seen = steps * rows.count / steps_per_epoch(setup, rows)
    sequences = seen * (2 if setup.pairs else 1)
    prefix = rows.shared(setup.prefix_sharing)
    length = (rows.prompt_tokens + rows.completion_tokens) / rows.count
    tokens = batches * prefix + sequences * (length - prefix)
    labelled = sequences * rows.completion_tokens / rows.count
    flops = training_flops(of, setup, tokens, context=length, labelled=labelled)
    if device.tflops is None or device.bandwidth is None:
        return Duration(steps=steps, tokens=round(tokens), flops=flops, least_seconds=None, most_seconds=None)
    read = (weights(of, setup, device) + copies(of, setup, device, 1)) * (FORWARD + BACKWARD) * (2 if prefix else 1)
    moved = batches * read + steps * ADAM_TRAFFIC * trained_parameters(of, setup)
    moving = moved / (device.bandwidth * 1e9)
    best, worst = (flops / (device.tflops * 1e12 * share) for share in (BEST_UTILISATION, WORST_UTILISATION))
    return Duration(
        steps=steps,
        tokens=round(tokens),
        flops=flops,
        least_seconds=max(best, moving),
        most_seconds=max(worst, moving),
    )


def steps_per_epoch(setup: Setup, rows: Rows) -> int:
    """Optimizer steps in which every row is seen once."""
    return -(-rows.count // (setup.batch_size * setup.gradient_accumulation))


def total_steps(setup: Setup, rows: Rows) -> int:
    """Optimizer steps of the run, as the trainer counts them."""
    return setup.max_steps or max(1, round(steps_per_epoch(setup, rows) * setup.epochs))


def training_flops(of: Architecture, setup: Setup, tokens: float, *, context: float, labelled: float) -> float:
    """FLOPs to train on ``tokens``, each attending to ``context`` tokens, ``labelled`` of them with logits.

    A matrix takes 2 FLOPs a weight and token forward, and 2 + 2 backward, for the gradients of its inputs and of its
    weights (Kaplan et al. 2020, Scaling Laws for Neural Language Models, arXiv:2001.08361, section 2.1). A frozen
    matrix has no gradient of its weights, so it takes 4 instead of 6, and the adapter's weights 6 more. Attention takes
    2 FLOPs for each product of queries and keys, and 2 for each of scores and values, without regard to the causal
    mask (Hoffmann et al. 2022, Training Compute-Optimal Large Language Models, arXiv:2203.15556, appendix F), backward
    twice that.
    """
    matrices = tokens * block_parameters(of) + labelled * of.vocabulary * of.hidden
    attention = tokens * of.layers * 4 * of.queries * context
    forward = 2 * matrices + attention
    if setup.adapts:
        total = 4 * matrices + 3 * attention + tokens * 6 * trained_parameters(of, setup)
    else:
        total = 6 * matrices + 3 * attention
    again = (1 if setup.gradient_checkpointing else 0) + (1 if setup.method == "dpo" else 0)
    return math.fsum((total, again * forward))
