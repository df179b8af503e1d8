"""How a model is to be trained, as far as memory and time depend on it."""

from __future__ import annotations

from typing import Literal

from tasktune.definition.training import TrainingSpec
from tasktune.types import Value

Tuning = Literal["lora", "dora", "qlora", "full"]
Method = Literal["sft", "dpo", "orpo"]
TUNINGS: tuple[Tuning, ...] = ("full", "dora", "lora", "qlora")
"""From the one that changes most of the model to the one that needs least for it."""


class Setup(Value):
    """What of a definition bears on memory and time.

    ``bits`` are those of a quantised base (``qlora``): 4 for NF4 with double quantisation, 8 for LLM.int8().
    ``precision`` is ``auto`` as in task.yaml, or the format itself. With ``gradient_checkpointing``
    a block's activations are computed again in the backward pass. ``batch_tokens`` cuts the rows of a step, whatever
    ``batch_size`` and ``gradient_accumulation`` are. Over so many ``devices`` the model is split where it trains in
    full.
    """

    base_model: str
    revision: str | None = None
    method: Method = "sft"
    tuning: Tuning = "lora"
    bits: Literal[4, 8] = 4
    rank: int = 16
    dropout: float = 0.0
    target_modules: str | tuple[str, ...] = "all-linear"
    batch_size: int = 8
    gradient_accumulation: int = 1
    batch_tokens: int | None = None
    epochs: float = 5.0
    max_steps: int | None = None
    max_length: int = 2048
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    prefix_sharing: bool = True
    gradient_checkpointing: bool = False
    devices: int = 1

    @property
    def adapts(self) -> bool:
        """Whether an adapter is trained and the base model frozen."""
        return self.tuning != "full"

    @property
    def split(self) -> bool:
        """Whether a device holds a share of the model only."""
        return self.devices > 1 and not self.adapts

    @property
    def fused(self) -> bool:
        """Whether the adapter is computed together with its matrices (:mod:`tasktune.training.fused_lora`)."""
        return self.tuning == "lora" and not self.dropout

    @property
    def pairs(self) -> bool:
        """Whether a row is a pair of answers, which is two sequences."""
        return self.method != "sft"


def setup_of(training: TrainingSpec) -> Setup:
    """The setup that a definition asks for."""
    modules = training.lora.target_modules
    return Setup(
        base_model=training.base_model,
        revision=training.revision,
        method=training.method,
        tuning=training.tuning,
        bits=8 if training.quantization == "int8" else 4,
        rank=training.lora.r,
        dropout=training.lora.dropout,
        target_modules=modules if isinstance(modules, str) else tuple(modules),
        batch_size=training.batch_size,
        gradient_accumulation=training.gradient_accumulation,
        batch_tokens=training.batch_tokens,
        epochs=training.epochs,
        max_steps=training.max_steps,
        max_length=training.max_length,
        precision=training.precision,
        gradient_checkpointing=training.gradient_checkpointing,
        # unsloth computes every prompt in full.
        prefix_sharing=training.prefix_sharing != "off" and training.backend != "unsloth",
    )
