"""Arguments and options that several commands share, and how they become a task and a version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tasktune.cli import completers, output
from tasktune.cli.help import Argument
from tasktune.cli.settings import Settings
from tasktune.locale import translate as _
from tasktune.locale import use_language

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.workspace.versions import Version

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

VERSION_TO_MAKE = (
    "The version to make or to go on with. Default: the one that began with the same definition and data, "
    "else a new one."
)
_TASK = "The task: its folder, or the task.yaml in it. Default: this folder."


def task_argument(*, required: bool = False) -> Callable[[Decorated], Decorated]:
    """The argument TASK."""
    about = "The task: its folder, or the task.yaml in it." if required else _TASK
    default: dict[str, Any] = {"required": True} if required else {"default": Path()}
    return click.argument("task", cls=Argument, about=about, type=click.Path(path_type=Path), **default)


def task_and_names(words: Sequence[str]) -> tuple[Path, list[str]]:
    """The task that the first word names, else this folder's, and the other words.

    A version's name is neither a path nor a folder with a definition.
    """
    from tasktune.definition.load import FILE_NAMES

    if words:
        path = Path(words[0])
        if len(path.parts) != 1 or path.name in FILE_NAMES or any((path / name).is_file() for name in FILE_NAMES):
            return path, list(words[1:])
    return Path(), list(words)


def known_versions(task: Path) -> str:
    """A hint: the versions that a task has."""
    from tasktune.workspace.versions import versions

    known = ", ".join(version.name for version in versions(task if task.is_dir() else task.parent)) or _("none")
    return _("versions of {task}: {known}", task=task, known=known)


def patience_options(command: Decorated) -> Decorated:
    """``--timeout`` and ``--retries``: how long a server is waited for, and how often it is asked again."""
    command = click.option(
        "--retries",
        type=click.IntRange(0, 20),
        metavar="NUMBER",
        help="How often a request that a server cannot take now is sent again. Default: 4.",
    )(command)
    return click.option(
        "--timeout",
        type=click.FloatRange(0, min_open=True),
        metavar="SECONDS",
        help="How long a server may be silent. Default: 120.",
    )(command)


def definition_options(command: Decorated) -> Decorated:
    """``--task-type``, ``--config`` and ``--set``: what may change a definition from outside."""
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Set one value of task.yaml for this run, such as training.epochs=2. May be repeated; wins over --config.",
    )(command)
    command = click.option(
        "--config",
        "overlays",
        multiple=True,
        metavar="NAME",
        shell_complete=completers.overlays,
        help="Lay configs/NAME.yaml over task.yaml. May be repeated; a later one wins.",
    )(command)
    return click.option(
        "--task-type",
        metavar="NAME",
        shell_complete=completers.task_types,
        help="The task type, for a task.yaml that does not say; one that does must agree.",
    )(command)


def version_option(help: str) -> Callable[[Decorated], Decorated]:
    """``--version`` with a meaning of the command's own."""
    return click.option("--version", metavar="NAME", shell_complete=completers.versions, help=help)


reason_option = click.option("--reason", metavar="TEXT", help="Why; recorded with the decision.")
by_option = click.option("--by", metavar="NAME", help="Who decides. Default: your user name and host.")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout, and nothing else there."
)


def load(task: Path, task_type: str | None, overlays: tuple[str, ...], overrides: tuple[str, ...]) -> Task:
    """The task that a command line means, in whose language the messages are from now on (see ``--lang``).

    :raises tasktune.errors.InputError: the definition has problems, all of them listed.
    """
    from tasktune.definition import load_task

    loaded = load_task(task, task_type=task_type, overlays=overlays, overrides=overrides)
    speak(loaded.spec.language)
    return loaded


def load_trained(task: Path, name: str | None, *, in_use: bool = False, weights: bool = True) -> tuple[Task, Version]:
    """The version called ``name``, or the newest that is trained; and the task as it was when that was made.

    With ``in_use`` the adopted version comes before the newest. Which one it is, and why, is said on stderr unless it
    was asked for by name. A model is asked as it was taught, whatever task.yaml says by now. Data paths stay relative
    to the task's folder. Without ``weights`` one whose weights were pruned will do.

    :raises tasktune.errors.InputError: there is no such version, or it is not trained yet, or its weights were pruned.
    """
    from tasktune.definition import definition_file, load_task
    from tasktune.workspace.decisions import adopted, adopted_name

    folder = definition_file(task).parent
    chosen = adopted(folder) if in_use and name is None else None
    version = chosen or _trained_version(folder, name, weights=weights)
    loaded = load_task(version.definition, folder=folder)
    speak(loaded.spec.language)
    if chosen is not None:
        output.say(_("{version}: the adopted version", version=version.name))
    elif name is None:
        other = adopted_name(folder)
        if other in (None, version.name):
            output.say(_("{version}: the newest that is trained", version=version.name))
        else:
            output.say(
                _("{version}: the newest that is trained ({other} is adopted)", version=version.name, other=other)
            )
    return loaded, version


def folder_of(task: Path) -> Path:
    """The task's folder, for a command that must work whatever its definition says, in whose language it speaks.

    :raises tasktune.errors.InputError: there is no task.
    """
    from tasktune.definition import definition_file, load_task
    from tasktune.errors import InputError

    folder = definition_file(task).parent
    with suppress(InputError):
        speak(load_task(task).spec.language)
    return folder


def speak(language: str) -> None:
    """Say everything in a task's language from now on, unless the command line asks for another."""
    settings = click.get_current_context().find_object(Settings)
    if settings is None or settings.language is None:
        use_language(language)


def _trained_version(folder: Path, name: str | None, *, weights: bool) -> Version:
    from tasktune.errors import InputError
    from tasktune.workspace.versions import get_version, versions

    if name is not None:
        version = get_version(folder, name)
        if weights and version.pruned.exists():
            raise InputError(
                _("the weights of version {name} were pruned", name=name), hint=_("train one with tune run")
            )
        if version.has_done("train"):
            return version
        raise InputError(
            _("version {name} is not trained to its end", name=name),
            hint=_("go on with tune run {folder}", folder=folder),
        )
    for version in reversed(versions(folder)):
        if version.has_done("train") and not (weights and version.pruned.exists()):
            return version
    raise InputError(_("{folder} has no trained version", folder=folder), hint=_("train one with tune run"))
