"""transformers and PEFT: every method, every device, and the prefix that rows share computed once per batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasktune.definition import TrainingSpec
from tasktune.training.adapters import trainable
from tasktune.training.base import load_base
from tasktune.training.recomputation import recompute_blocks
from tasktune.training.shared_prefix import TOLERANCE, Way, fastest
from tasktune.workspace.versions import Version


class TransformersBackend:
    """See :class:`tasktune.training.backends.Backend`."""

    def model(
        self, base: str, training: TrainingSpec, start: Version | None, longest: int, *, bf16: bool, device: str
    ) -> Any:
        weights = str(start.model) if start is not None and training.tuning == "full" else base
        model = trainable(load_base(weights, training, bf16=bf16, device=device), training, start)
        if training.gradient_checkpointing:
            recompute_blocks(model.get_decoder())
        return model

    def way(
        self,
        causal_lm: Any,
        rows: Sequence[Mapping[str, Any]],
        prefix: Sequence[int],
        pad: int,
        *,
        bf16: bool,
        alike: Sequence[Mapping[str, Any]],
    ) -> Way | None:
        return fastest(causal_lm.eval(), rows, prefix, pad, TOLERANCE[bf16], alike=alike)

    def before_saving(self, model: Any) -> None:
        """There is nothing to take out."""
