"""Take a version into use, or go back to the one before: requirements/iterate-mode.md, step 5."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasktune.errors import InputError, Problem
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.wording import Wording
from tasktune.locale import current_language
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.decisions import (
    Adoption,
    add_decision,
    adopted_name,
    before,
    deciding,
    me,
    read_decisions,
    stack,
    write_current,
)
from tasktune.workspace.provenance import now
from tasktune.workspace.standing import Objection, known_verdict, objections
from tasktune.workspace.versions import Version, get_version, versions

if TYPE_CHECKING:
    from tasktune.definition import Task


class Decided(Value):
    """How it ended: ``unchanged`` when that version was adopted already. ``notices`` are worth knowing."""

    status: Literal["adopted", "rolled back", "unchanged"]
    version: str | None
    before: str | None
    decision: Adoption | None = None
    notices: tuple[str, ...] = ()


def adopt(task: Task, name: str, *, reason: str | None, by: str | None, force: bool) -> Decided:
    """Adopt a version of the task and record it.

    :raises InputError: there is no such version, or it has no model; or something speaks against it (all of it is
        named) and ``force`` was not given, or was without a ``reason``.
    """
    version = get_version(task.folder, name)
    with deciding(task.folder):
        _check_usable(version)
        current = adopted_name(task.folder)
        if current == name:
            write_current(task.folder)
            return Decided(status="unchanged", version=name, before=name)
        against = tuple(objections(task, version))
        _check_objections(name, against, reason, force=force)
        decision = Adoption(
            action="adopt",
            version=name,
            before=current,
            when=now(),
            who=by or me(),
            reason=reason,
            verdict=known_verdict(task, version),
            overruled=tuple(each.code for each in against),
        )
        add_decision(task.folder, decision)
    notices = _worse(task, current, decision.verdict)
    return Decided(status="adopted", version=name, before=current, decision=decision, notices=notices)


def roll_back(task_folder: Path, *, to: str | None, reason: str | None, by: str | None) -> Decided:
    """Go back to the version that was adopted before, or to ``to`` of those that were, and record it.

    The first adoption undone, no version is adopted. Versions that are gone by now are passed over.

    :raises InputError: none is adopted, or ``to`` was never adopted, or its model is gone.
    """
    with deciding(task_folder):
        current = adopted_name(task_folder)
        if current is None:
            raise InputError(_("no version is adopted"), hint=_("tune adopt adopts one"))
        names = stack(read_decisions(task_folder)) or [current]
        usable = [each.name for each in versions(task_folder) if not each.pruned.exists()]
        if to is None:
            target = before(names, usable)
            last = next((name for name in reversed(names[:-1]) if name != current), None)
            passed = () if last in (None, target) else (_("{version} is gone, and is passed over", version=last),)
        else:
            if to == current:
                return Decided(status="unchanged", version=to, before=to)
            _check_usable(get_version(task_folder, to))
            target, passed = to, ()
            if to not in names:
                known = ", ".join(dict.fromkeys(names[:-1])) or _("none")
                raise InputError(
                    _("{version} was not adopted before; versions that were: {known}", version=to, known=known),
                    hint=_("tune adopt adopts it"),
                )
        decision = Adoption(
            action="rollback", version=target, before=current, when=now(), who=by or me(), reason=reason
        )
        add_decision(task_folder, decision)
    return Decided(status="rolled back", version=target, before=current, decision=decision, notices=passed)


def _check_usable(version: Version) -> None:
    if version.pruned.exists():
        raise InputError(
            _("the weights of version {name} were pruned", name=version.name),
            hint=_("train one with tune run"),
        )
    if not version.has_done("train"):
        raise InputError(
            _("version {name} is not trained to its end", name=version.name),
            hint=_("go on with tune run {folder}", folder=version.folder.parent.parent),
        )


def _check_objections(name: str, against: tuple[Objection, ...], reason: str | None, *, force: bool) -> None:
    if against and not force:
        raise InputError(
            _("version {name} is not to be adopted", name=name),
            problems=[Problem(each.text) for each in against],
            hint=_("--force adopts it all the same, with a --reason that is recorded"),
        )
    if against and reason is None:
        raise InputError(_("--force needs a reason"), hint=_("say why with --reason; it is recorded"))


def _worse(task: Task, name: str | None, verdict: Verdict | None) -> tuple[str, ...]:
    """That the version before scores better, if it does."""
    other = next((each for each in versions(task.folder) if each.name == name), None)
    theirs = None if other is None else known_verdict(task, other)
    if verdict is None or theirs is None or theirs.value <= verdict.value:
        return ()
    wording = Wording(current_language(), task.plugin.info.metrics)
    return (
        _(
            "{before} scores better: {metric} {theirs} against {ours}",
            before=name,
            metric=wording.title(verdict.metric),
            theirs=wording.value(verdict.metric, theirs.value),
            ours=wording.value(verdict.metric, verdict.value),
        ),
    )
