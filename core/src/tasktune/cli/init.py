"""``tune init``: a new task, by questions that have reasons and recommendations that have them too."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tasktune.cli import import_view, init_view, output
from tasktune.cli.columns import column_options, reading_options, task_type_option
from tasktune.cli.help import Argument, Command, Example
from tasktune.cli.init_start import Said, Start, known, said_before, start
from tasktune.cli.interview import Interview
from tasktune.cli.options import json_option
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.coach.draft import Draft
    from tasktune.coach.questions import Asked
    from tasktune.definition import Task


@click.command(
    cls=Command,
    help="Begin a new task: answer questions, each with a default and why it is asked, get recommendations with "
    "their reasons, and a project with task.yaml, scripts, guides and model cards.\n\n"
    "With --data it looks at the rows first (task type, columns, labels, language, sizes), asks only what is left, and "
    "brings the rows in. Nothing is written before you have seen the goals and the whole task.yaml and said yes. "
    "Without a terminal, or with --json, nothing is asked: answers come from --answers and --answer, the rest by "
    "default.",
    examples=[
        Example("Begin a task, guided by questions:", "tune init"),
        Example("Begin one with rows that are there already:", "tune init --data reviews.csv"),
        Example(
            "In a script, with the answers in a file and one beside it:",
            "tune init tasks/reviews --data reviews.csv --answers answers.yaml --answer threshold=0.85",
        ),
    ],
)
@click.argument(
    "folder",
    cls=Argument,
    required=False,
    type=click.Path(path_type=Path),
    about="The folder of the new task. Default: tasks/NAME, by the task's name.",
)
@click.option("--data", metavar="SOURCE", help="The rows to begin with: whatever `tune data import` can read.")
@click.option(
    "--answers",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A YAML file of answers by the questions' names.",
)
@click.option(
    "--answer",
    "single",
    multiple=True,
    metavar="NAME=ANSWER",
    help="One answer, such as goal='sort our mail'. May be repeated; wins over --answers.",
)
@task_type_option("The task type. Default: the one that the rows fit best.")
@column_options
@reading_options
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Settle one value of task.yaml yourself, such as training.epochs=2. May be repeated.",
)
@click.option(
    "--force", is_flag=True, help="Replace files that are there already; the old ones are kept in backup/ of the task."
)
@click.option("--yes", is_flag=True, help="Ask nothing: take guesses and defaults, and write.")
@json_option
def command(
    folder: Path | None,
    data: str | None,
    file: Path | None,
    single: tuple[str, ...],
    task_type: str | None,
    given: tuple[str, ...],
    pairs: str | None,
    offsets: Any,
    overrides: tuple[str, ...],
    force: bool,
    yes: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Begin one task."""
    from tasktune.coach.build import build
    from tasktune.coach.questions import all_questions
    from tasktune.coach.server import keep_server
    from tasktune.data.importing.opening import Reading

    interview = Interview() if sys.stdin.isatty() and sys.stderr.isatty() and not yes and not as_json else None
    said = said_before(file, single, data, task_type, given, pairs, overrides, offsets, Reading(**reading))
    begun = start(said, interview, quiet=as_json)
    questions = all_questions(begun.plugin)
    made, task, answers = _answered(said, begun, questions, interview, folder)
    target = folder or _place(task.name)
    if not as_json:
        output.show("\n\n".join(init_view.draft_parts(made, target)))
    if interview is not None and not click.confirm("\n" + _("Write this project?"), default=True, err=True):
        raise click.Abort(_("nothing was written"))

    def may_replace(names: Sequence[str]) -> bool:
        return force or (interview is not None and init_view.asked_to_replace(names, target))

    with output.writing(), import_view.counter() as on_progress:
        built = build(made, target, begun.rows, answers, may_replace, on_progress)
        kept = keep_server(answers)
    if as_json:
        output.show_json(init_view.plain(made, built, kept))
    else:
        output.show("\n\n".join(init_view.built_parts(built, begun.rows, kept)))


def _answered(
    said: Said, begun: Start, questions: Sequence[Asked], interview: Interview | None, folder: Path | None
) -> tuple[Draft, Task, dict[str, Any]]:
    """All answers, and the valid task that they make; on a terminal what does not fit is asked again."""
    from tasktune.coach.answers import refuse_unknown, settle
    from tasktune.coach.draft import checked, draft
    from tasktune.coach.server import kept_server

    refuse_unknown(said.answers, questions)
    given = dict(said.answers)
    seen, guesses = known(begun, said, folder, kept_server())
    while True:
        answers = settle(questions, given, seen, guesses, interview)
        made = draft(
            begun.plugin.name,
            questions,
            answers,
            begun.sight,
            said.settled,
            chosen=None if begun.rows is None else begun.rows.chosen,
        )
        try:
            task = checked(made, folder or Path("tasks"))
        except InputError as error:
            wrong = _to_ask_again(error, questions)
            if interview is None or not wrong:
                raise
            output.say("\n".join(f"  {problem}" for problem in error.problems))
            # What was said stays said, but for what is wrong.
            given = {question.id: answers.get(question.id) for question in questions if question.id not in wrong}
            seen = {name: value for name, value in seen.items() if name not in wrong}
            continue
        return made, task, answers


def _to_ask_again(error: InputError, questions: Sequence[Asked]) -> list[str]:
    """The questions whose answers a definition's problems are about."""
    paths = [problem.path or "" for problem in error.problems]
    return [
        question.id
        for question in questions
        if question.path and any(path == question.path or path.startswith(question.path + ".") for path in paths)
    ]


def _place(name: str) -> Path:
    """Where a task goes that nobody gave a folder: beside the others."""
    return Path(name) if Path.cwd().name == "tasks" else Path("tasks") / name
