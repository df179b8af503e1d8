"""Take old versions' weights away, or their folders: which ones, why not the others, and so that a kill does no harm.

What goes is first moved into the hidden folder ``versions/.pruned``, in which nothing is taken for a version, and
deleted there. A version whose weights go is marked (``pruned.json``) before. What a prune that was ended leaves, the
next one deletes.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasktune.definition.overlays import read_tree
from tasktune.definition.tree import find
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.decisions import (
    Pruning,
    add_decision,
    adopted_name,
    before,
    deciding,
    me,
    read_decisions,
    stack,
)
from tasktune.workspace.files import read_json, write_json_atomically
from tasktune.workspace.provenance import now
from tasktune.workspace.sizes import freed_by, size_of
from tasktune.workspace.versions import Version, is_locked, locked, reproduction_of, versions

if TYPE_CHECKING:
    from tasktune.definition import Task

WEIGHTS = ("adapter", "model", "merged", "gguf", "checkpoints")
"""Folders of a version without which its results can still be read and compared."""
Why = Literal["newest", "adopted", "adopted before", "deployed", "base", "running", "unfinished"]


class Row(Value):
    """What a prune means for one version: it is kept for a reason (``why``; ``of`` is the version that builds on it),
    or it goes (None); ``size`` is what is taken away, in bytes."""

    version: str
    why: Why | None
    of: str | None = None
    size: int = 0

    @property
    def goes(self) -> bool:
        """Whether something of it is taken away."""
        return self.why is None


class Plan(Value):
    """What a prune takes away. ``whole``: folders and not only weights. ``freed`` counts what an earlier prune that was
    ended left, and a file that another version has too only if both go."""

    keep: int
    whole: bool
    rows: tuple[Row, ...]
    freed: int

    @property
    def names(self) -> tuple[str, ...]:
        """The versions of which something goes."""
        return tuple(row.version for row in self.rows if row.goes)


def plan(task: Task, keep: int, *, whole: bool) -> Plan:
    """Which versions go when the newest ``keep`` trained ones are to stay. One of which nothing can go has no row.

    Never taken: the adopted version and the one that a rollback goes back to; deployed ones; those that a kept version,
    or the definition, starts from; those a run is at work on, or may go on with.

    :raises InputError: the decisions or a version's definition are damaged.
    """
    return _plan(task, keep, whole=whole, at_work=is_locked(task.folder))


def _plan(task: Task, keep: int, *, whole: bool, at_work: bool) -> Plan:
    made = by_age(task.folder)
    kept = _kept(task, made, keep, at_work=at_work)
    rows = []
    going: list[Path] = [_trash(task.folder)]
    for version in made:
        if version.name in kept:
            why, of = kept[version.name]
            rows.append(Row(version=version.name, why=why, of=of))
            going += _left(version)
            continue
        paths = _paths(version, whole=whole)
        if paths:
            rows.append(Row(version=version.name, why=None, size=sum(map(size_of, paths))))
            going += paths
    return Plan(keep=keep, whole=whole, rows=tuple(rows), freed=freed_by(going))


def prune(task: Task, agreed: Plan, *, reason: str | None, by: str | None) -> Plan:
    """Carry out the plan that was agreed to, and record it before anything goes.

    :raises InputError: a run is at work on the task, or the plan would be another by now; or as :func:`plan`.
    """
    trash = _trash(task.folder)
    # Nobody adopts a version between the look at it and its end.
    with locked(task.folder), deciding(task.folder):
        made = _plan(task, agreed.keep, whole=agreed.whole, at_work=False)
        if made.names != agreed.names:
            raise InputError(_("the versions have changed meanwhile"), hint=_("run the same command again"))
        if made.names:
            decision = Pruning(
                versions=made.names, whole=made.whole, freed=made.freed, when=now(), who=by or me(), reason=reason
            )
            add_decision(task.folder, decision)
        _delete(trash)
        for version in by_age(task.folder):
            if version.name in made.names:
                _put_away(version, trash, whole=made.whole)
            elif _left(version):
                _put_away(version, trash, whole=False)
        _delete(trash)
    return made


def by_age(task_folder: Path) -> list[Version]:
    """The versions of a task by the time at which they were begun, whatever they are called."""
    return sorted(versions(task_folder), key=begun)


def begun(version: Version) -> str:
    """When a version was begun, in UTC, such as 2026-11-20T08:00:00+00:00; "" when that is not on record."""
    try:
        started = read_json(version.provenance)["started"]
        return datetime.datetime.fromisoformat(started.replace("Z", "+00:00")).isoformat()
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _kept(task: Task, made: list[Version], keep: int, *, at_work: bool) -> Mapping[str, tuple[Why, str | None]]:
    """Why versions are kept, by name: the strongest reason."""
    trained = [each.name for each in made if each.has_done("train")]
    names = [each.name for each in made]
    after = names.index(trained[-1]) + 1 if trained else 0
    adoptions = stack(read_decisions(task.folder))
    found: dict[str, tuple[Why, str | None]] = {}
    current = adopted_name(task.folder)
    if current is not None:
        found[current] = ("adopted", None)
    usable = [each.name for each in made if not each.pruned.exists()]
    earlier = before(adoptions, usable)
    if earlier is not None:
        found.setdefault(earlier, ("adopted before", None))
    for place, version in enumerate(made):
        if version.deployments.exists():
            found.setdefault(version.name, ("deployed", None))
        elif version.name in trained[-keep:]:
            found.setdefault(version.name, ("newest", None))
        elif version.name not in trained and (at_work or place >= after):
            found.setdefault(version.name, ("running" if at_work else "unfinished", None))
    for of, base in _bases(task, made, found):
        found.setdefault(base, ("base", of))
    return found


def _bases(task: Task, made: list[Version], kept: Mapping[str, object]) -> Iterator[tuple[str | None, str]]:
    """What kept versions and the definition start from, and what those start from: (who, from what)."""
    named = {each.name: each for each in made}
    todo = [(None, task.spec.training.start_from), *((name, _start_of(named[name])) for name in kept if name in named)]
    seen = set()
    while todo:
        of, base = todo.pop()
        if base is None or base in seen or base not in named:
            continue
        seen.add(base)
        yield of, base
        todo.append((base, _start_of(named[base])))


def _start_of(version: Version) -> str | None:
    node = find(read_tree(version.definition), ("training", "start_from"))
    return None if node is None or node.value is None else str(node.value)


def _paths(version: Version, *, whole: bool) -> list[Path]:
    """What of a version goes, as far as it is there."""
    if whole:
        again = reproduction_of(version).folder
        # The version itself last: where it is gone, nothing of it is left.
        return [*([again] if again.is_dir() else []), version.folder]
    return [version.folder / name for name in WEIGHTS if (version.folder / name).exists()]


def _left(version: Version) -> list[Path]:
    """What a prune that was ended left of weights that were to go."""
    return _paths(version, whole=False) if version.pruned.exists() else []


def _put_away(version: Version, trash: Path, *, whole: bool) -> None:
    """Move what goes out of sight."""
    paths = _paths(version, whole=whole)
    if not whole and not version.pruned.exists():
        write_json_atomically(version.pruned, {"when": now().isoformat(), "what": [path.name for path in paths]})
    trash.mkdir(exist_ok=True)
    for number, path in enumerate(paths):
        path.rename(trash / f"{version.name}.{number}")


def _trash(task_folder: Path) -> Path:
    return task_folder / "versions" / ".pruned"


def _delete(folder: Path) -> None:
    """Delete a folder; of links in it, only these."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    folder.rmdir()
