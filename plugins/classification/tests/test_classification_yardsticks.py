"""Baselines and findings: what they learn, what they claim, and with what evidence."""

from __future__ import annotations

import random

import pytest

from tasktune.plugins import load_task_type
from tasktune.types import Answer, Finding, Record, RunContext, Scored
from tasktune_classification.options import ClassificationOptions

PLUGIN = load_task_type("classification")
OPTIONS = ClassificationOptions.model_validate({"labels": ["正面", "負面", "中立"]})
WORDS = {
    "正面": ["創新高", "優於預期", "大幅成長"],
    "負面": ["不如預期", "虧損", "下修"],
    "中立": ["召開", "維持", "公告"],
}


def record(number: int, text: str, label: str | None) -> Record:
    return Record(id=f"rows.jsonl:{number}", inputs={"text": text}, target=label)


def corpus(rows: int, seed: int) -> list[Record]:
    chance = random.Random(seed)
    labels = [chance.choice(list(WORDS)) for _ in range(rows)]
    return [
        record(n, f"公司{chance.randrange(99)}{chance.choice(WORDS[label])}，第{chance.randrange(99)}季", label)
        for n, label in enumerate(labels)
    ]


def test_the_linear_model_learns_and_the_majority_does_not() -> None:
    train, test = corpus(200, 1), corpus(50, 2)
    found = {baseline.name: baseline for baseline in PLUGIN.baselines(train, test, OPTIONS)}
    assert set(found) == {"majority", "tfidf-svc"}
    right = [answer.value == row.target for answer, row in zip(found["tfidf-svc"].answers, test, strict=True)]
    assert all(right)
    assert len({answer.value for answer in found["majority"].answers}) == 1
    assert PLUGIN.baselines(train, test, OPTIONS) == list(found.values())


def test_majority_ties_go_to_the_first_label() -> None:
    train = [record(1, "甲", "負面"), record(2, "乙", "正面"), record(3, "丙", None)]
    [majority, *_rest] = PLUGIN.baselines(train, [record(4, "丁", None)], OPTIONS)
    assert majority.answers == (Answer(value="正面"),)


def test_few_rows_give_what_they_can() -> None:
    test = corpus(3, 3)
    assert list(PLUGIN.baselines([], test, OPTIONS)) == []
    one_class = [record(n, "好", "中立") for n in range(4)]
    assert [baseline.name for baseline in PLUGIN.baselines(one_class, test, OPTIONS)] == ["majority"]
    assert [b.answers for b in PLUGIN.baselines(corpus(9, 4), [], OPTIONS)] == [()]


def test_more_rows_than_the_linear_model_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasktune_classification.baselines.MAX_TRAIN_ROWS", 50)
    found = PLUGIN.baselines(corpus(201, 5), corpus(20, 6), OPTIONS)
    assert [len(baseline.answers) for baseline in found] == [20, 20]
    alternating = [record(n, "好", "正面" if n % 5 == 0 else "負面") for n in range(201)]
    assert {answer.value for answer in PLUGIN.baselines(alternating, corpus(2, 7), OPTIONS)[1].answers} == {"正面"}


def diagnosed(pairs: list[tuple[str, str]], **context: object) -> dict[str, Finding]:
    rows = [
        Scored(record=record(n, "好", gold), output="", answer=Answer(value=answer))
        for n, (gold, answer) in enumerate(pairs)
    ]
    run = RunContext.model_validate(
        {"task_name": "t", "language": "zh-TW", "threshold": 0.8, "train_rows": 100, **context}
    )
    found = PLUGIN.diagnose(rows, PLUGIN.compute_metrics(rows, OPTIONS), run, OPTIONS)
    return {finding.code: finding for finding in found}


GOOD = [("正面", "正面")] * 20 + [("負面", "負面")] * 20


def test_a_perfect_model_has_no_findings() -> None:
    assert diagnosed([*GOOD, *[("中立", "中立")] * 10]) == {}


def test_a_weak_class_with_its_rows_and_an_exact_patch() -> None:
    pairs = [*GOOD, *[("中立", "正面")] * 6, *[("中立", "中立")] * 4]
    found = diagnosed(
        pairs, class_counts={"正面": 45, "負面": 45, "中立": 30}, training={"class_weights": {"負面": 1.2}}
    )
    assert set(found) == {"weak-class", "top-confusion"}
    weak = found["weak-class"]
    assert "中立" in weak.message
    assert weak.record_ids == tuple(f"rows.jsonl:{n}" for n in range(40, 46))
    assert weak.evidence["taken_for"] == {"正面": 6}
    assert weak.evidence["train_rows"] == 30
    assert weak.actions[0].patch == {"training.class_weights": {"負面": 1.2, "中立": 1.33}}
    assert found["top-confusion"].evidence == {"gold": "中立", "answered": "正面", "count": 6, "reverse": 0}


def test_a_weak_class_that_is_not_rare_is_not_reweighed() -> None:
    pairs = [*GOOD, *[("中立", "正面")] * 6, *[("中立", "中立")] * 4]
    for counts in ({}, {"正面": 10, "負面": 10, "中立": 40}):
        actions = diagnosed(pairs, class_counts=counts)["weak-class"].actions
        assert [action.patch for action in actions] == [{}]


def test_a_rare_class_that_is_answered_too_often_is_not_reweighed() -> None:
    pairs = [*GOOD, *[("正面", "中立")] * 9, *[("負面", "中立")] * 9, *[("中立", "中立")] * 5]
    weak = diagnosed(pairs, class_counts={"正面": 45, "負面": 45, "中立": 9})["weak-class"]
    assert weak.evidence["recall"] == 1.0
    assert [action.patch for action in weak.actions] == [{}]


def test_a_fair_class_far_below_good_ones_is_weak() -> None:
    pairs = [*GOOD, *[("中立", "正面")] * 3, *[("中立", "中立")] * 5]
    weak = diagnosed(pairs)["weak-class"]
    assert weak.evidence["label"] == "中立"
    assert weak.evidence["f1"] == pytest.approx(2 * 5 / (5 + 8))
    assert "weak-class" not in diagnosed([*GOOD, ("中立", "正面"), *[("中立", "中立")] * 9])


def test_a_class_with_few_test_rows_is_not_judged() -> None:
    assert "weak-class" not in diagnosed([*GOOD, ("中立", "正面"), ("中立", "負面")])


def test_labels_outside_the_set() -> None:
    found = diagnosed([*GOOD, *[("中立", "樂觀")] * 25])["out-of-set-labels"]
    assert found.evidence["labels"] == {"樂觀": 25}
    assert len(found.record_ids) == 20
    assert found.actions[0].patch == {"evaluation.decoding": "constrained"}
