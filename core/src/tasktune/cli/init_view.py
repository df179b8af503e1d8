"""What ``tune init`` shows: what it saw, the draft with its reasons, and what was made."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tasktune.cli import import_view, layout, output
from tasktune.cli.check import MAX_SHOWN
from tasktune.errors import InputError, Problem
from tasktune.locale import spoken
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.coach.build import Built, Rows
    from tasktune.coach.draft import Draft
    from tasktune.coach.look import Candidate, Sight, Unsuited
    from tasktune.coach.rules import Recommendation


def chosen_words(chosen: Candidate) -> str:
    """The task type that the rows are taken for, and why."""
    info = chosen.plugin.info
    title = spoken(info.title) if info.title else info.summary
    lines = [
        _(
            "Task type: {name} ({title}), because {reason}.",
            name=chosen.plugin.name,
            title=title,
            reason=chosen.proposal.reason,
        )
    ]
    if chosen.pairs is not None:
        lines.append(
            _(
                "{column} holds an answer for each of several things; a row is made of each",
                column=chosen.pairs.column,
            )
        )
    return "\n".join(lines)


def sight_words(sight: Sight) -> str:
    """What all rows are like."""
    from tasktune.coach.look import classes_in_words

    lines = [
        _(
            "Rows: {rows}; language: {code}; longest: {longest} characters",
            rows=f"{sight.rows:,}",
            code=sight.language or "?",
            longest=f"{sight.longest:,}",
        )
    ]
    if sight.unread:
        lines.append(
            _("{count} rows cannot be used; each will be in a file with its reason", count=f"{sight.unread:,}")
        )
    if sight.classes:
        lines.append(_("Labels: {labels}", labels=classes_in_words(sight.classes)))
        lines.append(_("Largest class to smallest: {ratio}:1", ratio=f"{sight.imbalance:g}"))
    return "\n".join(lines)


def unclear(unsuited: Sequence[Unsuited]) -> InputError:
    """That no task type can have the rows, and why each cannot."""
    problems = [
        Problem(f"{problem.path}: {problem.message}" if problem.path else problem.message, problem.hint, each.task_type)
        for each in unsuited
        for problem in each.error.problems or [Problem(each.error.message, each.error.hint)]
    ]
    hint = _("name the task type with --task-type, and its columns with --field")
    return InputError(_("it cannot be told which task these rows are for"), hint=hint, problems=problems)


def draft_parts(made: Draft, target: Path) -> list[str]:
    """The goals in short, the recommendations with their reasons, and the whole task.yaml."""
    width = layout.terminal_width()
    set_ = [each for each in made.recommendations if each.values]
    advice = [each for each in made.recommendations if not each.values]
    rows = [(key, _value(value), each.because) for each in set_ for key, value in each.values.items()]
    parts = [_("Your goal:") + "\n\n" + _indented(made.summary)]
    if rows:
        header = [_("recommended"), _("value"), _("because")]
        parts.append(
            layout.table(
                header,
                [(k, v, b if n == 0 or rows[n - 1][2] != b else "″") for n, (k, v, b) in enumerate(rows)],
                columns=width,
            )
        )
    parts += ["\n".join(layout.wrap(f"• {_about(each)}", width)) for each in advice]
    parts.append(_("{file}:", file=target / "task.yaml") + "\n\n" + _indented(made.text))
    return parts


def _about(advice: Recommendation) -> str:
    return advice.because if advice.overlay is None else f"--config {advice.overlay.name}: {advice.because}"


def asked_to_replace(names: Sequence[str], target: Path) -> bool:
    """Whether the user lets files that are there be replaced."""
    shown = [f"  {target / name}" for name in names[:MAX_SHOWN]]
    more = len(names) - MAX_SHOWN
    shown += ["  " + _("… and {more} more", more=more)] if more > 0 else []
    output.say("\n".join([_("These files are there already, with other contents:"), *shown]))
    return click.confirm(_("Replace them? The old ones are kept in backup/."), default=False, err=True)


def built_parts(built: Built, rows: Rows | None, kept: Path | None) -> list[str]:
    """What was made, the account of the rows, whether the check is clean, and what to do next."""
    count = len(built.placed.written)
    parts = []
    if built.imported is not None and rows is not None:
        parts.append(import_view.report_words(built.imported, rows.chosen.counting))
    parts.append(_("{folder}: {count} files written", folder=built.folder, count=count))
    if built.placed.backup is not None:
        parts.append(_("the files that were replaced are in {folder}", folder=built.placed.backup))
    if kept is not None:
        parts.append(_("the server is remembered for other tasks in {file}", file=kept))
    if built.check is not None:
        parts.append(_check_words(built))
    folder = shlex.quote(built.folder)
    steps = [f"tune check {folder}", f"tune run {folder} --config quick", f"tune run {folder}"]
    if built.check is None:
        steps.insert(0, f"tune data import rows.csv --task {folder} --out {folder}/data/train.jsonl")
    parts.append("\n".join([_("Next:"), *(f"  {step}" for step in steps)]))
    return parts


def plain(made: Draft, built: Built, kept: Path | None) -> dict[str, Any]:
    """Everything as plain data, for ``--json``."""
    check = built.check
    return {
        "task": made.values.get("task_name"),
        "folder": built.folder,
        "definition": made.values,
        "recommendations": [each.model_dump(mode="json", by_alias=True) for each in made.recommendations],
        "files": list(built.placed.written),
        "backup": built.placed.backup,
        "server": None if kept is None else str(kept),
        "import": None if built.imported is None else built.imported.model_dump(mode="json"),
        "check": None if check is None else {"ok": check.ok, **check.model_dump(mode="json")},
    }


def _check_words(built: Built) -> str:
    check = built.check
    assert check is not None
    lines = [_("Notice: {text}", text=notice) for notice in check.notices]
    if check.ok:
        counts = _(", ").join(f"{split} {count:,}" for split, count in check.rows.items())
        return "\n".join([_("checked: ready to run ({counts})", counts=counts), *lines])
    shown = [f"  {problem}" for problem in check.problems[:MAX_SHOWN]]
    return "\n".join([_("problems ({count}):", count=f"{check.problem_count:,}"), *shown, *lines])


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines()).rstrip("\n")


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
