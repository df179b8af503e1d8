"""``tune check``: what is wrong with a task before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tasktune.cli import output
from tasktune.cli.help import Command, Example
from tasktune.cli.layout import paragraph, table, terminal_width
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.check import CheckReport
    from tasktune.data.checking.findings import DataFinding
    from tasktune.data.checking.fix import Fixes
    from tasktune.data.checking.tokens import TokenAudit
    from tasktune.data.records import Split

MAX_SHOWN = 50


@click.command(
    cls=Command,
    help="Check a task's definition and every row of its data, and list everything found together.\n\n"
    "Broken rows are problems, with place and fix. Findings are about sound rows: copies and near copies, rows in two "
    "splits, contradicting answers, classes, languages, characters, and what a run needs on this machine. "
    "No model is loaded, and nothing is written without --fix. The exit code is 2 when a run would be refused.",
    examples=[
        Example("Check the task in this folder:", "tune check"),
        Example(
            "Count tokens too, against max_length and for each class:", "tune check tasks/entity-sentiment --tokens"
        ),
        Example("Mend what can be mended safely:", "tune check tasks/entity-sentiment --fix"),
    ],
)
@task_argument()
@click.option(
    "--tokens",
    is_flag=True,
    help="Count tokens with the base model's tokenizer: rows over max_length, and what each class puts into the loss.",
)
@click.option(
    "--fix",
    is_flag=True,
    help="First mend the rows where that cannot change what they say: invisible characters, outer spaces, labels that "
    "differ in case, width or spaces only. The old files are kept in data/backup, every change in data/fixes.jsonl.",
)
@definition_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    task: Path,
    tokens: bool,
    fix: bool,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check one task."""
    from tasktune.data.check import check, mend

    loaded = load(task, task_type, overlays, overrides)
    fixes = mend(loaded) if fix else None
    report = check(loaded, tokens=tokens)
    if as_json:
        fixed = {} if fixes is None else {"fixes": fixes.model_dump(mode="json")}
        output.show_json({"ok": report.ok, **report.model_dump(mode="json"), **fixed})
    else:
        parts = [*([] if fixes is None else [mended(fixes)]), *sections(report, loaded.spec.task_name)]
        output.show("\n\n".join(parts))
    context.exit(0 if report.ok else 2)


def mended(fixes: Fixes) -> str:
    """What ``--fix`` did."""
    left = _("{count} rows were left as they are: a mend would change what they say", count=f"{fixes.left:,}")
    if fixes.log is None:
        return "\n".join([_("nothing to mend"), *([left] if fixes.left else [])])
    names = {"characters": _("characters"), "spaces": _("outer spaces"), "labels": _("labels")}
    kinds = _(", ").join(f"{names[kind]} {count:,}" for kind, count in fixes.kinds.items())
    lines = [
        _("{rows} rows mended ({kinds}) in {files}", rows=f"{fixes.rows:,}", kinds=kinds, files=", ".join(fixes.files)),
        _("every change is in {log}, the old files are in {folder}", log=fixes.log, folder=fixes.backup),
    ]
    return "\n".join([*lines, *([left] if fixes.left else [])])


def sections(report: CheckReport, task_name: str) -> list[str]:
    """The report in parts: rows, classes, tokens, findings, problems, and the verdict."""
    parts = [
        table([_("split"), _("row count")], [(s, f"{n:,}") for s, n in report.rows.items()], numbers=frozenset({1}))
    ]
    parts += class_table(report.classes)
    if report.tokens is not None:
        parts.append(loss_table(report.tokens))
    if report.findings:
        title = _("findings ({count}):", count=len(report.findings))
        parts.append("\n".join([title, *(line for each in report.findings for line in finding_lines(each))]))
    if report.problem_count:
        shown = [str(problem) for problem in report.problems[:MAX_SHOWN]]
        title = _("problems ({count}):", count=f"{report.problem_count:,}")
        parts.append("\n".join([title, *("  " + line for line in shown), *_more(report.problem_count, len(shown))]))
    if report.ok:
        return [*parts, _("{task} is ready to run", task=task_name)]
    return [*parts, _("{task} is not ready: a run would be refused", task=task_name)]


def finding_lines(finding: DataFinding) -> Iterator[str]:
    """A finding with its rows and what to do about it."""
    columns = terminal_width()
    yield paragraph(_("{title}: {text}", title=_(finding.severity), text=finding.message), columns, 2)
    if finding.ids:
        more = " …" if finding.count > len(finding.ids) else ""
        yield "    " + ", ".join(finding.ids) + more
    fix = _("{fix} (--fix does it)", fix=finding.fix) if finding.fixable else finding.fix
    yield paragraph("→ " + fix, columns, 4)


def loss_table(tokens: TokenAudit) -> str:
    """What each class puts into the loss."""
    rows = [
        (name or _("(no class)"), f"{of.rows:,}", f"{of.answer_tokens:,}", f"{of.lost:,}")
        for name, of in tokens.classes.items()
    ]
    header = [_("class"), _("trained rows"), _("tokens with loss"), _("too long")]
    shown = table(header, rows[:MAX_SHOWN], numbers=frozenset({1, 2, 3}))
    longest = _(
        "longest row: {longest} tokens of {limit}", longest=f"{tokens.longest:,}", limit=f"{tokens.max_length:,}"
    )
    return "\n".join([shown, *_more(len(rows)), longest])


def class_table(counts: Mapping[Split, Mapping[str, int]]) -> list[str]:
    """How many rows of each split show each class; nothing when there are no classes."""
    classes = sorted({name for of_split in counts.values() for name in of_split})
    if not classes:
        return []
    rows = [(name, *(f"{of_split.get(name, 0):,}" for of_split in counts.values())) for name in classes[:MAX_SHOWN]]
    shown = table([_("class"), *counts], rows, numbers=frozenset(range(1, len(counts) + 1)))
    return ["\n".join([shown, *_more(len(classes))])]


def _more(count: int, shown: int = MAX_SHOWN) -> list[str]:
    return ["  " + _("… and {more} more", more=f"{count - shown:,}")] if count > shown else []
