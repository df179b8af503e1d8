"""Train one version, top to bottom: model, adapter, arguments, training, saving."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainingArguments, set_seed
from transformers.trainer_callback import PrinterCallback

from tasktune.definition import Task, TaskSpec
from tasktune.errors import InputError, RunError
from tasktune.locale import translate as _
from tasktune.training import processes
from tasktune.training.answers import watching
from tasktune.training.at_once import asked, reduced
from tasktune.training.audit import SHORTEST_SHARED_PREFIX, Audit
from tasktune.training.backends import load_backend
from tasktune.training.backends.choice import Choice
from tasktune.training.base import best_device, use_bf16
from tasktune.training.branches import alike, beginnings
from tasktune.training.checkpoints import latest_sealed
from tasktune.training.guarded import GuardedTrainer
from tasktune.training.interruption import Interruption
from tasktune.training.monitor import Chooser, Reporter, best_checkpoint, ended_at, record_of
from tasktune.training.objectives import Dpo, objective_of
from tasktune.training.out_of_memory import watching_memory
from tasktune.training.record import write_record
from tasktune.training.reference import with_reference
from tasktune.training.sharded import ShardedTrainer
from tasktune.training.sharding import ChooseWay, shard
from tasktune.training.shared_prefix import Way, plain_way
from tasktune.training.tokens import load_tokens, trained_rows
from tasktune.training.trackers import trackers
from tasktune.training.trainer import TaskTrainer
from tasktune.workspace.events import Events
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from datasets import Dataset

_CHECKPOINTS_PER_RUN = 10
_LOSS_POINTS = 200


def train(
    task: Task,
    choice: Choice,
    base: str,
    tokenizer: Any,
    audit: Audit,
    version: Version,
    start: Version | None,
    events: Events,
    stop: Interruption,
) -> None:
    """Train and save ``adapter/`` or ``model/``, going on from the newest checkpoint if there is one.

    The weights to begin with are those of ``start``, another version, or the base's.

    :raises KeyboardInterrupt: asked to stop; a checkpoint has been written.
    :raises InputError: no validation rows are left for what is to be watched.
    :raises RunError: the loss stopped being a number, or memory ran out.
    :raises FewerRows: memory ran out, and fewer rows at a time are to be tried.
    """
    spec, training = task.spec, task.spec.training
    monitor = training.monitor
    set_seed(training.seed)
    rows = load_tokens(version.prepared, "train")
    if len(rows) != audit.train.rows:
        raise RunError(
            _("{found} encoded rows, but the audit counts {expected}", found=len(rows), expected=audit.train.rows)
        )
    bf16 = use_bf16(training.precision)
    backend = load_backend(choice.backend)
    longest = max(split.longest for split in (audit.train, audit.valid) if split is not None)
    sharded = processes.shards(spec, processes.count(), gpus=torch.cuda.is_available())
    # Split block by block, a model need never be whole on a GPU.
    model = backend.model(base, training, start, longest, bf16=bf16, device="cpu" if sharded else best_device())
    shards = shard(model, best_device(), bf16=bf16) if sharded else None
    if sharded:
        events.message("train", _("the model is split over {count} processes", count=processes.count()))
    choose = backend.way if shards is None else shards.choosing(backend.way)
    way = _way(spec, choose, model, rows, audit, _pad(tokenizer), bf16, events)
    branches = way.collator.branching is not None
    objective = objective_of(training.method, training.beta)
    at_once = reduced(version) or asked(training)
    if isinstance(objective, Dpo):
        with watching_memory(task, version, audit, at_once):
            rows = with_reference(rows, model, way, at_once, bf16, events, stop)

    batch = training.batch_size * training.gradient_accumulation * processes.count()
    steps_per_epoch = -(-len(rows) // batch)
    total_steps = training.max_steps or round(steps_per_epoch * training.epochs)
    tokens_per_row = (audit.train.prompt_tokens + audit.train.completion_tokens) / audit.train.rows
    eval_steps = None
    if audit.valid is not None and audit.valid.rows:
        eval_steps = monitor.eval_steps or steps_per_epoch
    elif monitor.needs_validation:
        raise InputError(_("no validation rows are left after dropping those that are too long"))
    watched, answers = watching(task, version, model, tokenizer, audit)
    trainer = (GuardedTrainer if shards is None else partial(ShardedTrainer, shards=shards))(
        model=model,
        args=_arguments(spec, version, total_steps, bf16, batch, eval_steps),
        train_dataset=rows,
        eval_dataset=load_tokens(version.prepared, "valid") if eval_steps else None,
        processing_class=tokenizer,
        callbacks=[
            Reporter(events, stop, tokens_per_row * batch, metric=answers.name if answers else None),
            Chooser(events, watched, keeps_best=monitor.keeps_best, patience=monitor.early_stopping),
            *trackers(monitor.report_to, version),
        ],
        written=trained_rows(version.prepared, pairs=training.learns_preference),
        answers=answers,
        way=way,
        objective=objective,
        lengths=_lengths(rows),
        groups=rows["group"] if training.sampling == "balanced" else None,
        beginnings=beginnings(rows, len(way.prefix)) if training.sampling == "grouped" and branches else None,
        rows_per_step=batch,
        at_once=at_once,
    )
    trainer.remove_callback(PrinterCallback)
    events.stage(
        "train",
        "started",
        rows=len(rows),
        steps=total_steps,
        prefix=len(way.prefix),
        branches=branches,
        device=str(model.device),
    )
    checkpoint = _checkpoint(version)
    ended = ended_at(checkpoint, total_steps, watched, monitor.early_stopping)
    if ended is None:
        with stop.at_good_points(), watching_memory(task, version, audit, at_once):
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        stop.check()
    else:
        trainer.state = ended
    if not processes.is_first() and shards is None:
        return
    best = best_checkpoint(trainer.state, watched, version.checkpoints) if monitor.keeps_best else None
    if best is not None or ended is not None:
        trainer._load_from_checkpoint(str(best or checkpoint))
    weights = None if shards is None else shards.weights()
    if not processes.is_first():
        return
    backend.before_saving(trainer.accelerator.unwrap_model(trainer.model))
    folder = version.model if training.tuning == "full" else version.adapter
    _save(trainer, tokenizer, training.base_model, folder, weights)
    record = record_of(trainer.state, total_steps, watched, monitor, training.max_grad_norm)
    by = {"backend": choice.backend, "backend_reason": choice.reason}
    write_record(version.training, record.model_copy(update=by))
    shutil.rmtree(version.checkpoints, ignore_errors=True)
    events.stage("train", "finished", steps=trainer.state.global_step)


def _way(
    spec: TaskSpec, choose: ChooseWay, model: Any, rows: Any, audit: Audit, pad: int, bf16: bool, events: Events
) -> Way:
    """How this model's losses are computed fastest; the plain way, with a word, if it allows no other."""
    sharing = spec.training.prefix_sharing == "auto"
    prefix = rows[0]["prompt"][: audit.train.prefix] if sharing else []
    if len(prefix) < SHORTEST_SHARED_PREFIX:
        prefix = []
    causal_lm = model.get_base_model() if hasattr(model, "get_base_model") else model
    pair = alike(rows, len(prefix)) if sharing else None
    sample, sharing_more = [rows[0], rows[len(rows) - 1]], [rows[row] for row in pair or ()]
    way = choose(causal_lm, sample, prefix, pad, bf16=bf16, alike=sharing_more)
    model.train()
    if way is None or len(way.prefix) < len(prefix):
        events.message(
            "train", _("this model's loss cannot be computed with a shared prefix; training the plain way"), "warning"
        )
    if spec.training.sampling == "grouped" and (way is None or way.collator.branching is None):
        text = _("no rows can be computed behind one copy of what only they share; sampling is natural")
        events.message("train", text, "warning")
    return way or plain_way(pad)


