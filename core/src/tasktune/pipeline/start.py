"""What a run starts from, as one hash, and the version that started from the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune import base_models
from tasktune.data.records import SPLITS, missing_files, relative_to
from tasktune.definition.load import load_task
from tasktune.definition.snapshot import fingerprint
from tasktune.definition.suggest import did_you_mean
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.training.launch import processes_of, shards
from tasktune.workspace.environment import code_of
from tasktune.workspace.files import sha256_of
from tasktune.workspace.versions import Version, versions

if TYPE_CHECKING:
    from tasktune.definition import Task


def data_hashes(task: Task) -> dict[str, str]:
    """SHA-256 of every data file, by its path as the definition's folder sees it.

    :raises InputError: files are missing; all are named.
    """
    problems = missing_files(task)
    if problems:
        raise InputError(_("data files are missing"), problems=problems)
    files = [path for split in SPLITS for path in task.data_files(split)]
    if task.spec.training.learns_preference:
        files += filter(Path.is_file, task.pairs_files())
    return {relative_to(path, task.folder): sha256_of(path) for path in files}


@dataclass(frozen=True)
class Start:
    """What a run starts from, as hashes: ``whole`` of all of it, ``training`` of what the trained model depends on."""

    whole: str
    training: str


def start_of(task: Task, hashes: Mapping[str, str]) -> Start:
    """SHA-256 over everything that a run starts from: definition, data, base model and the task type's code."""
    training = task.spec.training
    try:
        base = base_models.fingerprint(training.base_model, training.revision, task.folder)
    except InputError as error:
        problem = task.problem(("training", "base_model"), error.message, error.hint)
        raise InputError("", problems=[problem]) from error
    started = _started_from(task)
    # With several processes a step has as many batches; who splits the weights cannot go on from whole checkpoints.
    count = processes_of(task)
    together = [f"processes={count}"] if count > 1 else []
    together += ["sharded"] if shards(task) else []
    rest = [base, code_of(task), started, *together, *(f"{name}={digest}" for name, digest in sorted(hashes.items()))]

    def over(definition: str) -> str:
        return hashlib.sha256("\n".join([definition, *rest]).encode()).hexdigest()

    return Start(over(fingerprint(task)), over(fingerprint(task, of_training=True)))


def _started_from(task: Task) -> str:
    """The hash of what the version that training begins with was trained from; empty without one.

    :raises InputError: there is no such version, or its weights do not fit this task's model.
    """
    name = task.spec.training.start_from
    if name is None:
        return ""
    version = next((each for each in versions(task.folder) if each.name == name), None)
    state = None if version is None else version.state()
    if version is None or state is None or state.training is None or not _has_weights(version):
        trained = [each.name for each in versions(task.folder) if _has_weights(each)]
        hint = did_you_mean(name, trained) or _("trained versions: {known}", known=", ".join(trained) or _("none"))
        message = _("{version} is no trained version of this task", version=name)
        if version is not None and version.pruned.exists():
            message = _("the weights of version {name} were pruned", name=name)
        raise InputError("", problems=[task.problem(("training", "start_from"), message, hint)])
    theirs, ours = load_task(version.definition, folder=task.folder).spec.training, task.spec.training
    shapes = {"base_model", "revision", "tuning", "quantization"} | ({"lora"} if ours.tuning != "full" else set())
    other = sorted(key for key in shapes if getattr(theirs, key) != getattr(ours, key))
    if other:
        message = _("{version} was trained with another {keys}", version=name, keys=", ".join(other))
        hint = _("take the values of {file}, or start from the base", file=relative_to(version.definition, task.folder))
        raise InputError("", problems=[task.problem(("training", "start_from"), message, hint)])
    return f"start={state.training}"


def _has_weights(version: Version) -> bool:
    return version.training.exists() and not version.pruned.exists()


def version_from(task: Task, name: str | None, start: Start) -> Version | None:
    """The version to go on with: the newest that started from the same things (and is called ``name``, if given).

    One whose weights were pruned is none to go on with.

    :raises InputError: a version of that name started from something else, or its weights were pruned.
    """
    wanted = name or task.spec.version
    for version in reversed(versions(task.folder)):
        state = version.state()
        if state is not None and state.fingerprint == start.whole and wanted in (None, version.name):
            if not version.pruned.exists():
                return version
            if wanted is not None:
                raise InputError(
                    _("the weights of version {name} were pruned", name=wanted),
                    hint=_("choose another name with --version, or leave it out"),
                )
    if wanted is not None and any(version.name == wanted for version in versions(task.folder)):
        raise InputError(
            _("version {name} exists and started from something else", name=wanted),
            hint=_("choose another name with --version, or leave it out"),
        )
    return None
