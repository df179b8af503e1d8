"""Supervised fine-tuning of one version, top to bottom: model, adapter, arguments, training, saving.

What it does: LoRA or full fine-tuning with the loss on completions alone, length-aware batches, the rows' common
prefix computed once per batch where the model allows it, sealed checkpoints and exact resumption, the validation loss
once an epoch. What it does not: preference training, quantised bases, several devices.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from transformers import AutoModelForCausalLM, set_seed
from transformers.trainer_callback import PrinterCallback
from trl import SFTConfig

from tasktune.definition import TaskSpec
from tasktune.errors import RunError
from tasktune.locale import translate as _
from tasktune.training.batches import Collator
from tasktune.training.checkpoints import latest_sealed
from tasktune.training.interruption import Interruption
from tasktune.training.shared_prefix import fastest_loss, plain_summed_loss
from tasktune.training.tokens import SHORTEST_SHARED_PREFIX, Audit, load_tokens
from tasktune.training.trainer import Reporter, TaskTrainer
from tasktune.workspace.events import EventLog
from tasktune.workspace.files import write_json_atomically
from tasktune.workspace.versions import Version

_CHECKPOINTS_PER_RUN = 10
_LOSS_POINTS = 200


def train(
    spec: TaskSpec, base: str, tokenizer: Any, audit: Audit, version: Version, events: EventLog, stop: Interruption
) -> None:
    """Train and save ``adapter/`` or ``model/``, going on from the newest checkpoint if there is one.

    :raises KeyboardInterrupt: asked to stop; a checkpoint has been written.
    :raises RunError: the loss stopped being a number.
    """
    training = spec.training
    set_seed(training.seed)
    rows = load_tokens(version.prepared, "train")
    if len(rows) != audit.train.rows:
        raise RunError(
            _("{found} encoded rows, but the audit counts {expected}", found=len(rows), expected=audit.train.rows)
        )
    bf16 = use_bf16(training.precision)
    model = load_base(base, training.revision, trainable=training.tuning == "full", bf16=bf16)

    prefix = rows[0]["input_ids"][: audit.train.prefix] if training.prefix_sharing == "auto" else []
    if len(prefix) < SHORTEST_SHARED_PREFIX:
        prefix = []
    collator = Collator(pad=_pad(tokenizer), prefix=len(prefix))
    sample = {name: tensor.to(model.device) for name, tensor in collator([rows[0], rows[len(rows) - 1]]).items()}
    tokens = torch.tensor(prefix, dtype=torch.long, device=model.device)
    loss = fastest_loss(model, tokens, sample, tolerance=5e-2 if bf16 else 1e-3)
    if loss is None:
        events.message(
            "train", _("this model's loss cannot be computed with a shared prefix; training the plain way"), "warning"
        )
        loss = plain_summed_loss

    steps_per_epoch = -(-len(rows) // (training.batch_size * training.gradient_accumulation))
    total_steps = training.max_steps or round(steps_per_epoch * training.epochs)
    tokens_per_row = (audit.train.prompt_tokens + audit.train.completion_tokens) / audit.train.rows
    reporter = Reporter(events, stop, tokens_per_row * training.batch_size * training.gradient_accumulation)
    trainer = TaskTrainer(
        model=model,
        args=_arguments(spec, version, total_steps, bf16, has_valid=audit.valid is not None),
        train_dataset=rows,
        eval_dataset=load_tokens(version.prepared, "valid") if audit.valid else None,
        data_collator=collator,
        processing_class=tokenizer,
        peft_config=_lora(spec) if training.tuning == "lora" else None,
        callbacks=[reporter],
        prefix=prefix,
        summed_loss=loss,
        lengths=[len(ids) for ids in rows.with_format("numpy")["input_ids"]],
    )
    trainer.remove_callback(PrinterCallback)
    events.stage("train", "started", rows=len(rows), steps=total_steps, prefix=len(prefix), device=str(model.device))
    checkpoint = latest_sealed(version.checkpoints)
    with stop.at_good_points():
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    stop.check()
    if reporter.diverged_at is not None:
        # Its checkpoints hold the same broken weights, so going on from them would be no use.
        shutil.rmtree(version.checkpoints, ignore_errors=True)
        raise RunError(
            _("the loss stopped being a number at step {step}", step=reporter.diverged_at),
            hint=_("lower training.learning_rate, or set training.precision: fp32"),
        )
    _save(trainer, tokenizer, training.base_model, version.adapter if training.tuning == "lora" else version.model)
    history = [entry for entry in trainer.state.log_history if "loss" in entry or "eval_loss" in entry]
    write_json_atomically(version.folder / "training.json", {"steps": trainer.state.global_step, "history": history})
    shutil.rmtree(version.checkpoints, ignore_errors=True)
    events.stage("train", "finished", steps=trainer.state.global_step)


def load_base(base: str, revision: str | None, *, trainable: bool, bf16: bool) -> Any:
    """The base model on the best device. Weights that train are in fp32; frozen ones on a GPU in bf16 if asked."""
    model = AutoModelForCausalLM.from_pretrained(
        base,
        revision=revision,
        dtype=torch.bfloat16 if bf16 and not trainable and torch.cuda.is_available() else torch.float32,
    )
    return model.to("cuda") if torch.cuda.is_available() else model


def use_bf16(precision: str) -> bool:
    """Whether to compute in bfloat16: as told, or where the hardware has instructions for it."""
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())


def _pad(tokenizer: Any) -> int:
    # Padding is masked and unlabelled, so any token serves.
    return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id)


def _lora(spec: TaskSpec) -> LoraConfig:
    lora = spec.training.lora
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha if lora.alpha is not None else 2 * lora.r,
        lora_dropout=lora.dropout,
        target_modules=lora.target_modules if isinstance(lora.target_modules, str) else list(lora.target_modules),
        task_type="CAUSAL_LM",
    )


def _arguments(spec: TaskSpec, version: Version, total_steps: int, bf16: bool, has_valid: bool) -> SFTConfig:
    """TRL's defaults lose data and turn on what we must not have, so everything that matters is said here."""
    training = spec.training
    return SFTConfig(
        output_dir=str(version.checkpoints),
        per_device_train_batch_size=training.batch_size,
        per_device_eval_batch_size=training.batch_size,
        gradient_accumulation_steps=training.gradient_accumulation,
        max_steps=total_steps,
        learning_rate=training.learning_rate,
        lr_scheduler_type=training.scheduler,
        warmup_steps=training.warmup_ratio,
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        seed=training.seed,
        bf16=bf16,
        use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=False,
        eval_strategy="epoch" if has_valid else "no",
        save_strategy="steps",
        save_steps=training.checkpoint_steps or max(1, -(-total_steps // _CHECKPOINTS_PER_RUN)),
        save_total_limit=2,
        logging_steps=max(1, total_steps // _LOSS_POINTS),
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        max_length=None,
        packing=False,
        loss_type="nll",
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def _save(trainer: TaskTrainer, tokenizer: Any, base_model: str, folder: Path) -> None:
    """Save what was trained under its final name at once, without pickles and without this machine's paths."""
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    model = trainer.accelerator.unwrap_model(trainer.model)
    for adapter in getattr(model, "peft_config", {}).values():
        adapter.base_model_name_or_path = base_model
    model.save_pretrained(str(temporary))
    tokenizer.save_pretrained(str(temporary))
    (temporary / "README.md").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