def _checkpoint(version: Version) -> Path | None:
    """The newest whole checkpoint; the first process has deleted what is none before others look."""
    found = latest_sealed(version.checkpoints) if processes.is_first() else None
    processes.wait_for_all()
    return found if processes.is_first() else latest_sealed(version.checkpoints)


def _lengths(rows: Dataset) -> list[int]:
    """The tokens of each row, all its answers together."""

    def tokens(column: str) -> Any:
        return rows.data.column(column).combine_chunks()

    prompts = tokens("prompt").value_lengths().to_numpy()
    answers = tokens("answers").flatten().value_lengths().to_numpy()
    lengths: list[int] = (prompts + answers.reshape(len(prompts), -1).sum(axis=1)).tolist()
    return lengths


def _pad(tokenizer: Any) -> int:
    # Padding is masked and unlabelled, so any token serves.
    return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id)


def _arguments(
    spec: TaskSpec,
    version: Version,
    total_steps: int,
    bf16: bool,
    rows_per_step: int,
    eval_steps: int | None,
) -> TrainingArguments:
    """The trainer's defaults turn on what we must not have, so everything that matters is said here.

    What the library takes for a batch is the share of a step that a process computes, batch by batch.
    """
    training = spec.training
    arguments = TrainingArguments(
        output_dir=str(version.checkpoints),
        per_device_train_batch_size=rows_per_step // processes.count(),
        per_device_eval_batch_size=rows_per_step // processes.count(),
        max_steps=total_steps,
        learning_rate=training.learning_rate,
        lr_scheduler_type=training.scheduler,
        warmup_steps=training.warmup_ratio,
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        seed=training.seed,
        bf16=bf16,
        use_cpu=not torch.cuda.is_available(),
        ddp_backend="gloo" if processes.count() > 1 and not torch.cuda.is_available() else None,
        # The backend has seen to it: ours (training.recomputation) does not take the shared prefix away.
        gradient_checkpointing=False,
        run_name=f"{spec.task_name}-{version.name}",
        # Counted in steps, an epoch's evaluation comes before its checkpoint: a resumed run has seen it.
        eval_strategy="steps" if eval_steps else "no",
        eval_steps=eval_steps,
        save_strategy="steps",
        save_steps=training.checkpoint_steps or max(1, -(-total_steps // _CHECKPOINTS_PER_RUN)),
        save_total_limit=3 if training.monitor.keeps_best else 2,
        logging_steps=max(1, total_steps // _LOSS_POINTS),
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
    )
    # In a process that sees several GPUs the trainer would make batches larger, to share them out to all; our losses
    # are computed on one.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    if arguments.device.type == "cpu":
        # Among several processes it has a number, and torch loads no checkpoint to a CPU with a number.
        arguments.distributed_state.device = arguments.__dict__["_setup_devices"] = torch.device("cpu")
    return arguments


def _save(
    trainer: TaskTrainer, tokenizer: Any, base_model: str, folder: Path, weights: dict[str, torch.Tensor] | None
) -> None:
    """Save what was trained under its final name at once, without pickles and without this machine's paths.

    ``weights`` are those of a model that is split over processes.
    """
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    model = trainer.accelerator.unwrap_model(trainer.model)
    for adapter in getattr(model, "peft_config", {}).values():
        adapter.base_model_name_or_path = base_model
    model.save_pretrained(str(temporary), state_dict=weights)
    tokenizer.save_pretrained(str(temporary))
    (temporary / "README.md").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
