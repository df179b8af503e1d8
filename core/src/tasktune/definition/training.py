"""The section ``training``: the base model, what it learns, and which of its weights change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import model_validator

from tasktune.definition.fields import (
    Count,
    InvalidValue,
    Modules,
    Name,
    NotNegative,
    Positive,
    Seed,
    ShareBelowOne,
    Text,
)
from tasktune.definition.monitor import MonitorSpec
from tasktune.definition.section import Section
from tasktune.locale import translate as _


class LoraSpec(Section):
    """The LoRA adapter (Hu et al. 2021)."""

    r: Count = 16
    """Rank of the update matrices."""
    alpha: Count = 32
    """The update is scaled by alpha / r; 2 * r when it is not given."""
    dropout: ShareBelowOne = 0.0
    """Share of the adapter's inputs that are dropped in training."""
    target_modules: Modules = "all-linear"
    """all-linear, or a list of module names."""
    rslora: bool = False
    """Scale by alpha / √r instead (Kalajdzievski 2023), which lets high ranks learn as fast as low ones."""

    @model_validator(mode="before")
    @classmethod
    def _alpha_follows_rank(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("alpha") is not None:
            return data
        rank = data.get("r", cls.model_fields["r"].default)
        rest = {key: value for key, value in data.items() if key != "alpha"}
        return {**rest, "alpha": 2 * rank} if type(rank) is int and rank > 0 else rest


class TrainingSpec(Section):
    """The base model and how it is trained."""

    base_model: Text = "Qwen/Qwen3-4B"
    """A model on the Hub, a local folder, or builtin:tiny."""
    revision: Text | None = None
    """The base model's revision: a branch, a tag or a commit."""
    backend: Literal["auto", "transformers", "unsloth"] = "auto"
    """Which library trains; auto takes the one that is faster for this task on this machine."""
    method: Literal["sft", "orpo", "dpo"] = "sft"
    """Supervised fine-tuning on right answers, or learning from pairs of a chosen and a rejected one."""
    tuning: Literal["lora", "dora", "qlora", "full"] = "lora"
    """Train a LoRA adapter, a DoRA adapter, a LoRA adapter of a quantised base, or every weight."""
    quantization: Literal["nf4", "int8"] | None = None
    """How qlora quantises the base: nf4 (4 bits, the default) or int8."""
    lora: LoraSpec = LoraSpec()
    """The adapter, unless every weight is trained."""
    start_from: Name | None = None
    """A trained version of the task whose weights training begins with, in place of the base's."""
    epochs: Positive = 5.0
    """How often every row is seen."""
    max_steps: Count | None = None
    """Stop after so many optimizer steps, whatever the epochs say."""
    learning_rate: Positive = 1e-4
    """The highest learning rate of the run."""
    batch_size: Count = 8
    """Rows per device and step."""
    batch_tokens: Count | None = None
    """Cut a step by tokens: batches of at most so many, padding included and the shared prefix not; by rows without."""
    gradient_accumulation: Count = 1
    """Batches that are added up for one optimizer step."""
    auto_batch: bool = True
    """Where memory runs out, go on with batches of half as many rows or tokens, added up to the same step."""
    gradient_checkpointing: bool = False
    """Keep less of the forward pass and compute it again in the backward pass: less memory, about a third more time."""
    warmup_ratio: ShareBelowOne = 0.05
    """Share of the steps in which the learning rate rises from 0."""
    scheduler: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after the warm-up."""
    weight_decay: NotNegative = 0.0
    """Decay of the weights (AdamW)."""
    max_grad_norm: NotNegative = 1.0
    """Gradients are scaled down to this norm; 0 switches it off."""
    max_length: Count = 2048
    """Tokens of a row, prompt and answer together."""
    seed: Seed = 42
    """Seed of everything random in training."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Number format of the computation; auto takes bf16 where the hardware has it."""
    prefix_sharing: Literal["auto", "off"] = "auto"
    """Compute the prefix that all rows share once per batch."""
    checkpoint_steps: Count | None = None
    """Steps between checkpoints; chosen from the length of the run when not given."""
    class_weights: Mapping[Text, Positive] | Literal["balanced"] | None = None
    """Weight of each class in the loss, 1 for one that is not named; balanced: every class counts the same in all."""
    sampling: Literal["natural", "balanced", "grouped"] = "natural"
    """balanced: as many rows of each class in an epoch as of any other; grouped: rows that share much in one step."""
    beta: Positive | None = None
    """How near DPO keeps the model to where it began, or the strength of ORPO's preference term; 0.1 when not given."""
    monitor: MonitorSpec = MonitorSpec()
    """How training is watched."""

    @property
    def learns_preference(self) -> bool:
        """Whether pairs of a chosen and a rejected answer are what is trained on."""
        return self.method != "sft"

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> TrainingSpec:
        if self.beta is not None and not self.learns_preference:
            raise InvalidValue(_("beta belongs to the methods orpo and dpo"), _("remove it, or set training.method"))
        if self.sampling == "grouped" and self.prefix_sharing == "off":
            raise InvalidValue(
                _("sampling: grouped is for what rows share, and prefix_sharing is off"),
                _("use sampling: natural, or prefix_sharing: auto"),
            )
        if self.quantization is not None and self.tuning != "qlora":
            raise InvalidValue(
                _("only tuning: qlora quantises the base"), _("remove quantization, or set tuning: qlora")
            )
        return self
