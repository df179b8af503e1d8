"""Laws of what ``tune init`` asks and is told: a new user's first minutes with a task type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tasktune.coach.questions import RESERVED, core_questions
from tasktune.errors import TuneError
from tasktune.plugins import TaskType
from tasktune.testing import hostile
from tasktune.testing.laws.base import LawBase, broken
from tasktune.types import Proposal, Record, TaskOptions


class SetupLaws(LawBase):
    """Questions have ids of their own, and propose makes something sensible of any rows."""

    def test_questions_have_ids_of_their_own(self, plugin: TaskType) -> None:
        ids = [question.id for question in plugin.info.questions]
        taken = sorted({*ids} & {*RESERVED, *(question.id for question in core_questions())})
        twice = sorted({name for name in ids if ids.count(name) > 1})
        assert not taken + twice, broken(
            "a question's id is used by no other question", None, taken + twice, "rename it in TaskTypeInfo.questions"
        )

    def test_proposal_knows_the_examples(self, plugin: TaskType, valid: TaskOptions) -> None:
        """Rows of the type are known for such, and what they give away answers questions that exist."""
        if not self.with_examples:
            # Their classes cannot be told under options that they do not fit; the suite with examples tests it.
            return
        examples = [record for record in plugin.info.examples if record.target is not None]
        rows = [{**record.inputs, plugin.info.target_field: record.target} for record in examples]
        classes = Counter(name for record in examples for name in plugin.target_classes(record, valid))
        proposal = proposed(plugin, rows, classes)
        assert proposal.fit >= 0.5, broken(
            "rows made of the examples fit the task type",
            None,
            proposal,
            "propose: give such rows a fit of 0.5 or more",
        )
        unknown = sorted({*proposal.answers, *proposal.guesses} - {question.id for question in plugin.info.questions})
        assert not unknown, broken(
            "a proposal answers the task type's own questions",
            None,
            unknown,
            "propose: use ids of TaskTypeInfo.questions",
        )
        assert proposal == proposed(plugin, rows, classes), broken(
            "equal rows give equal proposals", None, proposal, "propose: sort what comes from a set"
        )

    def test_proposal_takes_any_rows(self, plugin: TaskType, labelled: list[Record]) -> None:
        for row in hostile.rows(labelled[0].inputs, plugin.info.target_field):
            proposed(plugin, [row], {})
        proposed(plugin, [], {})


def proposed(plugin: TaskType, rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal:
    """What ``propose`` makes of the rows, with the law that it always makes something."""
    law = "propose returns a Proposal for any rows: never None, never raises"
    change = "propose: check types before using them"
    try:
        proposal = plugin.propose(rows, classes)
    except TuneError as error:
        pytest.fail(broken(law, None, f"{error} for the rows {rows!r}", change))
    assert isinstance(proposal, Proposal), broken(law, None, proposal, change)
    return proposal
