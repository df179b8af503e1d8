"""``changes.md`` and ``notes.md``: what is other than in the version before, and room for what was learnt of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tasktune.data.records import SPLITS
from tasktune.data.rows import count_rows, rows_path
from tasktune.definition.differences import differing_keys
from tasktune.definition.overlays import read_tree
from tasktune.definition.tree import plain
from tasktune.errors import InputError
from tasktune.evaluation.markdown import as_text, escape, shorten, table
from tasktune.evaluation.wording import NOTHING
from tasktune.locale import nearest_language, translate
from tasktune.pipeline.reasons import reasons
from tasktune.workspace.files import write_text_atomically
from tasktune.workspace.improvements import changes_between
from tasktune.workspace.provenance import read_provenance
from tasktune.workspace.versions import Version, versions

if TYPE_CHECKING:
    from tasktune.definition import Task

LONGEST_VALUE = 60

Change = tuple[str, str, str]
"""What has changed, what it was, and what it is."""


def parent_of(task: Task, version: Version) -> Version | None:
    """The version that a new one is set beside: the one it starts from, else the newest that is trained."""
    others = [each for each in versions(task.folder) if each.name != version.name and each.training.exists()]
    start = task.spec.training.start_from
    return next((each for each in reversed(others) if start in (None, each.name)), None)


def write_iteration(version: Version, parent: Version | None) -> None:
    """Write ``notes.md`` for the user, and ``changes.md`` against ``parent``, in the language of the task.

    A parent that is damaged keeps no version from being made: ``changes.md`` says what is wrong with it.
    """
    now = definition_of(version)
    language = nearest_language(str(now.get("language", "en")))
    if parent is not None:
        write_text_atomically(version.changes, _changes(parent, version, now, language))
    write_text_atomically(version.notes, _notes(version.name, language))


def definition_of(version: Version) -> dict[str, Any]:
    """A version's definition as it stands in its snapshot.

    :raises InputError: the file is damaged.
    """
    value = plain(read_tree(version.definition))
    if not isinstance(value, dict):
        raise InputError(translate("{file} holds no definition", file=version.definition))
    return value


def changed_keys(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """The dotted keys whose values are not the same, in the order of the definition; names of versions are none."""
    return [(key, _shown(was), _shown(became)) for key, was, became in differing_keys(then, now)]


def _shown(value: Any) -> str:
    return NOTHING if value in (None, []) else shorten(as_text(value), LONGEST_VALUE)


def _changed_files(parent: Version, version: Version, language: str) -> Iterator[Change]:
    """Data files with other bytes, the rows of the splits, and the task type's code."""
    then, now = read_provenance(parent), read_provenance(version)
    for path in sorted(then.data.keys() | now.data.keys()):
        if then.data.get(path) != now.data.get(path):
            yield path, _digest(then.data.get(path)), _digest(now.data.get(path))
    for split in SPLITS:
        rows = [count_rows(rows_path(each.prepared, split)) for each in (parent, version)]
        if rows[0] != rows[1]:
            yield translate("{split} rows", language=language, split=split), f"{rows[0]:,}", f"{rows[1]:,}"
    if then.task_type.code != now.task_type.code:
        title = translate("code of the task type", language=language)
        old, new = (f"{each.origin} ({_digest(each.code)})" for each in (then.task_type, now.task_type))
        yield title, old, new


def _digest(digest: str | None) -> str:
    return NOTHING if digest is None else f"SHA-256 {digest[:12]}…"


def _changes(parent: Version, version: Version, now: Mapping[str, Any], language: str) -> str:
    def say(message: str, /, **values: object) -> str:
        return translate(message, language=language, **values)

    title = say("{version}: changes against {parent}", version=version.name, parent=parent.name)
    try:
        found = [*changed_keys(definition_of(parent), now), *_changed_files(parent, version, language)]
        rows = [[escape(cell) for cell in row] for row in found]
        body = (
            table([say("what"), parent.name, version.name], rows)
            if rows
            else say("Definition, data and task type are the same; the base model or tasktune itself is another.")
        )
    except (InputError, OSError) as error:
        body = say("{parent} cannot be read: {error}", parent=parent.name, error=escape(str(error)))
    why = "\n".join(_why(parent, version, now, language)) or say("Nobody has said yet: write it here.")
    return "\n\n".join(["# " + title, body, "## " + say("Why"), why]) + "\n"


def _why(parent: Version, version: Version, now: Mapping[str, Any], language: str) -> list[str]:
    try:
        keys = {key: value for key, _was, value in differing_keys(definition_of(parent), now)}
        return list(reasons(changes_between(version.folder.parent.parent, parent.name, keys), language))
    except (InputError, OSError):
        # A damaged file keeps no version from being made; what needs it says what is wrong with it.
        return []


def _notes(version: str, language: str) -> str:
    lines = (
        "# " + translate("{version}: notes", language=language, version=version),
        translate(
            "<!-- Yours to write; no command changes this file. What should this version show? What came out, and what "
            "is next? What does the next person have to know? -->",
            language=language,
        ),
    )
    return "\n\n".join(lines) + "\n"
