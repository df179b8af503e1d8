"""Which backend trains a version, and why: decided from facts, before any library that trains is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from tasktune.definition import Task
from tasktune.definition.unsupported import Limit, beyond_unsloth
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.types import Value

SHARING_WINS = 0.5
"""From this share of saved prompt text on, transformers is taken for the faster backend.

What is not saved is all that is computed: at a half, twice the rows in the same time. Twice is what Unsloth claims for
its kernels over plain transformers training (its README), and it computes the prompts in full. An estimate until it has
been measured: ``benchmarks/gpu`` measures both on one task.
"""

COMPARED_ON: frozenset[tuple[int, int]] = frozenset()
"""CUDA compute capabilities of the GPUs on which ``benchmarks/gpu`` has shown that unsloth gives the losses that
transformers gives. Until then ``auto`` leaves it alone there: the check of the losses at the start of a training
compares with the model's own forward, and could not notice that it is wrong."""

OLDEST_CAPABILITY = (8, 0)
"""CUDA compute capability of the first GPUs with bfloat16 (Ampere). On older ones unsloth computes in float16, whose
losses need a scaling that our trainer does not have."""


class Gpu(Value):
    """A GPU as torch tells of it; ``capability`` is its CUDA compute capability."""

    name: str
    capability: tuple[int, int]


class Choice(Value):
    """A backend and, in words, why it is taken."""

    backend: Literal["transformers", "unsloth"]
    reason: str


def choose(task: Task, *, installed: bool, gpu: Gpu | None, saved: Callable[[], float], processes: int = 1) -> Choice:
    """The backend that ``training.backend`` names; for ``auto``, the one that trains this task faster here.

    ``installed`` tells whether unsloth is, ``gpu`` what it would train on, in so many ``processes``. ``saved`` is asked
    for the share of the prompts that prefix sharing saves only if the answer depends on it (:func:`saved_share`).

    :raises InputError: unsloth is asked for, and cannot do what the definition asks or has no GPU to do it on.
    """
    training = task.spec.training
    if training.backend == "transformers":
        return Choice(backend="transformers", reason=_("training.backend asks for it"))
    obstacles = [*beyond_unsloth(training, installed=installed), *_of_machine(gpu, processes)]
    if training.backend == "unsloth":
        if obstacles:
            raise InputError("", problems=[task.problem(limit.path, limit.message, limit.hint) for limit in obstacles])
        return Choice(backend="unsloth", reason=_("training.backend asks for it"))
    if obstacles:
        return Choice(backend="transformers", reason=obstacles[0].message)
    if training.tuning not in ("lora", "qlora") or training.quantization == "int8" or training.precision == "fp32":
        reason = _("unsloth has faster kernels only for LoRA in bfloat16, of a base in 16 or 4 bits")
        return Choice(backend="transformers", reason=reason)
    share = saved() if training.prefix_sharing == "auto" else 0.0
    if share >= SHARING_WINS:
        reason = _("computing what the prompts share once per batch saves {share:.0%} of them", share=share)
        return Choice(backend="transformers", reason=reason)
    if gpu is None or gpu.capability not in COMPARED_ON:
        reason = _("unsloth may be faster, but is not proven on this kind of GPU; training.backend: unsloth takes it")
        return Choice(backend="transformers", reason=reason)
    reason = _("the prompts share too little to save ({share:.0%}), so its kernels are faster", share=share)
    return Choice(backend="unsloth", reason=reason)


def saved_share(prompts: Iterable[str], batch_size: int) -> float:
    """The share of the prompts' characters that computing their common prefix once per batch saves.

    (1 - 1/B) · P / L for a prefix of P characters, prompts of L on average and batches of B. Characters stand for
    tokens, as no tokenizer can be loaded before the choice.
    """
    prefix: str | None = None
    total = count = 0
    for prompt in prompts:
        prefix = prompt if prefix is None else _common(prefix, prompt)
        total += len(prompt)
        count += 1
    return (1 - 1 / batch_size) * len(prefix or "") * count / total if total else 0.0


def gpu_here() -> Gpu | None:
    """The GPU that a worker would train on, as torch tells; importing torch patches nothing of transformers."""
    import torch

    if not torch.cuda.is_available():
        return None
    return Gpu(name=torch.cuda.get_device_name(0), capability=torch.cuda.get_device_capability(0))


def _common(one: str, other: str) -> str:
    if other.startswith(one):
        return one
    end = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:end]


def _of_machine(gpu: Gpu | None, processes: int) -> list[Limit]:
    path = ("training", "backend")
    if processes > 1:
        message = _("unsloth trains in one process by this version, not in {count}", count=processes)
        return [Limit(path, message, _("use auto or transformers, or one GPU"))]
    if gpu is None:
        message = _("unsloth needs a GPU, and torch finds none")
        return [Limit(path, message, _("use auto or transformers, or train where a GPU is"))]
    if gpu.capability < OLDEST_CAPABILITY:
        message = _("unsloth needs a GPU with bfloat16, and {gpu} has none", gpu=gpu.name)
        return [Limit(path, message, _("use auto or transformers"))]
    return []
