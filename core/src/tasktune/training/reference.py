"""What the model says of pairs before it is trained: the reference of direct preference optimisation."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch

from tasktune.training.at_once import AtOnce
from tasktune.training.interruption import Interruption
from tasktune.training.objectives import sums
from tasktune.training.shared_prefix import Way, on
from tasktune.workspace.events import Events

if TYPE_CHECKING:
    from datasets import Dataset


def with_reference(
    rows: Dataset, model: Any, way: Way, at_once: AtOnce, bf16: bool, events: Events, stop: Interruption
) -> Dataset:
    """The rows with ``reference``, the log probabilities of their answers under the model as it is now.

    Computed once before training, so that no second model takes memory beside the one that trains.

    :raises KeyboardInterrupt: asked to stop.
    """
    causal_lm = model.get_base_model() if hasattr(model, "get_base_model") else model
    device = model.device
    model.eval()
    found: list[list[float]] = []
    with torch.no_grad():
        for some in at_once.batches(rows, way.collator.tokens):
            stop.check()
            batch = on(device, way.collator(some))
            with torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext():
                found += (-sums(way(causal_lm, batch), batch)).tolist()
            events.progress("prepare", len(found), len(rows), "row")
    model.train()
    return rows.add_column("reference", found)
