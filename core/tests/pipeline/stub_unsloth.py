"""A stand-in for unsloth without a GPU: its interface, and those of its habits that training must survive.

The parameters are those that unsloth 2026.10.7 takes. Like it, the stand-in counts the labels of a step in the
trainer's place, drops masks and caches of a decoder that trains, and leaves notes of itself in configurations.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

seen = [name for name in ("trl", "transformers", "peft") if name in sys.modules]
# ruff: noqa: E402
import peft
import torch
import transformers
from transformers.models.qwen3.modeling_qwen3 import Qwen3Model

calls = []


def tell():
    names = ("UNSLOTH_DISABLE_STATISTICS", "UNSLOTH_AUTO_INSTALL", "UNSLOTH_LLAMA_CPP_OFFLINE", "DO_NOT_TRACK")
    environment = {name: os.environ.get(name) for name in (*names, "UNSLOTH_RETURN_LOGITS", "UNSLOTH_COMPILE_LOCATION")}
    told = {"seen": seen, "environment": environment, "calls": calls}
    Path(os.environ["STUB_UNSLOTH_TELLS"]).write_text(json.dumps(told), "utf-8")


def counted(self, epoch_iterator, num_batches, device=None):
    batches = [batch for _number, batch in zip(range(num_batches), epoch_iterator, strict=False)]
    return batches, sum(batch["labels"].numel() for batch in batches)


transformers.Trainer.get_batch_samples = counted
usual_forward = Qwen3Model.forward


def forward(self, *arguments, attention_mask=None, past_key_values=None, **keywords):
    if self.training:
        attention_mask = past_key_values = None
        keywords["use_cache"] = False
    return usual_forward(self, *arguments, attention_mask=attention_mask, past_key_values=past_key_values, **keywords)


class FastLanguageModel:
    @staticmethod
    def from_pretrained(
        model_name,
        max_seq_length,
        dtype,
        load_in_4bit,
        load_in_8bit,
        full_finetuning,
        device_map,
        trust_remote_code,
        use_gradient_checkpointing,
        revision,
        fix_tokenizer,
        use_exact_model_name,
        offload_embedding,
        random_state,
        float32_mixed_precision=None,
    ):
        assert use_exact_model_name
        assert not any([trust_remote_code, load_in_4bit, load_in_8bit])
        calls.append(["from_pretrained", max_seq_length, str(dtype), full_finetuning, float32_mixed_precision])
        tell()
        Qwen3Model.forward = forward
        weights = torch.float32 if float32_mixed_precision else dtype
        model = transformers.AutoModelForCausalLM.from_pretrained(model_name, dtype=weights, device_map=device_map)
        model.config.update({"unsloth_version": "stub", "model_name": model_name, "use_cache": False})
        model.accepts_loss_kwargs = False
        return model, transformers.AutoTokenizer.from_pretrained(model_name)

    @staticmethod
    def get_peft_model(
        model,
        r,
        target_modules,
        lora_alpha,
        lora_dropout,
        bias,
        use_gradient_checkpointing,
        random_state,
        use_rslora,
        **kwargs,
    ):
        calls.append(["get_peft_model", r, lora_alpha, random_state, use_rslora, use_gradient_checkpointing, kwargs])
        tell()
        torch.manual_seed(random_state)
        config = peft.LoraConfig(
            r=r,
            target_modules=target_modules,
            lora_alpha=lora_alpha,
            lora_dropout=lora_dropout,
            bias=bias,
            use_rslora=use_rslora,
            task_type="CAUSAL_LM",
            **kwargs,
        )
        return FastLanguageModel.patch_peft_model(peft.get_peft_model(model, config), use_gradient_checkpointing)

    @staticmethod
    def patch_peft_model(model, use_gradient_checkpointing):
        calls.append(["patch_peft_model", use_gradient_checkpointing])
        tell()
        model.peft_config["default"].auto_mapping = {"base_model_class": "Qwen3ForCausalLM", "unsloth_fixed": True}
        return model

    @staticmethod
    def for_training(model, use_gradient_checkpointing):
        assert use_gradient_checkpointing in (False, "unsloth")
        return model.train()
