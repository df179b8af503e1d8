"""A file of decisions, for a review without a terminal: all of it holds, or none of it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasktune.data.files import Row, read_rows
from tasktune.data.generating.review import Choice, Draft, Review
from tasktune.data.records import Problems
from tasktune.errors import Problem, RecordError
from tasktune.locale import translate as _
from tasktune.types import Value

DECISIONS = ("accept", "reject", "edit")


class Decision(Value):
    """What to do with a draft; ``fields`` replace its own when it was edited."""

    draft: Draft
    choice: Choice
    fields: Mapping[str, Any] | None = None


def read_decisions(path: Path, review: Review) -> list[Decision]:
    """The decisions in a JSON Lines file: ``id``, ``decision`` (accept, reject or edit), and for edit the ``row``.

    :raises tasktune.errors.InputError: with every line that cannot be carried out.
    """
    problems, found = Problems(), []
    waiting = {draft.id: draft for draft in review.waiting}
    inputs: dict[int, str] = {}
    for row in read_rows(path):
        if isinstance(row, Problem):
            problems.add(row)
            continue
        decision = _decision(row, waiting, review, problems, path)
        if decision is None:
            continue
        # Each draft once.
        del waiting[decision.draft.id]
        found.append(decision)
        if decision.choice == "accept":
            number = review.checked(decision.draft, decision.fields).number
            if number in inputs:
                message = _("has the same input as {other}", other=inputs[number])
                problems.add(Problem(message, path=decision.draft.id).at(path, row.line))
            inputs[number] = decision.draft.id
    problems.raise_if_any("")
    return found


def _decision(
    row: Row, waiting: Mapping[str, Draft], review: Review, problems: Problems, path: Path
) -> Decision | None:
    name, choice, fields = row.fields.get("id"), row.fields.get("decision"), row.fields.get("row")
    wrong: list[Problem] = []
    draft = waiting.get(name) if isinstance(name, str) else None
    if draft is None:
        wrong.append(
            Problem(_("no row of this id waits for a decision"), _("tune data review --json lists them"), "id")
        )
    if choice not in DECISIONS:
        wrong.append(Problem(_("no decision"), _("use one of {known}", known=", ".join(DECISIONS)), "decision"))
    if (choice == "edit") != isinstance(fields, dict):
        wrong.append(Problem(_("edit takes the new row, and nothing else does"), path="row"))
    if not wrong and draft is not None and choice != "reject":
        try:
            review.checked(draft, fields)
        except RecordError as error:
            wrong += [replace(problem, path=problem.path or "row") for problem in error.problems]
    problems.add(*(problem.at(path, row.line) for problem in wrong))
    if wrong or draft is None:
        return None
    return Decision(draft=draft, choice="reject" if choice == "reject" else "accept", fields=fields)
