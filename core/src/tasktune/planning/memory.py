"""How much memory a training run takes at its peak, part by part, in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tasktune.planning import sharding
from tasktune.planning.activations import BF16, FP32, Kept, Pass, of_blocks
from tasktune.planning.architecture import (
    Architecture,
    adapted,
    adapter_parameters,
    block,
    block_parameters,
    parameters,
)
from tasktune.planning.device import GIB, Device
from tasktune.planning.rows import Rows
from tasktune.planning.setup import Setup
from tasktune.training.sizes import padded, tokens_at_once
from tasktune.types import Value

NF4_BITS = 4 + 8 / 64 + 32 / (64 * 256)
"""Bits a parameter of NF4 with double quantisation, 4.127 (Dettmers et al. 2023, QLoRA, arXiv:2305.14314, section 3):
4 for the number, an 8-bit constant for every 64 of them, and an fp32 constant for every 256 of those."""
ADAM_BYTES = 2 * FP32
"""Bytes a trained parameter that AdamW keeps (Loshchilov & Hutter 2019, arXiv:1711.05101; ``torch.optim.AdamW``): the
mean of the gradient and of its square, each in the format of the parameter, which is fp32."""
LOSS_COPIES = 3
"""fp32 copies of the logits at the peak of cross entropy's backward pass where the output projection learns: the
log-probabilities that it has kept, the gradient that comes in, and the one that goes out."""
CUDA_CONTEXT = round(0.75 * GIB)
"""Allowance: what a process takes on a GPU before its first tensor (driver context, loaded kernels, cuBLAS' workspace);
nvidia-smi shows some 0.4 to 0.8 GB for it, by card and driver. Not measured by us."""
FRAGMENTATION = 0.10
"""Allowance: what the caching allocator holds and cannot use, as a share of the memory that is taken anew in every
step. Rows differ in length, so blocks that are freed fit the next ones badly. An assumption, not measured by us."""

Part = Literal[
    "weights",
    "copies",
    "gathered",
    "adapter",
    "gradients",
    "optimizer",
    "activations",
    "logits",
    "workspace",
    "allowance",
]


class Memory(Value):
    """The parts in bytes, zeros left out, in the order in which they are taken.

    ``replaced``: with one batch a step, the gradients come as the activations go, so that much of the smaller of the
    two is not there at the peak. Accumulated gradients are there all the time.
    """

    parts: Mapping[Part, int]
    replaced: int = 0

    @property
    def total(self) -> int:
        """The peak."""
        return sum(self.parts.values()) - self.replaced


def memory(of: Architecture, setup: Setup, rows: Rows, device: Device) -> Memory:
    """The peak of a run, that of a batch of its longest rows."""
    bf16 = uses_bf16(setup, device)
    trained = trained_parameters(of, setup)
    runs = passes(setup, rows, device)
    kept = what_is_kept(of, setup, mixed=bf16)
    residual = weight_bytes(setup, device)
    labelled = setup.batch_size * (2 if setup.pairs else 1) * rows.longest_completion
    activations = of_blocks(of, runs, kept, checkpointing=setup.gradient_checkpointing, residual=residual)
    workspace = _workspace(of, setup, runs, kept.operand)
    if learns_projection(setup):
        logits = at_the_loss = LOSS_COPIES * FP32 * of.vocabulary * labelled
    else:
        # They are gone when the backward pass begins: what stays of them is a gradient for each hidden state.
        logits = _logits_at_once(of, labelled, device, kept.operand)
        at_the_loss = 0
        activations += kept.operand * of.hidden * labelled
        workspace = max(0, workspace - logits)
    # The cache is gone when the logits come.
    activations += max(0, _prefix_cache(of, runs, kept.operand) - logits - workspace)
    anew = activations + logits + workspace
    allowance = round(FRAGMENTATION * anew) + CUDA_CONTEXT if device.kind == "gpu" else 0
    parts: dict[Part, int] = {
        "weights": weights(of, setup, device),
        "copies": copies(of, setup, device, passes=len(runs)),
        "gathered": sharding.gathered(of, kept.operand) if setup.split else 0,
        "adapter": FP32 * trained if setup.adapts else 0,
        "gradients": FP32 * trained,
        "optimizer": ADAM_BYTES * trained,
        "activations": activations,
        "logits": logits,
        "workspace": workspace,
        "allowance": allowance,
    }
    if setup.split:
        parts = sharding.shared_out(parts, setup.devices)
    return Memory(
        parts={name: size for name, size in parts.items() if size},
        replaced=min(parts["gradients"], activations + at_the_loss) if setup.gradient_accumulation == 1 else 0,
    )


def uses_bf16(setup: Setup, device: Device) -> bool:
    """Whether matrix products run in bf16: as told, or where the device has it."""
    return device.bf16 if setup.precision == "auto" else setup.precision == "bf16"


def learns_projection(setup: Setup) -> bool:
    """Whether the output projection is trained, or has an adapter."""
    return not setup.adapts or "lm_head" in setup.target_modules


def _logits_at_once(of: Architecture, labelled: int, device: Device, operand: int) -> int:
    """The logits of some labelled tokens as they come out of the matrix product, and in fp32 where that is not the same
    (:mod:`tasktune.training.cross_entropy`)."""
    tokens = min(labelled, tokens_at_once(device.kind, of.vocabulary))
    return of.vocabulary * tokens * (FP32 if operand == FP32 else FP32 + operand)


def trained_parameters(of: Architecture, setup: Setup) -> int:
    """The parameters that learn."""
    if not setup.adapts:
        return parameters(of)
    return adapter_parameters(adapted(of, setup.target_modules), setup.rank, magnitudes=setup.tuning == "dora")


def weight_bytes(setup: Setup, device: Device) -> int:
    """Bytes of a weight that is not quantised: trained ones are fp32, frozen ones bf16 if that is computed in."""
    return BF16 if setup.adapts and uses_bf16(setup, device) else FP32


def weights(of: Architecture, setup: Setup, device: Device) -> int:
    """The base model. Quantised are the matrices of the blocks; embeddings, norms and output projection are not.

    8 bits are LLM.int8()'s (Dettmers et al. 2022, arXiv:2208.07339): a byte a weight and an fp32 scale an output.
    """
    size = weight_bytes(setup, device)
    if setup.tuning != "qlora":
        return size * parameters(of)
    rest = size * (parameters(of) - block_parameters(of))
    if setup.bits == 4:
        return rest + round(NF4_BITS / 8 * block_parameters(of))
    return rest + block_parameters(of) + of.layers * sum(FP32 * matrix.outputs for matrix in block(of))


def copies(of: Architecture, setup: Setup, device: Device, passes: int) -> int:
    """The bf16 copies that autocast makes of fp32 weights, kept until the backward pass.

    A weight that learns is copied once a step; layers that are fused with their adapter copy it in every pass.
    """
    if not uses_bf16(setup, device):
        return 0
    if setup.split:
        return sharding.copies(of)
    if setup.adapts:
        return BF16 * trained_parameters(of, setup) * (passes if setup.fused else 1)
    return BF16 * (block_parameters(of) + of.vocabulary * of.hidden)


def what_is_kept(of: Architecture, setup: Setup, *, mixed: bool) -> Kept:
    """Which of a block's tensors the backward pass needs."""
    names = {matrix.name for matrix in block(of)}
    if setup.adapts:
        chosen = {matrix.name for matrix in adapted(of, setup.target_modules)}
        names = {name for name in names if any(path.endswith("." + name) for path in chosen)}
    # The norms of a quantised base are computed in fp32.
    norm = BF16 if mixed and setup.tuning in ("lora", "dora") else FP32
    rank = setup.rank if setup.adapts else 0
    return Kept(names, setup.adapts, mixed, rank, setup.tuning == "dora", setup.fused, norm)


def passes(setup: Setup, rows: Rows, device: Device) -> tuple[Pass, ...]:
    """The passes of a batch of the longest rows: the shared prefix and what follows it, or whole rows.

    The last token of an answer is predicted and not read; widths are padded. The answers of a pair count with a prompt
    each: that is the most, for they stand behind one where the model allows it.
    """
    sequences = setup.batch_size * (2 if setup.pairs else 1)
    prefix = rows.shared(setup.prefix_sharing)
    read = padded(rows.longest - 1 - prefix)
    if not prefix:
        return (Pass(sequences, read, read),)
    suffix = Pass(sequences, read, prefix + read, apart=device.kind == "cpu")
    # Where blocks are split or computed again, the prefix passes through the whole of the last one.
    to_keys = not (setup.gradient_checkpointing or setup.split)
    return (Pass(1, prefix, prefix, masked=False, to_keys=to_keys), suffix)


def _prefix_cache(of: Architecture, runs: tuple[Pass, ...], operand: int) -> int:
    """Keys and values of a shared prefix, joined to every row's own, which the cache holds through the forward pass."""
    last = runs[-1]
    return 0 if len(runs) == 1 or last.apart else 2 * operand * of.layers * last.rows * last.keys * of.keys


def _workspace(of: Architecture, setup: Setup, runs: tuple[Pass, ...], operand: int) -> int:
    """What the backward pass of one block takes for a moment: the gradients of the gated network's three tensors, and
    the largest matrix as numbers: unpacked (QLoRA), merged with its update (DoRA), or its gradient (full)."""
    largest = max(matrix.inputs * matrix.outputs for matrix in block(of))
    matrices = {"lora": 0, "qlora": BF16, "dora": 3 * FP32, "full": FP32 + operand}[setup.tuning]
    return 3 * operand * of.intermediate * max(run.tokens for run in runs) + matrices * largest
