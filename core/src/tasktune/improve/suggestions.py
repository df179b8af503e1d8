"""The suggestion matrix of requirements/iterate-mode.md, step 3: what may be done, for which findings, sorted by effect
over effort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tasktune.errors import InputError
from tasktune.improve.diagnosing.order import worth
from tasktune.locale import translate as _
from tasktune.types import Action, Finding, Severity, Value


class Reason(Value):
    """The finding that an action is proposed for."""

    code: str
    severity: Severity
    message: str
    evidence: Mapping[str, Any] = {}
    reference: str | None = None


class Suggestion(Value):
    """One action under its ``code``, with all findings that propose it; ``worth`` is its gain over its effort."""

    code: str
    action: Action
    reasons: tuple[Reason, ...]
    worth: float

    @property
    def applicable(self) -> bool:
        """Whether it is a change to task.yaml; else it is a person's work."""
        return bool(self.action.patch)


def suggestions(findings: Iterable[Finding]) -> tuple[Suggestion, ...]:
    """The actions of findings, each once, what promises most for its effort first.

    Actions with the same change are one, and so are those of one code and title without a change.
    """
    merged: dict[str, tuple[str, Action, list[Reason]]] = {}
    taken: dict[str, int] = {}
    for finding in findings:
        reason = Reason(**{name: getattr(finding, name) for name in Reason.model_fields})
        for action in finding.actions:
            key = repr(sorted(action.patch.items())) if action.patch else f"{action.code} {action.title}"
            if key in merged:
                code, before, reasons = merged[key]
                best = max((before, action), key=worth)
                merged[key] = (code, best, [*reasons, reason])
                continue
            code = action.code or finding.code
            taken[code] = taken.get(code, 0) + 1
            merged[key] = (code if taken[code] == 1 else f"{code}-{taken[code]}", action, [reason])
    found = (
        Suggestion(code=code, action=action, reasons=tuple(reasons), worth=worth(action))
        for code, action, reasons in merged.values()
    )
    return tuple(sorted(found, key=lambda each: -each.worth))


def chosen(found: Iterable[Suggestion], codes: Iterable[str]) -> tuple[Suggestion, ...]:
    """The suggestions of these codes, in their order.

    :raises InputError: a code is none of them, or what it names is a person's work; all of it is told.
    """
    known = {each.code: each for each in found}
    from tasktune.definition.suggest import did_you_mean
    from tasktune.errors import Problem

    problems, wanted = [], []
    for code in dict.fromkeys(codes):
        if code not in known:
            hint = did_you_mean(code, known) or _("suggested are: {codes}", codes=", ".join(known) or _("none"))
            problems.append(Problem(_("{code} is not suggested", code=code), hint))
        elif not known[code].applicable:
            action = known[code].action
            hint = _("begin with {command}", command=action.command) if action.command else action.title
            problems.append(Problem(_("{code} is a person's work, no change of task.yaml", code=code), hint))
        else:
            wanted.append(known[code])
    if problems:
        raise InputError(_("this cannot be applied"), problems=problems)
    return tuple(wanted)
