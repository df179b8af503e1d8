"""``tune run --reproduce``: make a version again, compare, and show what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from tasktune.cli import layout, output, progress
from tasktune.cli.options import speak
from tasktune.errors import InputError
from tasktune.locale import current_language
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.pipeline.reproduce import Reproduced
    from tasktune.workspace.versions import Version


def refuse_beside(given: Mapping[str, object]) -> None:
    """Refuse options that would change what is made again; ``given`` maps their names to their values.

    :raises InputError: some of them were given; all are named.
    """
    names = [name for name, value in given.items() if value]
    if names:
        message = _("--reproduce takes the version's own definition, without {options}", options=", ".join(names))
        raise InputError(message, hint=_("leave them out, or leave out --reproduce to make a new version"))


def reproduce(task: Path, name: str, *, as_json: bool) -> NoReturn:
    """Make the version called ``name`` again and end with 0 if it is reproduced, 1 if it is not.

    :raises click.Abort: interrupted; says that nothing is lost.
    """
    from tasktune.pipeline.reproduce import as_it_was
    from tasktune.pipeline.reproduce import reproduce as make_again

    context = click.get_current_context()
    stated = context.get_parameter_source("task") is not click.core.ParameterSource.DEFAULT
    version = find_version(task, name, task_stated=stated)
    loaded = as_it_was(version)
    speak(loaded.spec.language)
    try:
        with progress.shown() as on_event:
            done = make_again(loaded, version, on_event)
    except KeyboardInterrupt as interruption:
        raise click.Abort(_("the same command goes on where this one stopped")) from interruption
    found = done.reproduction
    if as_json:
        head = {"status": done.status, "reproduced": found.reproduced, "folder": str(done.folder)}
        output.show_json({**head, **found.model_dump(mode="json")})
    else:
        _show(done, loaded)
    context.exit(0 if found.reproduced else 1)


def find_version(task: Path, name: str, *, task_stated: bool) -> Version:
    """The version that ``--reproduce`` means: a name or ``versions/v1`` in the task, or the path of any version.

    :raises InputError: there is none, or it is another task's than the one that was stated.
    """
    from tasktune.workspace.versions import Version, get_version

    folder = task if task.is_dir() else task.parent
    path = Path(name)
    if len(path.parts) == 1:
        return get_version(folder, name)
    for place in (folder / path, path):
        version = Version(place.resolve())
        if version.state() is None or place.resolve().parent.name != "versions":
            continue
        if task_stated and version.folder.parent.parent != folder.resolve():
            raise InputError(
                _("{version} is no version of {folder}", version=name, folder=folder),
                hint=_("leave TASK out, or name a version of it"),
            )
        return version
    raise InputError(
        _("{path} is no version's folder", path=name), hint=_("give a version's name, such as v1, or its folder")
    )


def _show(done: Reproduced, task: Task) -> None:
    from tasktune.evaluation.wording import Wording
    from tasktune.pipeline.reproduction_report import MARKDOWN, header, rows, verdict

    found = done.reproduction
    wording = Wording(current_language(), task.plugin.info.metrics)
    if done.status == "unchanged":
        output.show(
            _(
                "{version} was made again in this environment already; delete {folder} to train it once more",
                version=found.version,
                folder=done.folder,
            )
        )
    output.show(layout.table(header(found, wording), rows(found, wording)))
    if found.environment:
        titles = [_("environment"), _("then"), _("now")]
        output.show("\n" + layout.table(titles, [(_(each.name), each.then, each.now) for each in found.environment]))
    output.show("\n" + verdict(found, wording))
    output.show(_("report: {path}", path=done.folder / "evaluation" / MARKDOWN))
