"""What a version was made of, beside what is there now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tasktune.data.records import SPLITS, relative_to
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.pipeline.start import data_hashes
from tasktune.training.session import base_of
from tasktune.workspace.environment import code_of
from tasktune.workspace.provenance import Provenance, weights_of
from tasktune.workspace.versions import Version, get_version

if TYPE_CHECKING:
    from tasktune.definition import Task

_SHOWN = 12


def changes(task: Task, version: Version, recorded: Provenance) -> Iterator[Problem]:
    """Everything that a version was made of and that is not what it was: data, base, starting weights, task type.

    Packages and machines are not among them: another one may well give the same numbers.
    """
    yield from _data_changes(task, version, recorded.data)
    yield from _base_changes(task, version, recorded)
    yield from _start_changes(task, recorded)
    if code_of(task) != recorded.task_type.code:
        message = _(
            "the code of the task type {name} has changed since {version}: it was {then}, {now} is here",
            name=recorded.task_type.name,
            version=version.name,
            then=_code(recorded.task_type.origin, recorded.task_type.code),
            now=_code(task.plugin.origin, code_of(task)),
        )
        yield Problem(message, _("install {origin} as it was", origin=recorded.task_type.origin))


def _data_changes(task: Task, version: Version, then: Mapping[str, str]) -> Iterator[Problem]:
    hint = _("bring back the file as it was; or train a new version with tune run")
    missing = [path for path in then if not (task.folder / path).is_file()]
    for path in missing:
        message = _("is not there; {version} was made with SHA-256 {then}", version=version.name, then=then[path])
        yield Problem(message, hint, file=path)
    # Hashing asks for all of the definition's files, which are among the missing ones too.
    gone = [relative_to(path, task.folder) for split in SPLITS for path in task.data_files(split) if not path.is_file()]
    if gone:
        return
    now = data_hashes(task)
    for path in now:
        if path not in then:
            message = _("was not there when {version} was made", version=version.name)
            yield Problem(message, _("move it away; or train a new version with tune run"), file=path)
        elif now[path] != then[path]:
            message = _(
                "has changed: {version} was made with SHA-256 {then}, now it is {now}",
                version=version.name,
                then=then[path],
                now=now[path],
            )
            yield Problem(message, hint, file=path)


def _base_changes(task: Task, version: Version, recorded: Provenance) -> Iterator[Problem]:
    path = ("training", "base_model")
    try:
        now = base_of(task)
    except InputError as error:
        yield task.problem(path, error.message, error.hint)
        return
    then = recorded.base.files
    if then == now.files:
        return
    hint = _("bring the base model back as it was; or train a new version with tune run")
    if then is None or now.files is None:
        message = _("{name} was found in another place when {version} was made", name=now.name, version=version.name)
        yield task.problem(path, message, hint)
        return
    for name in sorted(then.keys() | now.files.keys()):
        if then.get(name) != now.files.get(name):
            message = _(
                "{file} of the base model is not that of {version}: SHA-256 {then} then, {now} now",
                file=name,
                version=version.name,
                then=then.get(name, _("none")),
                now=now.files.get(name, _("none")),
            )
            yield task.problem(path, message, hint)


def _start_changes(task: Task, recorded: Provenance) -> Iterator[Problem]:
    start = recorded.start_from
    if start is None:
        return
    path = ("training", "start_from")
    try:
        now = weights_of(get_version(task.folder, start.version))
    except InputError as error:
        yield task.problem(path, error.message, _("bring the version back"))
        return
    if now != start.weights:
        message = _("the weights of {version} are not what they were", version=start.version)
        yield task.problem(path, message, _("bring the version back"))


def _code(origin: str, code: str) -> str:
    return f"{origin} (SHA-256 {code[:_SHOWN]}…)"
