"""The rules: what each finds, and what it leaves alone."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.definition import Task
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.intervals import Interval, Intervals
from tasktune.evaluation.score import score
from tasktune.improve.diagnose import RULES, diagnose
from tasktune.improve.diagnosing.evidence import Answers, Evidence, NoiseFacts, PromptFacts, Traces, TrainingLog
from tasktune.improve.diagnosing.order import ordered, worth
from tasktune.improve.diagnosing.rows import Longest, RowFacts
from tasktune.locale import translate
from tasktune.training.audit import Audit, SplitAudit
from tasktune.training.hints import Hint
from tasktune.types import Action, Answer, Finding, Metrics, Record, RunContext, Scored

ROOT = Path(__file__).resolve().parents[3]
MakeTask = Callable[..., Task]


def answered(right: int, wrong: int = 0, unparsed: int = 0) -> list[Scored]:
    """Rows answered rightly, wrongly (each in a way of its own) and unreadably."""
    made = [Answer(value="x")] * right + [Answer(value=f"wrong {n}") for n in range(wrong)]
    made += [Answer(error="odd" if n == 0 else "cut") for n in range(unparsed)]
    return [
        Scored(record=Record(id=f"t:{n}", inputs={}, target="x"), output="", answer=answer)
        for n, answer in enumerate(made)
    ]


def answers(value: float = 0.5, rows: Sequence[Scored] | None = None, **more: Any) -> Answers:
    metrics = Metrics(primary="f1", values={"f1": value}, per_class=more.pop("per_class", {}))
    rows = answered(5, 5) if rows is None else rows
    return Answers(rows, metrics, Verdict.on("f1", value, 0.8), **{"rivals": {}, **more})


def curve(*losses: float) -> tuple[tuple[int, float], ...]:
    """Losses at the steps 1, 2, 3 …, each stretched over ten."""
    return tuple((step, loss) for step, loss in enumerate((loss for loss in losses for _ in range(10)), 1))


def log(*losses: float, **more: Any) -> TrainingLog:
    loss = curve(*losses)
    return TrainingLog(**{"loss": loss, "steps": len(loss), "planned": len(loss), **more})


def split_audit(**more: Any) -> SplitAudit:
    figures = {"rows": 100, "prompt_tokens": 3000, "completion_tokens": 500, "longest": 60, "longest_completion": 8}
    return SplitAudit(**{**figures, "prefix": 10, **more})


@pytest.fixture
def look(make_task: MakeTask) -> Callable[..., list[Finding]]:
    """The findings of one rule on some evidence; ``training`` are keys of task.yaml."""

    def look(code: str, training: dict[str, Any] | None = None, **facts: Any) -> list[Finding]:
        task = make_task(training=training or {}, **facts.pop("keys", {}))
        context = RunContext(
            task_name="t",
            language="en",
            threshold=0.8,
            train_rows=facts.pop("train_rows", 900),
            class_counts=facts.pop("class_counts", {}),
            training=task.spec.training.model_dump(mode="json"),
        )
        scored = facts.pop("answers", None)
        if "log" in facts:
            facts["training"] = facts.pop("log")
        [rule] = [rule for rule in RULES if rule.code == code]
        return list(rule.look(Evidence(task, context, scored, Traces(**facts))))

    return look


Look = Callable[..., list[Finding]]


def severities(found: list[Finding]) -> list[str]:
    return [finding.severity for finding in found]


@pytest.mark.parametrize(
    ("unparsed", "expected"),
    [(0, []), (1, ["info"]), (19, ["info"]), (20, ["warning"]), (199, ["warning"]), (200, ["error"])],
)
def test_unparsed_answers_by_their_share(look: Look, unparsed: int, expected: list[str]) -> None:
    rows = answered(1000 - unparsed, unparsed=unparsed)
    assert severities(look("unparsed-answers", answers=answers(rows=rows))) == expected


def test_unparsed_answers_show_rows_reasons_and_a_way_out(look: Look) -> None:
    rows = answered(7, unparsed=3)
    [found] = look("unparsed-answers", {"epochs": 5}, answers=answers(rows=rows, decoding="constrained"))
    assert found.record_ids == ("t:7", "t:8", "t:9")
    assert found.evidence["reasons"] == {"cut": 2, "odd": 1}
    assert "3 of 10" in found.message
    assert str(found.actions[0].patch) == "{'training.epochs': 10}"
    [closed] = look("unparsed-answers", answers=answers(rows=rows))
    assert closed.actions[0].patch == {"evaluation.decoding": "constrained"}


@pytest.mark.parametrize(
    ("training", "patch"),
    [
        ({"epochs": 1.25}, {"training.epochs": 2.5}),
        ({"epochs": 15}, {"training.epochs": 20}),
        ({"epochs": 30}, {}),
        ({"epochs": 5, "max_steps": 40}, {"training.max_steps": 80}),
    ],
)
def test_training_longer_doubles_what_sets_the_length(look: Look, training: dict[str, Any], patch: Any) -> None:
    [found] = look("below-baseline", training, answers=answers(0.1, rivals={"linear": 0.5}))
    assert found.actions[0].patch == patch


@pytest.mark.parametrize(
    ("closed", "decoding", "constrains"), [(True, "free", True), (True, "constrained", False), (False, "free", False)]
)
def test_constraining_is_proposed_where_it_works(
    make_task: MakeTask, rows: Any, closed: bool, decoding: str, constrains: bool
) -> None:
    made = score(make_task({"closed": closed}), rows, decoding=decoding)
    [found] = [finding for finding in made.findings if finding.code == "unparsed-answers"]
    assert ("evaluation.decoding" in found.actions[0].patch) is constrains


@pytest.mark.parametrize(
    ("value", "rival", "expected"),
    [(0.7, 0.6, []), (0.7, 0.75, ["error"]), (0.7, 0.7, ["error"]), (0.85, 0.9, ["warning"]), (1.0, 1.0, [])],
)
def test_a_model_must_outdo_simple_methods(look: Look, value: float, rival: float, expected: list[str]) -> None:
    assert severities(look("below-baseline", answers=answers(value, rivals={"linear": rival}))) == expected


def test_only_the_better_methods_are_named(look: Look) -> None:
    rivals = {"linear": 0.75, "majority": 0.2, "rules": 0.9}
    [found] = look("below-baseline", answers=answers(0.7, rivals=rivals))
    assert found.evidence["baselines"] == {"linear": 0.75, "rules": 0.9}
    assert "linear 75.0%, rules 90.0%" in found.message


def test_the_stated_baseline_is_a_rival(make_task: MakeTask, rows: Any) -> None:
    def rivals(stated: Any) -> list[Finding]:
        findings = score(make_task(success_criteria={"baseline": stated}), rows).findings
        return [finding for finding in findings if finding.code == "below-baseline"]

    assert rivals("rules_0.55") == []
    [found] = rivals("rules_0.65")
    assert found.evidence["baselines"] == {"rules": 0.65}
    assert score(make_task(success_criteria={"baseline": 0.65}), rows).rivals == {"baseline": 0.65}


@pytest.mark.parametrize(
    ("value", "rows", "expected"),
    [
        (0.7, 499, ["warning"]),
        (0.7, 500, []),
        (0.9, 50, []),
        (0.7, 0, []),
        (0.7, 99, ["error"]),
        (0.7, 100, ["warning"]),
    ],
)
def test_few_rows_matter_when_the_target_is_missed(look: Look, value: float, rows: int, expected: list[str]) -> None:
    assert severities(look("few-training-rows", answers=answers(value), train_rows=rows)) == expected


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (log(1.0, 4.0, 3.0, 2.0, 1.8), ["error"]),
        (log(1.0, 4.0, 3.0, 0.5, 0.2), []),
        (log(1.0, 1.9, 1.5, 1.2, 1.2), []),
        (replace(log(1.0, 4.0, 3.0, 2.0), ended=False), ["error"]),
        (log(1.0, 0.5, 0.2), []),
    ],
)
def test_a_loss_that_leaps_up_and_stays(look: Look, figures: TrainingLog, expected: list[str]) -> None:
    found = look("learning-rate-too-high", {"learning_rate": 0.01}, log=figures)
    assert severities(found) == expected
    for finding in found:
        assert finding.actions[0].patch == {"training.learning_rate": 0.001}


@pytest.mark.parametrize(
    ("tuning", "rate", "value", "expected"),
    [
        ("lora", 2e-3, 0.5, []),
        ("lora", 3e-3, 0.5, ["warning"]),
        ("lora", 3e-3, 0.9, []),
        ("full", 6e-4, 0.5, ["warning"]),
        ("full", 5e-4, 0.5, []),
    ],
)
def test_a_rate_beyond_what_is_usual(look: Look, tuning: str, rate: float, value: float, expected: list[str]) -> None:
    training = {"tuning": tuning, "learning_rate": rate}
    found = look("learning-rate-too-high", training, answers=answers(value), log=log(1.0, 0.5))
    assert severities(found) == expected


def test_gradients_that_jump_are_told_when_the_target_is_missed(look: Look) -> None:
    hint = Hint(code="gradient-jump", step=40, figures={"times": 20.0, "usual": 0.5})
    figures = log(1.0, 0.5, hints=(hint,))
    [found] = look("learning-rate-too-high", {"learning_rate": 9e-4}, answers=answers(), log=figures)
    assert found.severity == "warning"
    assert "at step 40" in found.message
    assert found.actions[0].patch == {"training.learning_rate": 3e-4}
    assert look("learning-rate-too-high", answers=answers(0.9), log=figures) == []


@pytest.mark.parametrize(
    ("rate", "losses", "value", "expected"),
    [
        (1e-6, (1.0, 0.8, 0.6), 0.5, ["error"]),
        (1e-6, (1.0, 0.4, 0.2), 0.5, []),
        (1e-4, (1.0, 0.98, 0.95), 0.5, ["error"]),
        (1e-4, (1.0, 0.9, 0.8), 0.5, []),
        (1e-4, (1.0, 0.98, 0.95), 0.9, []),
        (1e-1, (1.0, 0.98, 0.95), 0.5, []),
    ],
)
def test_a_loss_that_hardly_falls_is_a_rate_too_low(
    look: Look, rate: float, losses: tuple[float, ...], value: float, expected: list[str]
) -> None:
    found = look("learning-rate-too-low", {"learning_rate": rate}, answers=answers(value), log=log(*losses))
    assert severities(found) == expected
    for finding in found:
        assert finding.actions[0].patch["training.learning_rate"] > rate


def test_a_loss_that_is_no_number(look: Look) -> None:
    assert look("loss-not-a-number", log=log(1.0)) == []
    [found] = look("loss-not-a-number", {"learning_rate": 0.01}, log=log(1.0, broken="stopped at step 7"))
    assert (found.severity, found.message) == ("error", "stopped at step 7")
    assert [action.patch for action in found.actions] == [
        {"training.learning_rate": 0.001},
        {"training.precision": "fp32"},
    ]
    [evaluated] = look("loss-not-a-number", {"precision": "fp32"}, log=log(1.0, eval_loss=((4, math.nan),)))
    assert "from step 4 on" in evaluated.message
    assert len(evaluated.actions) == 1


@pytest.mark.parametrize(
    ("steps", "value", "losses", "expected"),
    [
        (100, 0.5, (1.0, 0.6), ["warning"]),
        (300, 0.5, (1.0, 0.6), ["warning"]),
        (400, 0.5, (1.0, 0.6), []),
        (100, 0.9, (1.0, 0.6), []),
        (100, 0.5, (1.0, 0.01), []),
    ],
)
def test_few_epochs(look: Look, steps: int, value: float, losses: tuple[float, ...], expected: list[str]) -> None:
    # 900 rows in steps of 8: an epoch takes 113.
    found = look("undertrained", {"epochs": 1}, answers=answers(value), log=log(*losses, steps=steps))
    assert severities(found) == expected
    for finding in found:
        assert finding.actions[0].patch == {"training.epochs": 2}


def test_a_model_that_underfits(look: Look) -> None:
    figures = log(1.0, 0.8, 0.7, steps=900)
    [found] = look("underfitting", {"learning_rate": 1e-4}, answers=answers(), log=figures)
    assert [action.code for action in found.actions] == ["train-longer", "raise-lora-rank", "larger-base"]
    assert look("underfitting", {"learning_rate": 1e-6}, answers=answers(), log=figures) == []
    assert look("underfitting", answers=answers(), log=log(1.0, 0.2, steps=900)) == []


@pytest.mark.parametrize(
    ("training", "value", "severity", "patch"),
    [
        ({"lora": {"r": 4}}, 0.5, ["warning"], {"training.lora.r": 32, "training.lora.alpha": None}),
        ({"lora": {"r": 16}}, 0.5, ["info"], {"training.lora.r": 32, "training.lora.alpha": None}),
        ({"lora": {"r": 8, "alpha": 8}}, 0.5, ["warning"], {"training.lora.r": 32, "training.lora.alpha": 32}),
        ({"lora": {"r": 32}}, 0.5, [], None),
        ({"lora": {"r": 4}}, 0.9, [], None),
        ({"tuning": "full", "lora": {"r": 4}}, 0.5, [], None),
    ],
)
def test_a_small_rank(look: Look, training: Any, value: float, severity: list[str], patch: Any) -> None:
    found = look("low-rank", training, answers=answers(value))
    assert severities(found) == severity
    for finding in found:
        wanted = {key: 64 if limit is None else limit for key, limit in patch.items()}
        assert {"training.lora.alpha": 64, **finding.actions[0].patch} == wanted


@pytest.mark.parametrize(
    ("evaluated", "more", "found"),
    [
        ((0.5, 0.3, 0.6), {}, True),
        ((0.5, 0.3, 0.32), {}, False),
        ((0.5, 0.3, 0.6), {"keeps_best": True}, False),
        ((0.5, 0.003, 0.006), {}, False),
        ((0.5,), {}, False),
    ],
)
def test_overfitting(look: Look, evaluated: tuple[float, ...], more: dict[str, Any], found: bool) -> None:
    points = tuple((10 * n, loss) for n, loss in enumerate(evaluated, 1))
    figures = log(1.0, 0.5, 0.05, eval_loss=points, **more)
    told = look("overfitting", {"epochs": 6}, log=figures)
    assert bool(told) is found
    for finding in told:
        patches = [dict(action.patch) for action in finding.actions]
        assert {"training.monitor.keep": "best"} in patches
        assert {"training.epochs": 4} in patches


def test_training_that_stopped_and_rows_to_validate_on(look: Look) -> None:
    [found] = look("training-stopped", log=log(1.0, ended=False, steps=10, planned=90))
    assert "step 10 of 90" in found.message
    assert look("training-stopped", log=log(1.0)) == []
    assert severities(look("no-validation-rows", rows=RowFacts(rows={"train": 5, "valid": 0, "test": 2}))) == ["info"]
    assert look("no-validation-rows", rows=RowFacts(rows={"train": 5, "valid": 1, "test": 2})) == []


def per_class(**scores: float) -> dict[str, dict[str, float]]:
    return {name: {"f1": f1, "support": 20} for name, f1 in scores.items()}


@pytest.mark.parametrize(
    ("counts", "scores", "value", "training", "expected"),
    [
        ({"a": 90, "b": 31}, per_class(a=0.7, b=0.7), 0.5, {}, []),
        ({"a": 94, "b": 31}, per_class(a=0.7, b=0.7), 0.5, {}, [["balance-sampling", "label-more-rows"]]),
        ({"a": 94, "b": 31}, per_class(a=0.7, b=0.7), 0.9, {}, []),
        ({"a": 94, "b": 31}, per_class(a=0.9, b=0.4), 0.9, {}, [["balance-sampling", "label-more-rows"]]),
        ({"a": 94, "b": 31}, per_class(a=0.7, b=0.7), 0.5, {"sampling": "balanced"}, [["label-more-rows"]]),
        ({"a": 94}, per_class(a=0.7), 0.5, {}, []),
    ],
)
def test_imbalance(look: Look, counts: Any, scores: Any, value: float, training: Any, expected: Any) -> None:
    found = look("class-imbalance", training, answers=answers(value, per_class=scores), class_counts=counts)
    assert [[action.code for action in finding.actions] for finding in found] == expected


@pytest.mark.parametrize(
    ("count", "f1", "expected"),
    [(9, 0.0, ["error"]), (9, 0.3, ["warning"]), (9, 0.9, []), (30, 0.0, []), (19, 0.0, ["error"])],
)
def test_a_starved_class(look: Look, count: int, f1: float, expected: list[str]) -> None:
    counts = {"a": 140, "b": 140, "x": count}
    scored = answers(0.5, per_class=per_class(a=0.9, b=0.9, x=f1))
    found = look("starved-class", answers=scored, class_counts=counts)
    assert severities(found) == expected
    for finding in found:
        assert finding.actions[0].command is not None
        assert "--class x" in finding.actions[0].command
        assert finding.record_ids


def facts(**more: Any) -> RowFacts:
    return RowFacts(**{"rows": {"train": 1000, "valid": 100, "test": 100}, **more})


def test_classes_that_only_test_has(look: Look) -> None:
    of = {"train": Counter(a=900), "valid": Counter(), "test": Counter(a=90, b=10)}
    [found] = look("unseen-classes", rows=facts(classes=of))
    assert (found.severity, found.evidence["classes"]) == ("error", {"b": 10})
    assert look("unseen-classes", rows=facts(classes={**of, "train": Counter(a=1, b=1)})) == []
    # A task type without classes has none that train could lack.
    assert look("unseen-classes", rows=facts()) == []


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, ["warning"]), (4, ["warning"]), (5, ["error"])])
def test_test_rows_in_train(look: Look, count: int, expected: list[str]) -> None:
    found = look("train-rows-in-test", rows=facts(leaked=[f"t:{n}" for n in range(count)]), answers=answers())
    assert severities(found) == expected
    if count == 5:
        assert (found[0].evidence["right_among_them"], found[0].evidence["right_among_others"]) == (1.0, 0.0)
    [kept] = look("train-rows-in-test", rows=facts(leaked=["t:1"]), keys={"data": {"overlap": "keep"}})
    assert kept.actions[0].patch == {"data.overlap": "drop"}


@pytest.mark.parametrize(
    ("count", "classes", "expected"),
    [(9, True, ["info"]), (10, True, ["warning"]), (100, True, ["error"]), (100, False, ["info"])],
)
def test_contradictions(look: Look, count: int, classes: bool, expected: list[str]) -> None:
    of = {split: Counter(a=1) if classes else Counter() for split in ("train", "valid", "test")}
    some = facts(contradicting=["train:2"] * count, contradicted=["train:1"] * count, classes=of)
    found = look("contradicting-rows", rows=some, answers=answers())
    assert severities(found) == expected
    assert found[0].record_ids[:2] == ("train:2", "train:1")


@pytest.mark.parametrize(("dropped", "expected"), [(0, []), (1, ["info"]), (24, ["warning"]), (25, ["error"])])
def test_rows_left_out(look: Look, dropped: int, expected: list[str]) -> None:
    names = tuple(f"train:{n}" for n in range(dropped))
    audit = Audit(max_length=60, train=split_audit(dropped=names))
    some = facts(characters=2000 + 300 * dropped, answer_characters=500, lengths=dict.fromkeys(names, 300))
    found = look("dropped-rows", audit=audit, rows=some, answers=answers())
    assert severities(found) == expected
    for finding in found:
        # 3,500 tokens for 2,500 characters: 420 for 300, a tenth more, in steps of 256.
        assert finding.actions[0].patch == {"training.max_length": 512}


@pytest.mark.parametrize(
    ("length", "count", "shorter", "found"),
    [(30, 60, 900, True), (30, 40, 900, False), (20, 60, 900, False), (30, 1000, 0, False)],
)
def test_texts_of_one_greatest_length(look: Look, length: int, count: int, shorter: int, found: bool) -> None:
    longest = {"text": Longest(length, count, shorter, ["train:1"])}
    assert bool(look("cut-texts", rows=facts(longest=longest))) is found


@given(st.lists(st.integers(0, 9)))
def test_the_longest_are_counted_in_any_order(lengths: list[int]) -> None:
    longest = Longest()
    for number, length in enumerate(lengths):
        longest.add(length, str(number))
    top = max(lengths, default=0)
    assert (longest.length, longest.count, longest.shorter) == (
        top,
        lengths.count(top),
        sum(length < top for length in lengths),
    )


@pytest.mark.parametrize(("right", "expected"), [(20, ["warning"]), (38, [])])
def test_values_that_train_lacks(look: Look, right: int, expected: list[str]) -> None:
    """Of 40 rows with new values some are right, of 60 others all."""
    rows = [
        Scored(record=Record(id=f"t:{n}", inputs={}, target="x"), output="", answer=Answer(value="x" if ok else "y"))
        for n, ok in enumerate([True] * right + [False] * (40 - right) + [True] * 60)
    ]
    copied = [row.record.id for row in rows]
    found = look("unseen-values", rows=facts(copied=copied, unseen=copied[:40]), answers=answers(0.7, rows))
    assert severities(found) == expected


@pytest.mark.parametrize(("count", "value", "expected"), [(3, 0.5, []), (4, 0.5, ["warning"]), (4, 0.9, ["info"])])
def test_labels_that_are_probably_wrong(look: Look, count: int, value: float, expected: list[str]) -> None:
    noise = NoiseFacts(rows=100, suspects=tuple((f"t:{n}", "yes", "no") for n in range(count)))
    found = look("label-noise", noise=noise, answers=answers(value))
    assert severities(found) == expected
    for finding in found:
        assert "most often yes where no is more probable (4)" in finding.message
        assert finding.record_ids == ("t:0", "t:1", "t:2", "t:3")


@pytest.mark.parametrize(
    ("limit", "unparsed", "value", "expected"),
    [(7, 0, 0.9, ["info"]), (7, 0, 0.5, ["warning"]), (7, 5, 0.5, ["error"]), (8, 5, 0.5, []), (None, 5, 0.5, [])],
)
def test_answers_that_are_cut_off(look: Look, limit: int | None, unparsed: int, value: float, expected: Any) -> None:
    audit = Audit(max_length=60, train=split_audit())
    scored = answers(value, answered(10, unparsed=unparsed))
    found = look("cut-answers", answers=scored, audit=audit, max_new_tokens=limit)
    assert severities(found) == expected
    for finding in found:
        assert finding.actions[0].patch == {"evaluation.max_new_tokens": 26}


@pytest.mark.parametrize(("same", "value", "found"), [(9, 0.5, True), (8, 0.5, False), (9, 0.9, False)])
def test_one_answer_to_everything(look: Look, same: int, value: float, found: bool) -> None:
    rows = [
        Scored(
            record=Record(id=f"t:{n}", inputs={}, target="xyz"[n % 3]),
            output="",
            answer=Answer(value="x" if n < same else f"other {n}"),
        )
        for n in range(10)
    ]
    assert bool(look("same-answer", answers=answers(value, rows))) is found


def test_other_prompts_than_in_training(look: Look) -> None:
    assert look("prompts-changed", prompts=PromptFacts(9)) == []
    [found] = look("prompts-changed", prompts=PromptFacts(9, ("t:1",), "user: a", "user: b"), answers=answers())
    assert (found.severity, found.evidence["before"], found.evidence["after"]) == ("error", "user: a", "user: b")


@pytest.mark.parametrize(
    ("mean", "longest", "value", "expected"),
    [(999, 1100, 0.5, []), (1000, 1100, 0.5, ["warning"]), (1000, 1100, 0.9, ["info"]), (30, 1900, 0.5, ["info"])],
)
def test_long_prompts(look: Look, mean: int, longest: int, value: float, expected: list[str]) -> None:
    audit = Audit(max_length=2048, train=split_audit(prompt_tokens=100 * mean, longest=longest))
    assert severities(look("long-prompts", audit=audit, answers=answers(value))) == expected


@pytest.mark.parametrize(
    ("tokens", "wide", "expected"), [(30, 0, []), (90, 0, ["warning"]), (90, 90, []), (170, 90, ["warning"])]
)
def test_a_vocabulary_that_does_not_fit(look: Look, tokens: int, wide: int, expected: list[str]) -> None:
    """Rows of a hundred characters."""
    audit = Audit(max_length=2048, train=split_audit(prompt_tokens=100 * tokens))
    some = facts(characters=100_000, wide=1000 * wide)
    assert severities(look("base-does-not-fit", audit=audit, rows=some, answers=answers())) == expected


def test_a_test_set_too_small(look: Look) -> None:
    within = Intervals(resamples=2000, rows=50, seed=1, values={"f1": Interval(low=0.6, high=0.9)})
    [found] = look("test-set-too-small", answers=answers(0.75, within=within))
    assert (found.code, found.severity) == ("test-set-too-small", "warning")
    assert look("test-set-too-small", answers=answers(0.75)) == []


def test_without_evidence_nothing_is_found(make_task: MakeTask) -> None:
    context = RunContext(task_name="t", language="en", threshold=0.8, train_rows=0)
    assert diagnose(Evidence(make_task(), context)) == ()


def test_the_task_type_has_its_say(make_task: MakeTask, rows: Any, train: list[Record]) -> None:
    extra = Finding(code="mine", severity="error", message="so it is")
    made = score(make_task({"findings": (extra,)}), rows, train=train)
    assert "mine" in [finding.code for finding in made.findings]
    assert [finding.severity for finding in made.findings] == sorted(
        (finding.severity for finding in made.findings), key=["error", "warning", "info"].index
    )


def test_grave_before_light_and_promising_before_dear() -> None:
    def finding(code: str, severity: Any, **action: Any) -> Finding:
        given = {"title": "t", "expected_effect": "e", "effort": "low", **action}
        return Finding(code=code, severity=severity, message="m", actions=(Action(**given),))

    dear = finding("dear", "warning", gain=(0.05, 0.15), effort="high", confidence="high")
    cheap = finding("cheap", "warning", gain=(0.02, 0.05), confidence="medium")
    unsure = finding("unsure", "warning", gain=(0.02, 0.05), confidence="low")
    bare = Finding(code="bare", severity="warning", message="m")
    grave = finding("grave", "error")
    light = finding("light", "info", gain=(0.5, 0.9), confidence="high")
    found = ordered([light, bare, dear, unsure, cheap, grave])
    assert [each.code for each in found] == ["grave", "cheap", "dear", "unsure", "bare", "light"]
    assert worth(cheap.actions[0]) > worth(dear.actions[0]) > worth(unsure.actions[0])


def test_every_rule_is_explained_in_the_documentation_and_in_chinese() -> None:
    page = (ROOT / "docs" / "diagnose.md").read_text("utf-8")
    headings = re.findall(r"^### (\S+)$", page, re.MULTILINE)
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes)) == 27
    assert not {*codes} - {*headings}
    assert [rule.reference for rule in RULES] == [f"docs/diagnose.md#{code}" for code in codes]
    for rule in RULES:
        for text in (rule.about, *(word for limit in rule.limits for word in (limit.name, limit.source))):
            assert translate(text, language="zh-TW") != text, text


def test_what_task_types_find_is_explained_too() -> None:
    headings = set(re.findall(r"^### (\S+)$", (ROOT / "docs" / "diagnose.md").read_text("utf-8"), re.MULTILINE))
    named = set()
    for path in ROOT.glob("plugins/*/src/*/diagnose.py"):
        named |= set(re.findall(r'"docs/diagnose\.md#([a-z-]+)"', path.read_text("utf-8")))
        named |= set(re.findall(r'_side\("([a-z-]+)"', path.read_text("utf-8")))
    assert len(named) == 13
    assert named <= headings
