"""Full fine-tuning of a model that is split over the processes: each holds a share of every weight, of its gradient and
of the optimizer's state.

Rajbhandari et al. 2020 (ZeRO, stage 3, arXiv:1910.02054), by torch's ``fully_shard`` (Zhao et al. 2023, PyTorch FSDP,
arXiv:2304.11277): a block's weights are gathered before it computes and let go afterwards, its gradients are added up
as shares. The losses go past the model's own forward and through its blocks twice (a prefix, and what stands behind
it), so the root that gathers the rest of the weights is a module around whatever is computed.

In bfloat16 the blocks' weights are gathered as such: copies that autocast made of gathered ones would outlive them,
all together, until the backward pass. Shares, the sums of gradients and the stream between blocks stay in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard

from tasktune.errors import RunError
from tasktune.locale import translate as _
from tasktune.training import processes
from tasktune.training.recomputation import blocks_of, place_of
from tasktune.training.shared_prefix import Way, plain_way

ChooseWay = Callable[..., Way | None]
"""What finds the fastest way (:meth:`tasktune.training.backends.Backend.way`)."""


class Shards(torch.nn.Module):
    """A model split over the processes; what is computed with it is computed through here, by all of them together.

    The processes must run the same blocks equally often, whatever rows they have.
    """

    def __init__(self, model: Any, *, bf16: bool) -> None:
        super().__init__()
        self.model = model
        self._bf16 = bf16

    def forward(self, compute: Callable[..., Any], *arguments: Any) -> Any:
        """What ``compute`` makes of the arguments: inside, the blocks gather their weights, and the rest is there."""
        with torch.autocast(self.model.device.type, torch.bfloat16, enabled=self._bf16):
            return compute(*arguments)

    def computing(self, compute: Callable[..., Any], *arguments: Any) -> Any:
        """The same; what was gathered without a backward pass to come does not outlive the weights."""
        found = self(compute, *arguments)
        if not torch.is_grad_enabled():
            _as_fsdp(self).reshard()
        return found

    def choosing(self, choose: ChooseWay) -> ChooseWay:
        """A backend's choice of how losses are computed, made and used through here."""

        def chosen(
            causal_lm: Any, rows: Sequence[Mapping[str, Any]], prefix: Sequence[int], pad: int, **options: Any
        ) -> Way:
            with torch.no_grad():
                way = self.computing(partial(choose, **options), causal_lm, rows, prefix, pad) or plain_way(pad)
            # What was tried may have ended in an error within a block.
            _as_fsdp(self).reset_iter_state()
            return replace(way, token_losses=partial(self.computing, way.token_losses))

        return chosen

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Inside the block every process has all weights, and may use them as often as it likes."""
        # The first one is this module, which lets go by itself after the backward pass.
        root, *blocks = self._parts()
        for block in blocks:
            block.set_reshard_after_forward(False, recurse=False)
        for part in (root, *blocks):
            part.unshard()
        try:
            yield
        finally:
            for part in (root, *blocks):
                part.reshard()
            for block in blocks:
                block.set_reshard_after_forward(True, recurse=False)

    def save(self, folder: Path, optimizer: Any) -> None:
        """Write weights and optimizer into ``folder``, each process its share."""
        state = {
            "model": get_model_state_dict(self.model),
            "optimizer": get_optimizer_state_dict(self.model, optimizer),
        }
        save(state, checkpoint_id=folder)

    def load_weights(self, folder: Path) -> None:
        """Take over the weights of :meth:`save`.

        :raises RunError: ``folder`` was written by processes that did not split the model.
        """
        if not (folder / ".metadata").exists():
            raise RunError(
                _("{folder} holds a whole model, and this run splits it over processes", folder=folder),
                hint=_("set execution.sharding: none, or remove {folder} to train from the beginning", folder=folder),
            )
        state = {"model": get_model_state_dict(self.model)}
        load(state, checkpoint_id=folder)
        set_model_state_dict(self.model, state["model"])

    def load_optimizer(self, folder: Path, optimizer: Any) -> None:
        """Take over the optimizer's state of :meth:`save`."""
        state = {"optimizer": get_optimizer_state_dict(self.model, optimizer)}
        load(state, checkpoint_id=folder)
        set_optimizer_state_dict(self.model, optimizer, state["optimizer"])

    def weights(self) -> dict[str, torch.Tensor]:
        """All weights by name, for the first process and not on its GPU; the others get none. Tied ones are one."""
        found: dict[str, Any] = get_model_state_dict(
            self.model, options=StateDictOptions(full_state_dict=True, cpu_offload=True)
        )
        first: dict[torch.nn.Parameter, str] = {}
        for name, weight in self.model.named_parameters(remove_duplicate=False):
            if found:
                found[name] = found[first.setdefault(weight, name)]
        return found

    def _parts(self) -> list[FSDPModule]:
        return [module for module in self.modules() if isinstance(module, FSDPModule)]


def shard(model: Any, device: str, *, bf16: bool) -> Shards:
    """Split ``model``, in float32 and the same in all processes, and move each one's shares to its ``device``."""
    mesh = init_device_mesh(torch.device(device).type, (processes.count(),))
    half = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32, cast_forward_inputs=False)
    for block in blocks_of(model.get_decoder()):
        fully_shard(block, mesh=mesh, mp_policy=half if bf16 else MixedPrecisionPolicy())
        block.register_forward_hook(partial(_gather_for_cache, place_of(block)), with_kwargs=True)
    whole = Shards(model, bf16=bf16)
    fully_shard(whole, mesh=mesh)
    for part in whole._parts():
        # A step's loss is divided by the rows of all processes already; gloo adds up, and does not average.
        part.set_gradient_divide_factor(1.0)
        part.set_force_sum_reduction_for_comms(True)
    return whole


def _gather_for_cache(place: int, block: Any, _inputs: Any, keywords: dict[str, Any], _output: Any) -> None:
    """Gather a block's weights when a gradient comes back through the keys and values that it has left in a cache.

    torch does so for a block's output. That of the last block for a prefix is never used, its keys and values are.
    """
    cache = keywords.get("past_key_values")
    if cache is None or not torch.is_grad_enabled():
        return
    for tensor in (cache.layers[place].keys, cache.layers[place].values):
        if tensor.requires_grad:
            tensor.register_hook(lambda _gradient: block.unshard())


def _as_fsdp(module: torch.nn.Module) -> FSDPModule:
    assert isinstance(module, FSDPModule)
    return module
