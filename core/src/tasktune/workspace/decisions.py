"""``versions/decisions.jsonl``: which version was adopted, rolled back or pruned, when, by whom and why.

Only ever added to. The last adoption in it says which version is adopted; ``versions/current`` says the same for
scripts and people, and is written after it.
"""

from __future__ import annotations

import datetime
import fcntl
import getpass
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from tasktune.errors import InputError
from tasktune.evaluation.criteria import Verdict
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import write_text_atomically
from tasktune.workspace.journal import add_entry, read_entries
from tasktune.workspace.versions import Version, versions

FILE_NAME = "decisions.jsonl"


class _Decided(Value):
    when: datetime.datetime
    who: str
    reason: str | None = None


class Adoption(_Decided):
    """From now on ``version`` is adopted (None: none is), and no longer ``before``.

    ``verdict`` is what it scored by the criteria of that day. ``overruled`` names what spoke against it.
    """

    action: Literal["adopt", "rollback"]
    version: str | None
    before: str | None = None
    verdict: Verdict | None = None
    overruled: tuple[str, ...] = ()


class Pruning(_Decided):
    """The weights of ``versions`` were taken away, or their ``whole`` folders; ``freed`` is in bytes."""

    action: Literal["prune"] = "prune"
    versions: tuple[str, ...]
    whole: bool
    freed: int


Decision = Adoption | Pruning
_LINE: TypeAdapter[Decision] = TypeAdapter(Annotated[Decision, Field(discriminator="action")])


def read_decisions(task_folder: Path) -> list[Decision]:
    """All decisions, the first one first.

    :raises InputError: a line of the file is none; the first such is named.
    """
    path = task_folder / "versions" / FILE_NAME
    return read_entries(path, _LINE.validate_json, lambda why: _("no decision: {why}", why=why))


def add_decision(task_folder: Path, decision: Decision) -> None:
    """Add a decision to the file, and bring ``versions/current`` up to date. To be called while :func:`deciding`."""
    add_entry(task_folder / "versions" / FILE_NAME, decision)
    write_current(task_folder)


def write_current(task_folder: Path) -> None:
    """Let ``versions/current`` say what the decisions say, if it does not; where none is adopted there is no file."""
    path = task_folder / "versions" / "current"
    name = adopted_name(task_folder)
    if name == current_says(task_folder):
        return
    if name is None:
        path.unlink(missing_ok=True)
    else:
        write_text_atomically(path, name + "\n")


def current_says(task_folder: Path) -> str | None:
    """The name that ``versions/current`` has, as text or as a link to the version; None without one."""
    path = task_folder / "versions" / "current"
    if path.is_dir():
        return path.resolve().name
    return path.read_text("utf-8").strip() or None if path.exists() else None


@contextmanager
def deciding(task_folder: Path) -> Iterator[None]:
    """Hold the decisions of a task for the moment that one takes. A run, which takes hours, is no hindrance."""
    path = task_folder / "versions" / ".decisions.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def adopted_name(task_folder: Path) -> str | None:
    """The name of the adopted version, which may be gone; None when none is adopted.

    A task that came without its decisions has it in ``versions/current``.

    :raises InputError: the decisions are damaged.
    """
    adoptions = [each for each in read_decisions(task_folder) if isinstance(each, Adoption)]
    return adoptions[-1].version if adoptions else current_says(task_folder)


def adopted(task_folder: Path) -> Version | None:
    """The adopted version; None when none is.

    :raises InputError: it is not there, or its weights are gone, or the decisions are damaged.
    """
    name = adopted_name(task_folder)
    if name is None:
        return None
    version = next((each for each in versions(task_folder) if each.name == name), None)
    hint = _("adopt another with tune adopt, or go back with tune rollback")
    if version is None:
        raise InputError(_("the adopted version {name} is not there", name=name), hint=hint)
    if version.pruned.exists():
        raise InputError(_("the weights of version {name} were pruned", name=name), hint=hint)
    return version


def stack(decisions: Iterable[Decision]) -> list[str]:
    """The versions that were adopted and not rolled back since; the last one is adopted now, the one before was then.

    A rollback takes versions off until the one that it goes back to is on top; all of them, if it goes back to none.
    """
    found: list[str] = []
    for decision in decisions:
        if not isinstance(decision, Adoption):
            continue
        if decision.action == "adopt" and decision.version is not None:
            # A version that was adopted by a file without a history counts as well.
            if not found and decision.before is not None:
                found.append(decision.before)
            found.append(decision.version)
            continue
        while found and found[-1] != decision.version:
            found.pop()
    return found


def before(names: Sequence[str], usable: Iterable[str]) -> str | None:
    """The version that a rollback goes back to: the nearest under the top of the stack that can be used still."""
    there = set(usable) - set(names[-1:])
    return next((name for name in reversed(names[:-1]) if name in there), None)


def me() -> str:
    """Who decides, as the system knows: ``user@host``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a number that nobody has.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
