"""Unsloth: its kernels for LoRA and QLoRA on a GPU. It computes every prompt in full.

Written against the code of unsloth 2026.10.7, whose patched models differ from transformers' in what matters here:

- It patches transformers, PEFT and TRL, so that it has to be imported before them.
- A decoder that trains drops the keys and values that it is given, and every mask: attention is causal, padding stands
  on the right, and neither a prefix can be shared nor two answers stand behind one prompt. With a cache of
  transformers it fails. So the losses are computed row by row, the vocabulary projection only where there are labels,
  if :func:`tasktune.training.shared_prefix.fastest` finds that true of the model as it trains; else by its own forward.
- That forward gives logits when it is given no labels, of compiled models only with ``UNSLOTH_RETURN_LOGITS``.
- Rows longer than ``max_seq_length`` are cut, and with one beyond the base's positions these are stretched.
- ``use_exact_model_name`` keeps the base that was named; else a mirror of it is loaded that is quantised already.
"""

from __future__ import annotations

from tasktune.training.backends.unsloth_first import FastLanguageModel

# isort: split
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM

from tasktune.definition import TrainingSpec
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.training.shared_prefix import TOLERANCE, Way, fastest
from tasktune.workspace.versions import Version


class UnslothBackend:
    """See :class:`tasktune.training.backends.Backend`."""

    def __init__(self) -> None:
        self._config: Any = None

    def model(
        self, base: str, training: TrainingSpec, start: Version | None, longest: int, *, bf16: bool, device: str
    ) -> Any:
        full = training.tuning == "full"
        name = str(start.model) if full and start is not None else base
        self._config = AutoConfig.from_pretrained(name, revision=training.revision)
        positions = getattr(self._config.get_text_config(), "max_position_embeddings", longest)
        if longest > positions:
            raise _cannot(
                _(
                    "the longest row has {longest} tokens and the base {positions} positions, which unsloth stretches",
                    longest=longest,
                    positions=positions,
                )
            )
        four_bits = training.tuning == "qlora" and training.quantization != "int8"
        model, _tokenizer = FastLanguageModel.from_pretrained(
            model_name=name,
            revision=training.revision,
            max_seq_length=longest,
            dtype=torch.bfloat16 if bf16 else torch.float32,
            load_in_4bit=four_bits,
            load_in_8bit=training.tuning == "qlora" and not four_bits,
            full_finetuning=full,
            device_map={"": device},
            use_gradient_checkpointing=_checkpointing(training),
            use_exact_model_name=True,
            trust_remote_code=False,
            fix_tokenizer=False,
            offload_embedding=False,
            random_state=training.seed,
            # Weights that train are kept in 32 bits, as by transformers.
            **({"float32_mixed_precision": True} if full and bf16 else {}),
        )
        _same_as_elsewhere(model, self._config)
        if not full:
            model = self._adapted(model, training, start)
        FastLanguageModel.for_training(model, use_gradient_checkpointing=_checkpointing(training))
        return model

    def _adapted(self, model: Any, training: TrainingSpec, start: Version | None) -> Any:
        if start is not None:
            model = PeftModel.from_pretrained(model, str(start.adapter), is_trainable=True)
            return FastLanguageModel.patch_peft_model(model, use_gradient_checkpointing=_checkpointing(training))
        lora = training.lora
        dora = {"use_dora": True} if training.tuning == "dora" else {}
        return FastLanguageModel.get_peft_model(
            model,
            r=lora.r,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=lora.target_modules if isinstance(lora.target_modules, str) else list(lora.target_modules),
            bias="none",
            use_rslora=lora.rslora,
            use_gradient_checkpointing=_checkpointing(training),
            random_state=training.seed,
            **dora,
        )

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
        # Its models compute otherwise while they train, so that is how they are checked; chance alone stays out of it.
        causal_lm.train()
        for module in causal_lm.modules():
            if isinstance(module, torch.nn.Dropout):
                module.eval()
        with torch.autocast(causal_lm.device.type, torch.bfloat16, enabled=bf16):
            return fastest(causal_lm, rows, [], pad, TOLERANCE[bf16], own_masks=False)

    def before_saving(self, model: Any) -> None:
        adapters = getattr(model, "peft_config", {})
        for adapter in adapters.values():
            # Where it notes that it has been there.
            adapter.auto_mapping = None
        if not adapters:
            # It notes its version and the name of the base's folder, and turns the cache off.
            model.config = self._config


def _checkpointing(training: TrainingSpec) -> str | bool:
    """Its own kind, if any: it moves what it keeps of the forward pass to the machine's memory."""
    return "unsloth" if training.gradient_checkpointing else False


def _same_as_elsewhere(model: Any, config: Any) -> None:
    """An adapter is of use only if plain transformers loads the model that it was trained on."""
    usual = AutoModelForCausalLM._model_mapping.get(type(config), None)
    name = type(model).__name__
    if usual is not None and name != usual.__name__:
        raise _cannot(_("unsloth loads the base as {name}, not as {usual}", name=name, usual=usual.__name__))
    before, after = config.get_text_config().vocab_size, model.get_input_embeddings().weight.shape[0]
    if before != after:
        raise _cannot(_("unsloth changed the vocabulary from {before} to {after} tokens", before=before, after=after))


def _cannot(message: str) -> InputError:
    return InputError(message, hint=_("set training.backend: transformers"))
