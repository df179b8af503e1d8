"""Make the changes of suggestions to task.yaml, one variable at a time, and record why."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasktune.definition.differences import differing_keys
from tasktune.definition.edit import edited
from tasktune.definition.load import load_task
from tasktune.definition.snapshot import NOT_IN_FINGERPRINT, dump_task
from tasktune.definition.tree import plain
from tasktune.definition.yaml_positions import decode, parse
from tasktune.errors import InputError, Problem
from tasktune.improve.suggestions import Suggestion
from tasktune.locale import translate as _
from tasktune.pipeline.iteration import definition_of
from tasktune.types import Value
from tasktune.workspace.decisions import me
from tasktune.workspace.files import write_text_atomically
from tasktune.workspace.improvements import Change, Improvement, Why, add_improvement
from tasktune.workspace.provenance import now
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task


class Applied(Value):
    """What was, or would be, changed: the difference of the file, line by line, and whether it was written."""

    file: str
    actions: tuple[str, ...]
    diff: str
    several: bool
    written: bool


def apply(
    task: Task, version: Version, wanted: Sequence[Suggestion], *, allow_several: bool, dry_run: bool, by: str | None
) -> Applied:
    """Change task.yaml as the suggestions say, and record which findings of ``version`` spoke for it.

    ``task`` is the definition of today. The reason is recorded before the file is changed: no change is without one.

    :raises InputError: more than one variable would differ from ``version`` without ``allow_several``; the file cannot
        be edited; or the definition would not be valid. Nothing has been written.
    """
    differing = [key for key in differing_since(task, version) if not _sets(wanted, key)]
    several = len(wanted) > 1 or bool(differing)
    if several and not allow_several:
        raise _several(version, wanted, differing)
    before = decode(task.file.read_bytes(), str(task.file))
    patch = {key: value for each in wanted for key, value in each.action.patch.items()}
    after = edited(before, patch, str(task.file))
    settings = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in patch.items()]
    load_task(task.file, overrides=settings, folder=task.folder)
    applied = Applied(
        file=str(task.file),
        actions=tuple(each.code for each in wanted),
        diff="\n".join(
            difflib.unified_diff(before.splitlines(), after.splitlines(), "task.yaml", "task.yaml", "", "", 2, "")
        ),
        several=several,
        written=not dry_run and after != before,
    )
    if applied.written:
        changes = tuple(_change(each) for each in wanted)
        improvement = Improvement(version=version.name, when=now(), who=by or me(), changes=changes, several=several)
        add_improvement(task.folder, improvement)
        write_text_atomically(task.file, after)
    return applied


def differing_since(task: Task, version: Version) -> list[str]:
    """The keys that bear on a run and whose values are not those of the version."""
    today = plain(parse(dump_task(task), str(task.file)))
    return [
        key
        for key, _was, _is in differing_keys(definition_of(version), today)
        if key.split(".")[0] not in NOT_IN_FINGERPRINT
    ]


def _sets(wanted: Sequence[Suggestion], key: str) -> bool:
    return any(key == path or key.startswith(f"{path}.") for each in wanted for path in each.action.patch)


def _several(version: Version, wanted: Sequence[Suggestion], differing: Sequence[str]) -> InputError:
    problems = [Problem(_("{code} is one change", code=each.code)) for each in wanted] if len(wanted) > 1 else []
    problems += [
        Problem(_("{key} is not what it was in {version}", key=key, version=version.name)) for key in differing
    ]
    return InputError(
        _("more than one variable would change: nobody could tell which had the effect"),
        hint=_("apply one and run it first; or --allow-several, which is recorded"),
        problems=problems,
    )


def _change(suggestion: Suggestion) -> Change:
    action = suggestion.action
    return Change(
        code=suggestion.code,
        title=action.title,
        patch=action.patch,
        expected_effect=action.expected_effect,
        gain=action.gain,
        why=tuple(Why(code=each.code, message=each.message, evidence=each.evidence) for each in suggestion.reasons),
    )
