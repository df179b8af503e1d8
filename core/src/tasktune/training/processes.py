"""Several processes that train one model together, each on its share of every batch; torchrun starts them.

A process that was started alone is the first of one. What is said here of all processes then costs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain, groupby
from typing import TYPE_CHECKING, TypeVar

from tasktune.training.fully_shard import can_shard

if TYPE_CHECKING:
    import torch

    from tasktune.definition import TaskSpec

_Item = TypeVar("_Item")
_PATIENCE = timedelta(days=1)
"""How long a process waits for the others: the first one may encode millions of rows meanwhile."""
_BUCKET = 2**24
"""Gradients are added up in pieces of so many numbers, so that the copy that travels stays small."""


def count() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def shards(spec: TaskSpec, together: int, *, gpus: bool) -> bool:
    """Whether so many processes split the weights that train among them, by ``execution.sharding``."""
    if together == 1 or spec.execution.sharding == "none":
        return False
    return spec.execution.sharding == "full" or (gpus and spec.training.tuning == "full" and can_shard())


def is_first() -> bool:
    """Whether this process is the one that prepares the rows, speaks, and saves."""
    return os.environ.get("RANK", "0") == "0"


def on_this_machine() -> int:
    """The number of this process among those of its machine, from 0: that of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def joined() -> Iterator[None]:
    """Inside the block the processes know each other; they leave it together, unless one fails.

    The group is not taken apart: gloo may abort a process that does so, and torchrun then ends the others.
    """
    if count() == 1:
        yield
        return
    import torch
    from torch import distributed

    if torch.cuda.is_available():
        torch.cuda.set_device(on_this_machine())
    # Without it gloo's threads may end a process that is done with an error.
    os.environ.setdefault("TORCH_GLOO_LAZY_INIT", "1")
    # Flags and waiting go through the CPU, gradients on a GPU through NCCL.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    yield
    wait_for_all()


def wait_for_all() -> None:
    """Go on when every process has come this far."""
    any_of(False)


def any_of(flag: bool) -> bool:
    """Whether ``flag`` is true in any process; all must ask."""
    if count() == 1:
        return flag
    import torch

    flags = torch.tensor([float(flag)])
    add_up([flags])
    return bool(flags.item())


def gathered(items: list[_Item]) -> list[_Item]:
    """The items of all processes, those of the first one first; all must ask. Items must survive pickling."""
    if count() == 1:
        return items
    from torch import distributed

    found: list[list[_Item]] = [[] for _process in range(count())]
    distributed.all_gather_object(found, items)
    return list(chain.from_iterable(found))


def add_up(tensors: Sequence[torch.Tensor]) -> None:
    """Replace each tensor by the sum of those that stand in its place in the processes; all must ask."""
    if count() == 1:
        return
    import torch
    from torch import distributed

    for _kind, alike in groupby(tensors, key=lambda tensor: (tensor.dtype, tensor.device)):
        for bucket in _buckets(alike):
            joint = torch.cat([tensor.flatten() for tensor in bucket])
            distributed.all_reduce(joint)
            parts = torch.split_with_sizes(joint, [tensor.numel() for tensor in bucket])
            for tensor, part in zip(bucket, parts, strict=True):
                tensor.copy_(part.view_as(tensor))


def _buckets(tensors: Iterator[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    bucket: list[torch.Tensor] = []
    size = 0
    for tensor in tensors:
        bucket.append(tensor)
        size += tensor.numel()
        if size >= _BUCKET:
            yield bucket
            bucket, size = [], 0
    if bucket:
        yield bucket
