from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.score import score
from tasktune.evaluation.wording import Wording
from tasktune.improve.diagnose import below_baseline, few_training_rows, unparsed_answers
from tasktune.types import Answer, Finding, Record, RunContext, Scored

WORDING = Wording("en", {})


def context(**changes: Any) -> RunContext:
    return RunContext(**{"task_name": "t", "language": "en", "threshold": 0.8, "train_rows": 900, **changes})


def answers(parsed: int, unparsed: int) -> list[Scored]:
    made = (
        [Answer(value="x")] * parsed + [Answer(error="cut")] * (unparsed - 1) + [Answer(error="odd")] * (unparsed > 0)
    )
    return [
        Scored(record=Record(id=f"t:{n}", inputs={}, target="x"), output="", answer=answer)
        for n, answer in enumerate(made)
    ]


@pytest.mark.parametrize(
    ("unparsed", "severity"), [(0, None), (1, "info"), (19, "info"), (20, "warning"), (199, "warning"), (200, "error")]
)
def test_unparsed_answers_by_their_share(unparsed: int, severity: str | None) -> None:
    found = unparsed_answers(answers(1000 - unparsed, unparsed), context(), can_constrain=False)
    assert [finding.severity for finding in found] == ([] if severity is None else [severity])


def test_unparsed_answers_show_rows_reasons_and_a_way_out() -> None:
    [found] = unparsed_answers(answers(7, 3), context(training={"epochs": 5.0}), can_constrain=False)
    assert found.record_ids == ("t:7", "t:8", "t:9")
    assert found.evidence["reasons"] == {"cut": 2, "odd": 1}
    assert "3 of 10" in found.message
    assert "cut" in found.message
    assert str(found.actions[0].patch) == "{'training.epochs': 10}"
    [closed] = unparsed_answers(answers(7, 3), context(), can_constrain=True)
    assert closed.actions[0].patch == {"evaluation.decoding": "constrained"}


@pytest.mark.parametrize(
    ("training", "patch"),
    [
        ({"epochs": 1.25, "max_steps": None}, {"training.epochs": 2.5}),
        ({"epochs": 5.0, "max_steps": 40}, {"training.max_steps": 80}),
        ({}, {}),
    ],
)
def test_training_longer_doubles_what_sets_the_length(training: dict[str, Any], patch: dict[str, Any]) -> None:
    [found] = below_baseline(Verdict.on("f1", 0.1, 0.8), {"linear": 0.5}, context(training=training), WORDING)
    assert found.actions[0].patch == patch


@pytest.mark.parametrize(
    ("closed", "decoding", "constrains"), [(True, "free", True), (True, "constrained", False), (False, "free", False)]
)
def test_constraining_is_proposed_where_it_works(
    make_task: Callable[..., Any], rows: Any, closed: bool, decoding: str, constrains: bool
) -> None:
    made = score(make_task({"closed": closed}), rows, decoding=decoding)
    [found] = [finding for finding in made.findings if finding.code == "unparsed-answers"]
    assert ("evaluation.decoding" in found.actions[0].patch) is constrains


@pytest.mark.parametrize(
    ("value", "rival", "severity"),
    [
        (0.7, 0.6, None),
        (0.7, 0.75, "error"),
        (0.7, 0.7, "error"),
        (0.85, 0.9, "warning"),
        (0.85, 0.85, None),
        (1.0, 1.0, None),
    ],
)
def test_a_model_must_outdo_simple_methods(value: float, rival: float, severity: str | None) -> None:
    found = below_baseline(Verdict.on("f1", value, 0.8), {"linear": rival}, context(), WORDING)
    assert [finding.severity for finding in found] == ([] if severity is None else [severity])


def test_only_the_better_methods_are_named() -> None:
    rivals = {"linear": 0.75, "majority": 0.2, "rules": 0.9}
    [found] = below_baseline(Verdict.on("f1", 0.7, 0.8), rivals, context(), WORDING)
    assert found.evidence["baselines"] == {"linear": 0.75, "rules": 0.9}
    assert "linear 75.0%, rules 90.0%" in found.message


@pytest.mark.parametrize(
    ("value", "train_rows", "found"),
    [(0.7, 499, True), (0.7, 500, False), (0.9, 100, False), (0.7, 0, False), (0.7, 1, True)],
)
def test_few_rows_matter_when_the_target_is_missed(value: float, train_rows: int, found: bool) -> None:
    assert bool(few_training_rows(Verdict.on("f1", value, 0.8), context(train_rows=train_rows))) is found


def test_the_stated_baseline_is_a_rival(make_task: Callable[..., Any], rows: Any) -> None:
    def rivals(stated: Any) -> list[Finding]:
        findings = score(make_task(success_criteria={"baseline": stated}), rows).findings
        return [finding for finding in findings if finding.code == "below-baseline"]

    assert rivals("rules_0.55") == []
    [found] = rivals("rules_0.65")
    assert found.evidence["baselines"] == {"rules": 0.65}
    [nameless] = rivals(0.65)
    assert nameless.evidence["baselines"] == {"baseline": 0.65}
