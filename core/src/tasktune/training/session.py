"""What a worker adds to ``provenance.json``: where and when it worked, and what it found to begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasktune import base_models
from tasktune.training import processes
from tasktune.training.at_once import AtOnce, reduced
from tasktune.workspace.environment import Device, Environment, environment
from tasktune.workspace.provenance import (
    Base,
    Provenance,
    Session,
    StartFrom,
    now,
    read_provenance,
    weights_of,
    write_provenance,
)
from tasktune.workspace.versions import Version, get_version

if TYPE_CHECKING:
    from tasktune.definition import Task


@contextmanager
def recorded(
    task: Task, version: Version, stage: Literal["train", "evaluate"], split: str | None = None
) -> Iterator[None]:
    """Record a session around the block, from its beginning: one that is killed is known too.

    The sessions before it stay. Of several processes the first writes for all.

    :raises InputError: the version has no provenance that can be read.
    """
    if not processes.is_first():
        yield
        return
    session = Session(
        stage=stage,
        split=split,
        started=now(),
        environment=_with_torch(environment(task), reduced(version) if stage == "train" else None),
    )
    before = read_provenance(version)
    write_provenance(version, before.model_copy(update={"sessions": (*before.sessions, session)}))
    try:
        yield
    finally:
        ended, current = session.model_copy(update={"ended": now()}), read_provenance(version)
        sessions = tuple(ended if each == session else each for each in current.sessions)
        write_provenance(version, current.model_copy(update={"sessions": sessions}))
    _complete(task, version)


def _with_torch(light: Environment, less: AtOnce | None) -> Environment:
    import torch

    seen = torch.cuda.is_available()
    return light.model_copy(
        update={
            "device": Device(
                processes=processes.count(),
                rows_at_once=less and less.rows,
                tokens_at_once=less and less.tokens,
                threads=torch.get_num_threads(),
                gpus=tuple(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())) if seen else (),
                cuda=torch.version.cuda if seen else None,
                cudnn=str(torch.backends.cudnn.version()) if seen else None,  # type: ignore[no-untyped-call]
            )
        }
    )


def _complete(task: Task, version: Version) -> None:
    """Say what the base was, now that it has been used and any download of it is done."""
    found: Provenance = read_provenance(version)
    if found.base.commit is not None or found.base.files is not None:
        return
    name = task.spec.training.start_from
    start = None
    if name is not None:
        start = StartFrom(version=name, weights=weights_of(get_version(task.folder, name)))
    write_provenance(version, found.model_copy(update={"base": base_of(task), "start_from": start}))


def base_of(task: Task) -> Base:
    """The base model that the task's definition means on this machine now.

    :raises InputError: there is none.
    """
    training = task.spec.training
    location = base_models.locate(training.base_model, task.folder)
    known = Base(name=training.base_model, revision=training.revision)
    if Path(location).is_dir():
        return known.model_copy(update={"files": base_models.contents(Path(location))})
    return known.model_copy(update={"commit": base_models.hub_commit(location, training.revision)})
