"""``provenance.json``: everything needed to say where a version's numbers come from, and to make them again."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from tasktune.definition.task import Task
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.environment import Environment
from tasktune.workspace.files import sha256_of, write_text_atomically
from tasktune.workspace.versions import Version


class Base(Value):
    """The base model: its ``name`` and ``revision`` as the definition has them, and what these meant.

    That is the ``commit`` of a model on the Hub, or the SHA-256 of each of the ``files`` of a folder. Both are None
    until a worker has used it.
    """

    name: str
    revision: str | None = None
    commit: str | None = None
    files: Mapping[str, str] | None = None


class StartFrom(Value):
    """The version whose weights training began with, and the SHA-256 of each of their files."""

    version: str
    weights: Mapping[str, str]


class TaskTypeSource(Value):
    """The task type: its ``name``, distribution and version (``origin``), and a SHA-256 over its modules."""

    name: str
    origin: str
    code: str


class Session(Value):
    """One worker: what it did, when and where.

    A run that was interrupted has several. ``ended`` is None for one that was killed, or is at work still.
    """

    stage: Literal["train", "evaluate"]
    split: str | None = None
    started: datetime.datetime
    ended: datetime.datetime | None = None
    environment: Environment


class Provenance(Value):
    """Where a version comes from.

    ``started`` and ``finished`` (None before) frame all of its stages, in UTC; ``command`` is the command line that
    began it. ``data`` maps every data file to its SHA-256, ``seeds`` the keys of task.yaml that fix what is random to
    their values.
    """

    started: datetime.datetime
    finished: datetime.datetime | None = None
    command: tuple[str, ...]
    data: Mapping[str, str]
    base: Base
    start_from: StartFrom | None = None
    task_type: TaskTypeSource
    seeds: Mapping[str, int]
    sessions: tuple[Session, ...] = ()

    @property
    def environments(self) -> list[Environment]:
        """Where the model and the answers to the test rows were computed."""
        return [each.environment for each in self.sessions if each.stage == "train" or each.split == "test"]


def provenance(task: Task, data_hashes: Mapping[str, str], code: str) -> Provenance:
    """What a run starts from. ``data_hashes`` maps files to their SHA-256, ``code`` is that of the task type."""
    spec = task.spec
    return Provenance(
        started=now(),
        command=(os.path.basename(sys.argv[0]), *sys.argv[1:]),  # noqa: PTH119
        data=data_hashes,
        base=Base(name=spec.training.base_model, revision=spec.training.revision),
        task_type=TaskTypeSource(name=task.plugin.name, origin=task.plugin.origin, code=code),
        seeds={"training.seed": spec.training.seed, "data.split.seed": spec.data.split.seed},
    )


def read_provenance(version: Version) -> Provenance:
    """The provenance of a version.

    :raises InputError: the file is not there, or it is not one that this tasktune reads.
    """
    path = version.provenance
    hint = _("it was made by another tasktune, or changed by hand; train the task anew with tune run")
    try:
        return Provenance.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(_("{file} does not exist", file=path), hint=hint) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        reason = _("{title}: {text}", title=where, text=first["msg"]) if where else first["msg"]
        raise InputError(_("{file}: {reason}", file=path, reason=reason), hint=hint) from error


def write_provenance(version: Version, provenance: Provenance) -> None:
    """Keep the provenance of a version."""
    write_text_atomically(version.provenance, provenance.model_dump_json(indent=2) + "\n")


def weights_of(version: Version) -> dict[str, str]:
    """SHA-256 of every file of a trained version's weights, by its path in the version's folder."""
    folders: tuple[Path, ...] = (version.adapter, version.model)
    files = sorted(file for folder in folders for file in folder.glob("*.safetensors"))
    return {file.relative_to(version.folder).as_posix(): sha256_of(file) for file in files}


def now() -> datetime.datetime:
    """The time in UTC, to the second."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
