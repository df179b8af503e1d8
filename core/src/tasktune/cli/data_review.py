"""``tune data review``: generated rows, one at a time, accepted, edited or rejected."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tasktune.cli import generate_view, output
from tasktune.cli.help import Command, Example
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.errors import InputError, Problem, RecordError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.data.generating.review import Added, Draft, Review

_KEYS = {"a": "accept", "e": "edit", "r": "reject", "s": "skip", "q": "quit"}


@click.command(
    cls=Command,
    help="Go through generated rows one at a time: accept, edit, reject or skip. Accepted rows are checked by the task "
    "type and against every split, and added to the training rows when the review ends, all at once; the file as it "
    "was is kept in data/backup.\n\n"
    "Every decision is kept as it is made: a review that was left goes on where it stopped. Without a terminal, decide "
    "with --decisions or --accept-all; --json alone lists the rows that wait.",
    examples=[
        Example("Review the generated rows of the task in this folder:", "tune data review"),
        Example("Which rows wait for a decision?", "tune data review tasks/entity-sentiment --json"),
        Example(
            "Carry out what was decided elsewhere:",
            "tune data review tasks/entity-sentiment --decisions data/decisions.jsonl",
        ),
    ],
)
@task_argument()
@click.option(
    "--input",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A file of generated rows. May be repeated. Default: all in data/raw/.",
)
@click.option("--accept-all", is_flag=True, help="Accept every row that waits and that the task takes.")
@click.option(
    "--decisions",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help='A JSONL file of decisions: {"id": …, "decision": "accept", "reject" or "edit"}, for edit with a "row".',
)
@definition_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    task: Path,
    files: tuple[Path, ...],
    accept_all: bool,
    decisions: Path | None,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Review one task's generated rows."""
    from tasktune.data.generating.decisions import read_decisions
    from tasktune.data.generating.review import review

    if accept_all and decisions is not None:
        raise click.UsageError(_("--accept-all and --decisions exclude each other"), context)
    loaded = load(task, task_type, overlays, overrides)
    with output.writing(), review(loaded, [path.absolute() for path in files]) as at_work:
        unacceptable: list[Problem] = []
        looks = False
        if decisions is not None:
            for each in read_decisions(decisions, at_work):
                at_work.decide(each.draft, each.choice, each.fields)
        elif accept_all:
            unacceptable = _accept_all(at_work)
        elif as_json:
            looks = True
        else:
            _ask_about_all(at_work)
        added = None if looks else at_work.add()
        if as_json:
            output.show_json(_plain(at_work, added, unacceptable))
        else:
            _show(at_work, added, unacceptable)


def _accept_all(review: Review) -> list[Problem]:
    """Accept what can be; the problems of the rest, which goes on waiting."""
    problems = []
    for draft in review.waiting:
        try:
            review.decide(draft, "accept")
        except RecordError as error:
            problems += [_placed(problem, draft) for problem in error.problems]
    return problems


def _ask_about_all(review: Review) -> None:
    """Show each row that waits, and do what is said."""
    if review.waiting and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            _("nobody is here to look at the rows"),
            hint=_("decide with --decisions FILE or --accept-all; --json lists the rows"),
        )
    waiting = review.waiting
    try:
        for number, draft in enumerate(waiting, 1):
            output.say(generate_view.draft_words(draft, number, len(waiting)))
            if _ask_about(review, draft) == "quit":
                return
    except (KeyboardInterrupt, click.Abort) as interruption:
        hint = _("what was decided is kept, and not added to train yet; the same command goes on")
        raise click.Abort(hint) from interruption


def _ask_about(review: Review, draft: Draft) -> str:
    fields: Mapping[str, Any] | None = None
    while True:
        keys = list(_KEYS)
        try:
            review.checked(draft, fields)
        except RecordError as error:
            keys.remove("a")
            for problem in error.problems:
                output.say(output.paint("  ! ", "yellow", sys.stderr) + str(_placed(problem, draft)))
        key = click.prompt(_choices(keys), type=click.Choice(keys), show_choices=False, err=True)
        choice = _KEYS[key]
        if choice == "accept":
            review.decide(draft, "accept", fields)
        elif choice == "reject":
            review.decide(draft, "reject")
        elif choice == "edit":
            fields = _edited(draft.fields if fields is None else fields) or fields
            continue
        return choice


def _choices(keys: list[str]) -> str:
    names = {
        "a": _("[a]ccept"),
        "e": _("[e]dit"),
        "r": _("[r]eject"),
        "s": _("[s]kip"),
        "q": _("[q]uit and add"),
    }
    return "  ".join(names[key] for key in keys)


def _edited(fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The row as the user's editor leaves it; None if nothing changed or it is no row."""
    from tasktune.data.files import parse_json_row

    text = click.edit(json.dumps(fields, ensure_ascii=False, indent=2) + "\n", extension=".json")
    if text is None:
        return None
    row = parse_json_row(1, text)
    if isinstance(row, Problem):
        output.say(str(row))
        return None
    output.say(generate_view.field_words(row.fields))
    return row.fields


def _placed(problem: Problem, draft: Draft) -> Problem:
    file, _colon, line = draft.id.rpartition(":")
    return problem.at(file, int(line))


def _plain(review: Review, added: Added | None, unacceptable: list[Problem]) -> dict[str, Any]:
    return {
        "waiting": [draft.model_dump(mode="json") for draft in review.waiting],
        "accepted": len(review.accepted),
        "rejected": len(review.rejected),
        "added": None if added is None else added.model_dump(mode="json"),
        "unacceptable": [str(problem) for problem in unacceptable],
    }


def _show(review: Review, added: Added | None, unacceptable: list[Problem]) -> None:
    if unacceptable:
        output.show("\n".join([_("cannot be accepted:"), *(f"  {problem}" for problem in unacceptable)]))
    if added is not None:
        output.show(_("{count} rows added to {file}", count=f"{len(added.ids):,}", file=added.file))
    if added is not None and added.backup is not None:
        output.show(_("the file as it was is in {folder}", folder=added.backup))
    output.show(
        _(
            "{accepted} accepted, {rejected} rejected, {waiting} waiting",
            accepted=f"{len(review.accepted):,}",
            rejected=f"{len(review.rejected):,}",
            waiting=f"{len(review.waiting):,}",
        )
    )
