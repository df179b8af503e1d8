"""Which of a model's weights train: all of them, or those of an adapter, new or another version's."""

from __future__ import annotations

from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training

from tasktune.definition import TrainingSpec
from tasktune.training.fused_lora import fuse
from tasktune.training.fused_norm import fuse_norms
from tasktune.workspace.versions import Version


def trainable(model: Any, training: TrainingSpec, start: Version | None) -> Any:
    """``model`` with what ``training.tuning`` trains; the adapter is that of ``start`` if there is one."""
    if training.tuning == "full":
        return model
    if training.tuning == "qlora":
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if start is not None:
        model = PeftModel.from_pretrained(model, str(start.adapter), is_trainable=True)
    else:
        model = get_peft_model(model, lora_config(training))
    fuse(model)
    fuse_norms(model)
    return model


def lora_config(training: TrainingSpec) -> LoraConfig:
    """The adapter: LoRA (Hu et al. 2021), DoRA (Liu et al. 2024), either scaled by alpha / √r (Kalajdzievski 2023)."""
    lora = training.lora
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.target_modules if isinstance(lora.target_modules, str) else list(lora.target_modules),
        use_dora=training.tuning == "dora",
        use_rslora=lora.rslora,
        task_type="CAUSAL_LM",
    )
