"""What the commands that run stages have in common: showing events on the way and the result in the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tasktune.cli import layout, output, progress
from tasktune.locale import current_language
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.evaluation.score import Evaluation
    from tasktune.pipeline import RunResult, Stage

PIPE_WIDTH = 100
MAX_FINDINGS = 5


def run_stages(task: Task, stages: tuple[Stage, ...], version: str | None) -> RunResult:
    """Run the stages and show what happens.

    :raises click.Abort: the user interrupted it; says that nothing is lost.
    """
    from tasktune.pipeline import run

    try:
        with progress.shown() as on_event:
            return run(task, stages=stages, version=version, on_event=on_event)
    except KeyboardInterrupt as interruption:
        raise click.Abort(_("the same command goes on where this one stopped")) from interruption


def finish(task: Task, result: RunResult, *, as_json: bool, judged: bool) -> None:
    """Show a result and end with its exit code: 1 when it was ``judged`` and the criteria are not met."""
    if as_json:
        output.show_json(_plain(task, result))
    else:
        _show(task, result, judged=judged)
    click.get_current_context().exit(0 if result.criteria_met or not judged else 1)


def _plain(task: Task, result: RunResult) -> dict[str, Any]:
    from tasktune.evaluation.score import results

    return {
        "task": task.spec.task_name,
        "version": result.version,
        "version_dir": str(result.version_dir),
        "status": result.status,
        "evaluation_dir": None if result.beside is None else str(result.beside),
        "criteria_met": result.criteria_met,
        "evaluation": None if result.evaluation is None else results(result.evaluation, result.version),
    }


def _show(task: Task, result: RunResult, *, judged: bool) -> None:
    if result.status == "unchanged":
        output.show(_("nothing to do: {version} is finished and nothing has changed since", version=result.version))
    if result.evaluation is not None:
        show_evaluation(result.evaluation, task)
    if judged:
        verdict = _("the criteria are met") if result.criteria_met else _("the criteria are not met")
        output.show(_("{version}: {verdict}", version=result.version, verdict=verdict))
    folder = result.beside or result.version_dir / "evaluation"
    reports = [path for path in (folder / "report.md", folder / "report.html") if path.exists()]
    judged_here = result.evaluation is not None and (result.beside is not None or result.evaluation.split == "test")
    if judged_here and reports:
        for path in reports:
            output.show(_("report: {path}", path=path))
    elif result.status == "finished":
        output.show(_("{version} is in {folder}", version=result.version, folder=result.version_dir))


def show_evaluation(evaluation: Evaluation, task: Task) -> None:
    """The scores as a table, and the first findings."""
    from rich.console import Console

    from tasktune.evaluation.decoding_section import decoding_rows
    from tasktune.evaluation.engine_section import engine_remarks
    from tasktune.evaluation.summary import summary_table
    from tasktune.evaluation.wording import Wording

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)
    console.print(summary_table(evaluation, task))
    both = decoding_rows(evaluation, Wording(current_language(), task.plugin.info.metrics))
    if both:
        output.show(_("Free and constrained decoding"))
        output.show(layout.table(both[0], both[1:], numbers=frozenset({1, 2})))
    if evaluation.engine is not None:
        for text in engine_remarks(evaluation.engine, Wording(current_language(), {})):
            output.show(text)
    for finding in evaluation.findings[:MAX_FINDINGS]:
        output.show(_("{title}: {text}", title=_(finding.severity), text=finding.message))
