"""What a run starts from, as one hash, and the version that started from the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune import base_models
from tasktune.data.records import SPLITS, missing_files, relative_to
from tasktune.definition.snapshot import fingerprint
from tasktune.errors import InputError
from tasktune.locale import translate as _
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
    return {relative_to(path, task.folder): sha256_of(path) for split in SPLITS for path in task.data_files(split)}


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
    rest = [base, _code_of(task), *(f"{name}={digest}" for name, digest in sorted(hashes.items()))]

    def over(definition: str) -> str:
        return hashlib.sha256("\n".join([definition, *rest]).encode()).hexdigest()

    return Start(over(fingerprint(task)), over(fingerprint(task, of_training=True)))


def _code_of(task: Task) -> str:
    """A hash of the task type's modules: its author edits them without changing its version."""
    file = getattr(task.plugin.module, "__file__", None)
    if file is None:
        return ""
    # A plugin that is one module lies among others' modules.
    one_module = "." not in task.plugin.module.__name__ and Path(file).name != "__init__.py"
    modules = [Path(file)] if one_module else sorted(Path(file).parent.rglob("*.py"))
    return hashlib.sha256("".join(sha256_of(module) for module in modules).encode()).hexdigest()


def version_from(task: Task, name: str | None, start: Start) -> Version | None:
    """The version to go on with: the newest that started from the same things (and is called ``name``, if given).

    :raises InputError: a version of that name started from something else.
    """
    wanted = name or task.spec.version
    for version in reversed(versions(task.folder)):
        state = version.state()
        if state is not None and state.fingerprint == start.whole and wanted in (None, version.name):
            return version
    if wanted is not None and any(version.name == wanted for version in versions(task.folder)):
        raise InputError(
            _("version {name} exists and started from something else", name=wanted),
            hint=_("choose another name with --version, or leave it out"),
        )
    return None
