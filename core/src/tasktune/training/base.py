"""Load a base model and its tokenizer, with errors that say what to do when they cannot be had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.base_models import locate
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.training import processes

if TYPE_CHECKING:
    from tasktune.definition import TrainingSpec


def load_tokenizer(base_model: str, revision: str | None, task_folder: Path) -> tuple[str, Any]:
    """Where the base lies (a folder or a Hub id) and its tokenizer.

    :raises InputError: the base cannot be found or downloaded.
    """
    from transformers import AutoTokenizer

    base = locate(base_model, task_folder)
    try:
        return base, AutoTokenizer.from_pretrained(base, revision=revision)
    except (OSError, ValueError) as error:
        raise InputError(
            _("the base model {name} cannot be loaded: {error}", name=base_model, error=str(error).splitlines()[0]),
            hint=_("check the name and the network; gated models need hf auth login"),
        ) from error


def load_base(base: str, training: TrainingSpec, *, bf16: bool, device: str | None = None) -> Any:
    """The base model on ``device``, or on the best. Weights that train are in fp32; frozen ones in bf16 if asked."""
    import torch
    from transformers import AutoModelForCausalLM

    half = bf16 and training.tuning != "full"
    model = AutoModelForCausalLM.from_pretrained(
        base,
        revision=training.revision,
        dtype=torch.bfloat16 if half else torch.float32,
        quantization_config=_quantization(training, bf16=bf16),
        device_map={"": device or best_device()} if training.tuning == "qlora" else None,
    )
    if training.tuning == "qlora":
        _learn_exactly(model)
        return model
    return model.to(device or best_device())


def best_device() -> str:
    """Where a model goes: this process's GPU if there is one."""
    import torch

    return f"cuda:{processes.on_this_machine()}" if torch.cuda.is_available() else "cpu"


def use_bf16(precision: str) -> bool:
    """Whether to compute in bfloat16: as told, or where the hardware has instructions for it."""
    import torch

    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())


@contextmanager
def without_denormals() -> Iterator[None]:
    """Inside the block a CPU takes numbers under 1e-38 for zero: it computes with them many times more slowly, and the
    tails of softmax and their gradients are full of them. Threads started inside do the same."""
    import torch

    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _quantization(training: TrainingSpec, *, bf16: bool) -> Any:
    """How the base is quantised (QLoRA, Dettmers et al. 2023: NF4, its constants quantised too); None if it is not."""
    if training.tuning != "qlora":
        return None
    import torch
    from transformers import BitsAndBytesConfig

    if training.quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if bf16 else torch.float32,
    )


def _learn_exactly(model: Any) -> None:
    """Keep bitsandbytes from repacking weights for bf16 CPUs: one forward without gradients, such as the check of the
    shared prefix, would switch a layer to a kernel without a backward, and training would go on and learn nothing."""
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
