"""How ``training.batch_tokens`` cuts a step, as planning sees it."""

from __future__ import annotations

from tasktune.planning.rows import Rows
from tasktune.planning.setup import Setup
from tasktune.training.sizes import padded


def heaviest(setup: Setup, rows: Rows) -> Setup:
    """The setup with the batch of the longest rows: as many as the tokens allow, the rest of the step accumulated.

    A batch of short rows has as many tokens, but more of them carry the loss: where the output projection trains, the
    logits of that one may take more.
    """
    if setup.batch_tokens is None:
        return setup
    step = setup.batch_size * setup.gradient_accumulation
    batch = min(step, max(1, setup.batch_tokens // tokens_of(setup, rows, rows.longest)))
    return setup.model_copy(update={"batch_size": batch, "gradient_accumulation": -(-step // batch)})


def batches_per_step(setup: Setup, rows: Rows) -> float:
    """How many batches a step is cut into, those of rows of mean length."""
    if setup.batch_tokens is None:
        return setup.gradient_accumulation
    step = setup.batch_size * setup.gradient_accumulation
    mean = (rows.prompt_tokens + rows.completion_tokens) / rows.count
    return max(1.0, min(step, step * tokens_of(setup, rows, mean) / setup.batch_tokens))


def tokens_of(setup: Setup, rows: Rows, length: float) -> int:
    """What a row of so many tokens counts in a batch: those that are read, without the shared prefix and padded. The
    answers of a pair count with a prompt each, which is the most."""
    read = round(length) - 1 - rows.shared(setup.prefix_sharing)
    return padded(max(1, read)) * (2 if setup.pairs else 1)
