"""When memory runs out: go on with fewer rows at a time, or say in figures what takes it and what would fit.

A step learns from as many rows as before, cut into smaller batches: its loss and gradients are the same. What has run
out of memory is ended and begun anew, for a process does not get back all that it had.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasktune.errors import InputError, RunError
from tasktune.locale import translate as _
from tasktune.training.at_once import AtOnce, asked, reduce

if TYPE_CHECKING:
    from tasktune.definition import Task, TrainingSpec
    from tasktune.planning.plan import Plan
    from tasktune.training.audit import Audit
    from tasktune.workspace.versions import Version

_GIB = 2**30
_OF_TORCH = ("out of memory", "can't allocate memory", "not enough memory")
"""What torch says, on a GPU and on a CPU, without a class of errors for it on the latter."""


class FewerRows(Exception):
    """Memory ran out; it has been noted that fewer rows are to be computed at a time."""


@contextmanager
def watching_memory(task: Task, version: Version, audit: Audit, at_once: AtOnce | None = None) -> Iterator[None]:
    """Inside the block, running out of memory becomes an error that says what to do.

    ``at_once`` is how much is computed at a time, None where less would not help.

    :raises FewerRows: memory ran out with more than one row at a time, and ``training.auto_batch`` allows fewer.
    :raises RunError: memory ran out for good.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not _ran_out(error):
            raise
        less = None if at_once is None else at_once.halved(longest_behind(audit, task.spec.training))
        if less is not None and task.spec.training.auto_batch:
            reduce(version, less)
            raise FewerRows from error
        raise _explained(task, audit, at_once) from error


def _ran_out(error: RuntimeError | MemoryError) -> bool:
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OF_TORCH)


def longest_behind(audit: Audit, training: TrainingSpec) -> int:
    """The tokens of the longest row behind the prefix, if that is shared."""
    split = audit.train
    return split.longest - (split.prefix if training.prefix_sharing == "auto" else 0)


def _explained(task: Task, audit: Audit, at_once: AtOnce | None) -> RunError:
    from tasktune.planning.device import here
    from tasktune.planning.plan import plan
    from tasktune.planning.rows import audited
    from tasktune.planning.setup import setup_of
    from tasktune.planning.sharding import devices_of

    training = task.spec.training
    rows = (at_once or asked(training)).rows_of(longest_behind(audit, training))
    message = _(
        "memory ran out with {rows} rows of up to {tokens} tokens at a time", rows=rows, tokens=audit.train.longest
    )
    device = here()
    devices = devices_of(task.spec, gpu=device.kind == "gpu")
    planned_as = {"batch_size": rows, "batch_tokens": None, "devices": devices}
    setup = setup_of(training).model_copy(update=planned_as)
    try:
        planned = plan(setup, audited(audit.train), device, task.folder)
    except InputError:
        # A base whose dimensions are not known can be trained all the same.
        return RunError(message, hint=_("tune plan shows what takes memory and what would fit"))
    return RunError(f"{message}; {_figures(planned)}", hint=_hint(planned, auto_batch=training.auto_batch))


def _figures(planned: Plan) -> str:
    largest = max(planned.memory.parts, key=lambda part: planned.memory.parts[part])
    return _(
        "by tune plan they take {total:.1f} GB, most of it {part} ({size:.1f} GB), and {device} has {memory:.1f} GB",
        total=planned.total / _GIB,
        part=largest,
        size=planned.memory.parts[largest] / _GIB,
        device=planned.device.name,
        memory=planned.device.memory / _GIB,
    )


def _hint(planned: Plan, *, auto_batch: bool) -> str:
    if not auto_batch and planned.setup.batch_size > 1:
        return _("set training.auto_batch: true to go on with fewer rows at a time")
    if planned.fits:
        return _("end what else takes memory there; the same command goes on where it stopped")
    changes = "; ".join(", ".join(each.settings) for each in planned.changes)
    return _("this would fit: {changes}", changes=changes) if changes else _("take a GPU with more memory")
