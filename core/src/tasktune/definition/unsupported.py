"""What a definition may ask for and this version cannot do: refused or announced, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import NamedTuple

from tasktune.definition.monitor import NEEDS
from tasktune.definition.spec import ExecutionSpec, TaskSpec, VersioningSpec
from tasktune.definition.task import Task
from tasktune.definition.training import TrainingSpec
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.training.fully_shard import SHARDS_SINCE, can_shard

_UNSLOTH_TRAINS_WHOLE = ("embed_tokens", "lm_head")


class Limit(NamedTuple):
    """One thing that cannot be done: the key that asks for it, what is wrong, and what to do."""

    path: tuple[str, ...]
    message: str
    hint: str


def limits(task: Task | TaskSpec) -> tuple[Problem, ...]:
    """Everything that the definition asks of training and this version cannot do. A Task gives file and line."""
    training, execution = _spec_of(task).training, _spec_of(task).execution
    found: list[Limit] = []
    if training.backend == "unsloth":
        found += beyond_unsloth(training, installed=find_spec("unsloth") is not None)
    if training.tuning == "qlora" and find_spec("bitsandbytes") is None:
        hint = _("pip install 'tasktune[quantized]', or use lora")
        found.append(Limit(("training", "tuning"), _("qlora needs bitsandbytes, which is not installed"), hint))
    for tracker in training.monitor.report_to:
        if not any(find_spec(package) for package in NEEDS[tracker]):
            hint = _("pip install {package}, or remove it", package=NEEDS[tracker][0])
            found.append(Limit(("training", "monitor", "report_to"), _("{name} is not installed", name=tracker), hint))
    if execution.sharding == "full":
        found += _beyond_sharding(training, execution)
    if execution.type != "local":
        message = _("remote training is not supported by this version")
        found.append(Limit(("execution", "type"), message, _("use local; the other keys of the section can stay")))
    return tuple(_located(task, limit) for limit in found)


def beyond_unsloth(training: TrainingSpec, *, installed: bool) -> Iterator[Limit]:
    """What unsloth cannot do of what the definition asks, as its code for 2026.10.7 has it, whatever the GPU."""
    if not installed:
        hint = _("pip install 'tasktune[gpu]' on a machine with a GPU, or use auto or transformers")
        yield Limit(("training", "backend"), _("unsloth is not installed"), hint)
    modules = training.lora.target_modules
    whole = [] if isinstance(modules, str) else [name for name in modules if name.endswith(_UNSLOTH_TRAINS_WHOLE)]
    if training.tuning != "full" and whole:
        # It moves them from target_modules to modules_to_save.
        message = _("unsloth trains all of {names} in place of an adapter", names=", ".join(whole))
        hint = _("take them out, or set training.backend: transformers")
        yield Limit(("training", "lora", "target_modules"), message, hint)


def _beyond_sharding(training: TrainingSpec, execution: ExecutionSpec) -> Iterator[Limit]:
    """Why weights that are to be split over processes cannot be."""
    path = ("execution", "sharding")
    if training.tuning != "full":
        message = _(
            "weights are split over processes only in full fine-tuning, not with {tuning}", tuning=training.tuning
        )
        yield Limit(path, message, _("use auto, or training.tuning: full"))
    if execution.together == 1:
        message = _("one process has nobody to split the weights with")
        yield Limit(path, message, _("use auto, or name several GPUs in cuda_devices"))
    if find_spec("torch") is not None and not can_shard():
        since = ".".join(map(str, SHARDS_SINCE))
        message = _("splitting weights over processes needs torch {since} or newer", since=since)
        yield Limit(path, message, _("upgrade torch, or use none"))


def refuse_unsupported(task: Task | TaskSpec) -> None:
    """Stop before training when :func:`limits` finds anything.

    :raises InputError: with all of it.
    """
    problems = limits(task)
    if problems:
        raise InputError("", problems=problems)


def notices(task: Task | TaskSpec) -> tuple[str, ...]:
    """What is declared in the definition but used only by commands that this version does not have."""
    spec = _spec_of(task)
    found = []
    if spec.data.pairs is not None and not spec.training.learns_preference:
        found.append(_("{key}: declared; used by the methods orpo and dpo", key="data.pairs"))
    if spec.huggingface.org or spec.huggingface.prefix:
        found.append(_("{key}: declared; used by `tune deploy`, which is not installed", key="huggingface"))
    if spec.versioning.deploy_target:
        key = "versioning.deploy_target"
        found.append(_("{key}: declared; used by `tune deploy`, which is not installed", key=key))
    if spec.versioning.naming != VersioningSpec().naming:
        key = "versioning.naming"
        found.append(_("{key}: declared; used by `tune deploy`, which is not installed", key=key))
    if spec.execution.host and spec.execution.type == "local":
        found.append(_("{key}: declared; used by remote runs, which are not installed", key="execution.host"))
    return tuple(found)


def _spec_of(task: Task | TaskSpec) -> TaskSpec:
    return task.spec if isinstance(task, Task) else task


def _located(task: Task | TaskSpec, limit: Limit) -> Problem:
    if isinstance(task, Task):
        return task.problem(limit.path, limit.message, limit.hint)
    return Problem(limit.message, limit.hint, path=".".join(limit.path))
