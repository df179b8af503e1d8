"""Suggestions, and what was made of them, on the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.cli import layout
from tasktune.cli.diagnose_view import confidence_words, effort_words, heading, patch_words
from tasktune.evaluation.markdown import plain
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.improve.apply import Applied
    from tasktune.improve.diagnosis import Diagnosis
    from tasktune.improve.suggestions import Suggestion
    from tasktune.types import MetricInfo


def words(diagnosis: Diagnosis, found: Sequence[Suggestion], metrics: Mapping[str, MetricInfo]) -> str:
    """The suggestion matrix: the changes of task.yaml, then the work for people."""
    columns = layout.terminal_width()
    parts = [heading(diagnosis, metrics)]
    if not found:
        parts.append(_("nothing to suggest"))
    for title, some in (
        (_("Changes of task.yaml (--apply makes them)"), [each for each in found if each.applicable]),
        (_("Work for people"), [each for each in found if not each.applicable]),
    ):
        if not some:
            continue
        lines = [title]
        for each in some:
            lines.append(layout.paragraph(f"{each.code}: {plain(each.action.title)}", columns, 2))
            facts = _(
                "expected: {effect}; {effort}; {confidence}",
                effect=plain(each.action.expected_effect),
                effort=effort_words(each.action),
                confidence=confidence_words(each.action),
            )
            lines.append(layout.paragraph(facts, columns, 6))
            because = ", ".join(dict.fromkeys(reason.code for reason in each.reasons))
            lines.append(layout.paragraph(_("because of: {findings}", findings=because), columns, 6))
            change = patch_words(each.action) if each.applicable else plain(each.action.command or "")
            if change:
                lines.append(layout.paragraph(change, columns, 6))
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def applied_words(done: Applied, task: Path) -> str:
    """The difference of the file, and what comes next."""
    if not done.diff:
        return _("nothing to do: {file} says so already", file=done.file)
    if not done.written:
        return done.diff + "\n\n" + _("nothing was written")
    next_step = _("tune run {task} trains the next version", task=shlex.quote(str(task)))
    return done.diff + "\n\n" + _("{file} is changed; {next}", file=done.file, next=next_step)
