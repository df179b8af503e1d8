"""What fits: the largest batch, and what to change where a run does not fit."""

from __future__ import annotations

from collections.abc import Sequence

from tasktune.errors import InputError
from tasktune.planning.architecture import Architecture, adapted, parameters
from tasktune.planning.bases import well_known
from tasktune.planning.cut import heaviest, tokens_of
from tasktune.planning.device import Device
from tasktune.planning.memory import memory
from tasktune.planning.rows import Rows
from tasktune.planning.setup import TUNINGS, Setup, Tuning
from tasktune.types import Value

LARGEST_BATCH = 256
"""Batches beyond this are not looked for: steps get few, and nothing gets faster."""


class Choice(Value):
    """A model and a method with the largest batch that fits, 0 where none does."""

    base_model: str
    parameters: int
    tuning: Tuning
    batch_size: int


class Change(Value):
    """A change with which a run fits that did not: the values of task.yaml's ``training`` that differ, and the peak."""

    values: dict[str, bool | int | str]
    total: int

    @property
    def settings(self) -> tuple[str, ...]:
        """The values as task.yaml has them: ``training.batch_size: 4``."""
        return tuple(
            f"training.{name}: {str(value).lower()}" if value is True else f"training.{name}: {value}"
            for name, value in self.values.items()
        )


def largest_batch(of: Architecture, setup: Setup, rows: Rows, device: Device) -> int:
    """The most rows in a batch with which the run fits, at most ``LARGEST_BATCH``; 0 if not even one does.

    Memory grows with the batch, so halving the interval finds it.
    """
    fitting, failing = 0, LARGEST_BATCH + 1
    while failing - fitting > 1:
        middle = (fitting + failing) // 2
        if memory(of, setup.model_copy(update={"batch_size": middle}), rows, device).total <= device.memory:
            fitting = middle
        else:
            failing = middle
    return fitting


def choices(setup: Setup, rows: Rows, device: Device, of: Architecture) -> tuple[Choice, ...]:
    """Every well-known model by every method, the setup's own model among them, the smallest first."""
    models = {**_one_name_each(), setup.base_model: of}
    found = [
        Choice(
            base_model=name,
            parameters=parameters(shape),
            tuning=tuning,
            batch_size=largest_batch(shape, _for(shape, setup, name, tuning), rows, device),
        )
        for name, shape in models.items()
        for tuning in TUNINGS
    ]
    return tuple(sorted(found, key=lambda choice: (choice.parameters, choice.base_model)))


def largest_model(found: Sequence[Choice], batch_size: int) -> Choice | None:
    """The largest model that fits with this batch or more, by the method that changes most of it.

    DoRA is left out: it is LoRA for those who ask for it.
    """
    fitting = [choice for choice in found if choice.batch_size >= batch_size and choice.tuning != "dora"]
    return max(fitting, key=lambda choice: (choice.parameters, -TUNINGS.index(choice.tuning)), default=None)


def changes(of: Architecture, setup: Setup, rows: Rows, device: Device, found: Sequence[Choice]) -> list[Change]:
    """Ways to make a run fit, each alone: a smaller batch that is accumulated, blocks that are computed again, a leaner
    method, a smaller base.

    The rows of a step stay what they were, or become a few more, so that the learning rate still suits them.
    """
    names = [name for name in TUNINGS[TUNINGS.index(setup.tuning) + 1 :] if name != "dora"]
    leaner = [setup.model_copy(update={"tuning": name}) for name in names]
    smaller = [
        choice
        for choice in found
        if choice.parameters < parameters(of) and choice.tuning == setup.tuning and choice.batch_size
    ]
    smaller.sort(key=lambda choice: _suits(choice, heaviest(setup, rows)), reverse=True)
    best = [choice.base_model for choice in smaller]
    ways: list[tuple[Architecture, Setup]] = []
    for candidates in (
        [(of, setup)],
        [] if setup.gradient_checkpointing else [(of, setup.model_copy(update={"gradient_checkpointing": True}))],
        [(of, other) for other in leaner],
        [(well_known()[name], _for(well_known()[name], setup, name, setup.tuning)) for name in best],
    ):
        fitting = ((shape, _fitted(shape, other, rows, device)) for shape, other in candidates)
        ways += [(shape, other) for shape, other in fitting if other is not None][:1]
    return [
        Change(values=_different(setup, other), total=memory(shape, heaviest(other, rows), rows, device).total)
        for shape, other in ways
    ]


def _suits(choice: Choice, setup: Setup) -> tuple[bool, bool, int]:
    """How well a smaller model would do instead: with the batch as it is, of the same maker, and large."""
    maker = setup.base_model.partition("/")[0]
    return choice.batch_size >= setup.batch_size, choice.base_model.startswith(f"{maker}/"), choice.parameters


def _fitted(of: Architecture, setup: Setup, rows: Rows, device: Device) -> Setup | None:
    """The setup with the batch that fits, accumulated; as it is if it fits, None if no batch does."""
    if memory(of, heaviest(setup, rows), rows, device).total <= device.memory:
        return setup
    # Accumulated gradients take more than those of one batch.
    batch = largest_batch(of, setup.model_copy(update={"gradient_accumulation": 2}), rows, device)
    if not batch:
        return None
    if setup.batch_tokens is not None:
        return setup.model_copy(update={"batch_tokens": batch * tokens_of(setup, rows, rows.longest)})
    step = setup.batch_size * setup.gradient_accumulation
    return setup.model_copy(update={"batch_size": batch, "gradient_accumulation": max(2, -(-step // batch))})


def _different(before: Setup, after: Setup) -> dict[str, bool | int | str]:
    names = ("base_model", "tuning", "gradient_checkpointing", "batch_size", "gradient_accumulation", "batch_tokens")
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}


def _for(shape: Architecture, setup: Setup, name: str, tuning: Tuning) -> Setup:
    """The setup for another model, whose modules may have other names: then all linear ones get the adapter."""
    changed = setup.model_copy(update={"base_model": name, "revision": None, "tuning": tuning})
    try:
        adapted(shape, setup.target_modules)
    except InputError:
        return changed.model_copy(update={"target_modules": "all-linear"})
    return changed


def _one_name_each() -> dict[str, Architecture]:
    """The well-known models, each under the first of its names."""
    first: dict[Architecture, str] = {}
    for name, shape in well_known().items():
        first.setdefault(shape, name)
    return {name: shape for shape, name in first.items()}
