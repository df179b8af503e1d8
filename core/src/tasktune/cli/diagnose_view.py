"""A diagnosis, and the rules that make one, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tasktune.cli import layout
from tasktune.evaluation.markdown import as_text, plain, shorten
from tasktune.evaluation.wording import Wording
from tasktune.improve.diagnose import RULES
from tasktune.locale import current_language
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.improve.diagnosis import Diagnosis
    from tasktune.types import Action, Finding, MetricInfo

MARKS = {"error": "❌", "warning": "⚠️", "info": "ℹ️"}
MOST_IDS = 5
_LONGEST_VALUE = 60


def words(found: Diagnosis, metrics: Mapping[str, MetricInfo]) -> str:
    """All of a diagnosis."""
    blocks = ["\n".join(_finding(number, each)) for number, each in enumerate(found.findings, 1)]
    return "\n\n".join([heading(found, metrics), *(blocks or [_("nothing to remark")])])


def heading(found: Diagnosis, metrics: Mapping[str, MetricInfo]) -> str:
    """Which version it is, and its score against the target."""
    wording = Wording(current_language(), metrics)
    verdict = found.verdict
    if verdict is not None:
        return _(
            "{task} {version}: {metric} {score}, target {target}",
            task=found.task,
            version=found.version,
            metric=wording.title(verdict.metric),
            score=wording.judged(verdict),
            target=wording.target(verdict),
        )
    if found.progress == "trained":
        return _("{task} {version}: trained, not evaluated", task=found.task, version=found.version)
    return _("{task} {version}: not trained to its end", task=found.task, version=found.version)


def _finding(number: int, finding: Finding) -> Iterator[str]:
    columns = layout.terminal_width()
    title = f"{number}. {MARKS[finding.severity]} {finding.code}: {plain(finding.message)}"
    yield layout.paragraph(title, columns)
    if finding.record_ids:
        ids = ", ".join(map(plain, finding.record_ids[:MOST_IDS]))
        more = " …" if len(finding.record_ids) > MOST_IDS else ""
        yield layout.paragraph(_("rows: {ids}", ids=ids + more), columns, 3)
    for action in finding.actions:
        yield layout.paragraph("→ " + action_words(action), columns, 3)
    if finding.reference:
        yield "   " + _("see {reference}", reference=finding.reference)


def action_words(action: Action) -> str:
    """An action with its effect, its effort, and the change or the command."""
    text = _(
        "{action} (expected: {effect}; {effort}; {confidence})",
        action=plain(action.title),
        effect=plain(action.expected_effect),
        effort=effort_words(action),
        confidence=confidence_words(action),
    )
    if action.patch:
        text += _("; task.yaml: {changes}", changes=patch_words(action))
    return text + (f"; {plain(action.command)}" if action.command else "")


def patch_words(action: Action) -> str:
    """The keys of task.yaml that an action sets, with their values."""
    return ", ".join(
        f"{path}: {plain(shorten(as_text(value), _LONGEST_VALUE))}" for path, value in action.patch.items()
    )


def effort_words(action: Action) -> str:
    """How much work an action is."""
    return {"low": _("low effort"), "medium": _("medium effort"), "high": _("high effort")}[action.effort]


def confidence_words(action: Action) -> str:
    """How sure its effect is."""
    names = {"low": _("low confidence"), "medium": _("medium confidence"), "high": _("high confidence")}
    return names[action.confidence]


def rules_as_plain() -> list[dict[str, Any]]:
    """The rules as plain data, in the process's language."""
    return [
        {
            "code": rule.code,
            "about": _(rule.about),
            "reference": rule.reference,
            "limits": [{"name": _(x.name), "value": x.value, "source": _(x.source)} for x in rule.limits],
        }
        for rule in RULES
    ]


def rules_as_words() -> str:
    """The rules with their limits, and a word on those of task types."""
    columns = layout.terminal_width()
    blocks = []
    for rule in RULES:
        lines = [layout.paragraph(f"{rule.code}: {_(rule.about)}", columns)]
        for limit in rule.limits:
            text = _("{name}: {value:g} ({source})", name=_(limit.name), value=limit.value, source=_(limit.source))
            lines.append(layout.paragraph(text, columns, 4))
        blocks.append("\n".join(lines))
    blocks.append(_("The task types add findings of their own (hook diagnose); docs/diagnose.md explains them all."))
    return "\n\n".join(blocks)
