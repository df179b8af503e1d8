"""What a device holds of a model that is split over several (:mod:`tasktune.training.sharding`), in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from tasktune.definition import TaskSpec
from tasktune.planning.activations import BF16, FP32
from tasktune.planning.architecture import Architecture, parameters

_Part = TypeVar("_Part", bound=str)
_SPLIT = ("weights", "gradients", "optimizer")


def devices_of(spec: TaskSpec, *, gpu: bool) -> int:
    """Over how many devices a definition splits a model that it trains in full; 1 if it does not.

    ``gpu``: they are GPUs. Which torch is installed here does not count, but that of the machine that trains.
    """
    sharding = spec.execution.sharding
    return spec.execution.together if sharding == "full" or (sharding == "auto" and gpu) else 1


def shared_out(parts: Mapping[_Part, int], devices: int) -> dict[_Part, int]:
    """The parts with a device's share of what is split (Rajbhandari et al. 2020, ZeRO, arXiv:1910.02054, section 5)."""
    return {name: -(-size // devices) if name in _SPLIT else size for name, size in parts.items()}


def gathered(of: Architecture, operand: int) -> int:
    """What is whole for a moment, at the peak of the backward pass.

    Weights of two blocks, one that computes and one that arrives; gradients of one, as they are computed (``operand``
    bytes a number) and in fp32 as they are added up. And of all that is in no block, in fp32: weights and gradients.
    Read from torch's ``fully_shard``; two processes on a CPU, which gather nothing ahead, took from 9 % less to
    2 % more than a plan with this (8 blocks and a small vocabulary, 4 and a large one).
    """
    block = _of_a_block(of)
    rest = parameters(of) - of.layers * block
    return block * (2 * operand + operand + FP32) + rest * 2 * FP32


def copies(of: Architecture) -> int:
    """The bf16 copies that autocast makes of gathered weights: the output projection's, as blocks come in bf16."""
    return BF16 * of.vocabulary * of.hidden


def _of_a_block(of: Architecture) -> int:
    outside = of.vocabulary * of.hidden * (1 if of.tied else 2) + of.hidden
    return (parameters(of) - outside) // of.layers
