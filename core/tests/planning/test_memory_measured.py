"""Estimates of memory against the tensors of real training steps on the CPU.

What a GPU would hold is the same but for the kernels' own buffers: frozen weights in bf16, autocast, torch's attention.
"""

from __future__ import annotations

import contextlib
import itertools
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from tasktune.planning.activations import FP32, of_blocks
from tasktune.planning.architecture import Architecture, from_config
from tasktune.planning.device import Device
from tasktune.planning.memory import copies, memory, passes, what_is_kept
from tasktune.planning.rows import Rows
from tasktune.planning.setup import Setup
from tasktune.training.batches import Collator
from tasktune.training.fused_lora import fuse
from tasktune.training.fused_norm import fuse_norms
from tasktune.training.shared_prefix import Way, plain_way, token_losses, token_losses_apart

TOLERANCE = 0.06
"""How far an estimate may be from what is measured."""
ROWS, SUFFIX, PREFIX, ANSWER = 4, 50, 70, 5
SIZES: dict[str, Any] = {
    "vocab_size": 500,
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 3,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "tie_word_embeddings": False,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GPU = Device(name="GPU", kind="gpu", memory=0)
CPU = Device(name="CPU", kind="cpu", memory=0)


class Case:
    """A small model made ready as the trainer does it, a batch, and the plan of it."""

    def __init__(
        self, family: str, tuning: str, *, bf16: bool, prefix: int, device: Device = GPU, accumulation: int = 1
    ) -> None:
        torch.manual_seed(0)
        config = CONFIG_MAPPING[family](**SIZES)
        model = AutoModelForCausalLM.from_config(config)
        if bf16 and tuning != "full":
            model = model.to(torch.bfloat16)
        if tuning != "full":
            lora = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", use_dora=tuning == "dora")
            model = get_peft_model(model, lora)
            fuse(model)
            fuse_norms(model)
        self.model = model.train()
        self.loss_model = model if tuning == "full" else model.get_base_model()
        self.bf16 = bf16
        self.device = device
        self.architecture: Architecture = from_config(config.to_dict(), family)
        self.setup = Setup(
            base_model=family,
            tuning=tuning,
            rank=4,
            batch_size=ROWS,
            gradient_accumulation=accumulation,
            precision="bf16" if bf16 else "fp32",
        )
        self.rows = Rows(
            count=ROWS,
            prompt_tokens=ROWS * (prefix + SUFFIX - ANSWER),
            completion_tokens=ROWS * ANSWER,
            longest=prefix + SUFFIX,
            longest_completion=ANSWER,
            prefix=prefix,
        )
        shared = torch.randint(3, 500, (prefix,))
        self.data = [
            {
                "prompt": [*shared.tolist(), *torch.randint(3, 500, (length - ANSWER,)).tolist()],
                "answers": [torch.randint(3, 500, (ANSWER,)).tolist()],
            }
            # One row is shorter, so there is a mask, as there is in training.
            for length in [SUFFIX - 2, *[SUFFIX] * (ROWS - 1)]
        ]
        self.shared = Way(Collator(0, prefix), shared, token_losses)
        self.apart = replace(self.shared, token_losses=token_losses_apart)

    def loss(self, way: Way | None = None) -> torch.Tensor:
        way = way or self.shared
        autocast = torch.autocast("cpu", torch.bfloat16) if self.bf16 else contextlib.nullcontext()
        with autocast:
            return way(self.loss_model, way.collator(self.data)).sum()


def kept_for_backward(case: Case, way: Way) -> int:
    """Bytes of all storages, parameters apart, that autograd holds when the loss is there."""
    parameters = {parameter.untyped_storage().data_ptr() for parameter in case.model.parameters()}
    packed: list[weakref.ref[torch.Tensor]] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        packed.append(weakref.ref(tensor))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = case.loss(way)
    # Through weak references only what the graph still holds is seen.
    tensors = [tensor for tensor in (reference() for reference in packed) if tensor is not None]
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    del loss
    return sum(size for pointer, size in storages.items() if pointer not in parameters)


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all storages that are alive, and their peak."""

    def __init__(self, *tensors: torch.Tensor) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known: set[int] = set()
        for tensor in tensors:
            self._see(tensor)

    def _see(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, key, size)

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self._see(leaf)
        return out


def peak_of_a_step(case: Case) -> tuple[int, int]:
    """The peak in bytes of the second optimizer step, and what AdamW keeps."""
    trained = [parameter for parameter in case.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, fused=True)
    live = LiveBytes(*case.model.parameters())
    with live:
        for _step in range(2):
            live.peak = live.now
            for _batch in range(case.setup.gradient_accumulation):
                case.loss().backward()
            peak = live.peak
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
    moments = [value for state in optimizer.state.values() for value in state.values() if value.numel() > 1]
    return peak, sum(value.nbytes for value in moments)


def cases() -> Iterator[Any]:
    for tuning, bf16, prefix in itertools.product(("lora", "dora", "full"), (True, False), (0, PREFIX)):
        yield "qwen3", tuning, bf16, prefix, GPU
    for prefix in (0, PREFIX):
        yield "llama", "lora", True, prefix, GPU
        yield "qwen3", "lora", True, prefix, CPU
    yield "llama", "lora", False, PREFIX, CPU
    yield "qwen3", "full", True, PREFIX, CPU


@pytest.mark.parametrize(("family", "tuning", "bf16", "prefix", "device"), list(cases()))
def test_what_is_kept_for_the_backward_pass(family: str, tuning: str, bf16: bool, prefix: int, device: Device) -> None:
    case = Case(family, tuning, bf16=bf16, prefix=prefix, device=device)
    apart = device.kind == "cpu" and prefix > 0
    measured = kept_for_backward(case, case.apart if apart else case.shared)
    runs = passes(case.setup, case.rows, device)
    kept = what_is_kept(case.architecture, case.setup, mixed=bf16)
    blocks = of_blocks(case.architecture, runs, kept, checkpointing=False, residual=FP32)
    # Cross entropy keeps log-probabilities, or what a frozen projection makes of them: a gradient of the hidden state.
    loss = case.architecture.vocabulary * FP32 if tuning == "full" else case.architecture.hidden * kept.operand
    estimate = blocks + loss * ROWS * ANSWER + copies(case.architecture, case.setup, device, passes=len(runs))
    assert estimate == pytest.approx(measured, rel=TOLERANCE)


@pytest.mark.parametrize(
    ("family", "tuning", "bf16", "prefix", "accumulation"),
    [
        ("qwen3", "lora", True, 0, 1),
        ("qwen3", "lora", True, PREFIX, 1),
        ("qwen3", "full", True, 0, 1),
        ("qwen3", "full", True, 0, 2),
        ("qwen3", "full", False, PREFIX, 1),
        ("llama", "dora", True, PREFIX, 2),
    ],
)
def test_the_peak_of_training(family: str, tuning: str, bf16: bool, prefix: int, accumulation: int) -> None:
    case = Case(family, tuning, bf16=bf16, prefix=prefix, accumulation=accumulation)
    measured, moments = peak_of_a_step(case)
    plan = memory(case.architecture, case.setup, case.rows, GPU)
    assert plan.total - plan.parts["allowance"] == pytest.approx(measured, rel=TOLERANCE)
    assert plan.parts["optimizer"] == moments
    trained = sum(parameter.nbytes for parameter in case.model.parameters() if parameter.requires_grad)
    assert plan.parts["gradients"] == trained
    frozen = sum(parameter.nbytes for parameter in case.model.parameters()) - trained
    assert plan.parts["weights"] == (trained if tuning == "full" else frozen)


def test_gradient_checkpointing() -> None:
    case = Case("qwen3", "full", bf16=False, prefix=0)
    whole, _moments = peak_of_a_step(case)
    case = Case("qwen3", "full", bf16=False, prefix=0)
    case.loss_model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    measured, _moments = peak_of_a_step(case)
    setup = case.setup.model_copy(update={"gradient_checkpointing": True})
    plan = memory(case.architecture, setup, case.rows, GPU)
    assert plan.total - plan.parts["allowance"] == pytest.approx(measured, rel=0.15)
    assert measured < whole


def test_the_plain_loss_takes_more_than_is_planned_for_the_shared_prefix() -> None:
    """The figure without sharing is that of whole rows: what a batch takes whose prefix is computed in every row."""
    case = Case("qwen3", "lora", bf16=True, prefix=PREFIX)
    shared = kept_for_backward(case, case.shared)
    plain = kept_for_backward(case, plain_way(0))
    setup = case.setup.model_copy(update={"prefix_sharing": False})
    kept = what_is_kept(case.architecture, setup, mixed=True)
    whole = of_blocks(case.architecture, passes(setup, case.rows, GPU), kept, checkpointing=False, residual=FP32)
    assert shared < whole < plain
