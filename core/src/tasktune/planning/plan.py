"""The plan of a run: memory, time, whether it fits, what would make it fit, and what else fits."""

from __future__ import annotations

from pathlib import Path

from tasktune.planning.architecture import Architecture, parameters
from tasktune.planning.bases import architecture_of
from tasktune.planning.cut import heaviest
from tasktune.planning.device import Device
from tasktune.planning.duration import Duration, duration
from tasktune.planning.fits import Change, Choice, changes, choices, largest_batch, largest_model
from tasktune.planning.memory import Memory, memory, trained_parameters
from tasktune.planning.rows import Rows
from tasktune.planning.setup import Setup
from tasktune.types import Value


class Plan(Value):
    """What :func:`plan` finds. Memory is in bytes.

    ``plain_memory`` and ``plain_duration`` are those without prefix sharing, None when nothing is shared anyway.
    ``changes`` are there when the run does not fit; ``largest`` is the largest well-known model that fits with this
    batch.
    """

    device: Device
    setup: Setup
    architecture: Architecture
    parameters: int
    trained: int
    rows: Rows
    memory: Memory
    total: int
    fits: bool
    largest_batch: int
    duration: Duration
    plain_memory: int | None
    plain_duration: Duration | None
    changes: tuple[Change, ...]
    choices: tuple[Choice, ...]
    largest: Choice | None


def plan(setup: Setup, rows: Rows, device: Device, task_folder: Path) -> Plan:
    """Plan a run of these rows on this device.

    :raises InputError: the base model's dimensions cannot be found, or it lacks the modules that are to be adapted.
    """
    of = architecture_of(setup.base_model, setup.revision, task_folder)
    needed = memory(of, heaviest(setup, rows), rows, device)
    fits = needed.total <= device.memory
    found = choices(setup, rows, device, of)
    plain = setup.model_copy(update={"prefix_sharing": False})
    shared = rows.shared(setup.prefix_sharing) > 0
    return Plan(
        device=device,
        setup=setup,
        architecture=of,
        parameters=parameters(of),
        trained=trained_parameters(of, setup),
        rows=rows,
        memory=needed,
        total=needed.total,
        fits=fits,
        largest_batch=largest_batch(of, setup, rows, device),
        duration=duration(of, setup, rows, device),
        plain_memory=memory(of, heaviest(plain, rows), rows, device).total if shared else None,
        plain_duration=duration(of, plain, rows, device) if shared else None,
        changes=() if fits else tuple(changes(of, setup, rows, device, found)),
        choices=found,
        largest=largest_model(found, heaviest(setup, rows).batch_size),
    )
