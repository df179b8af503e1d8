"""Scores against the definitions written out by hand, for any answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasktune.plugins import load_task_type
from tasktune.testing.laws.scores import assert_sums_make_metrics
from tasktune.types import Answer, Metrics, Record, Scored
from tasktune_classification.options import ClassificationOptions

PLUGIN = load_task_type("classification")
LABELS = ["正面", "負面", "中立", "其他"]
OPTIONS = ClassificationOptions.model_validate({"labels": LABELS})
UNPARSED = None
Pair = tuple[str, str | None]


def scored(pairs: Sequence[Pair]) -> list[Scored]:
    return [
        Scored(
            record=Record(id=f"test.jsonl:{n}", inputs={"text": "好"}, target=gold),
            output="",
            answer=Answer(value=gold, error="?") if answer is UNPARSED else Answer(value=answer),
        )
        for n, (gold, answer) in enumerate(pairs, start=1)
    ]


def score(pairs: Sequence[Pair], options: ClassificationOptions = OPTIONS) -> Metrics:
    return PLUGIN.compute_metrics(scored(pairs), options)


def test_a_small_case_by_hand() -> None:
    metrics = score(
        [("正面", "正面"), ("正面", "負面"), ("負面", "負面"), ("負面", "樂觀"), ("中立", UNPARSED), ("中立", "中立")]
    )
    assert metrics.values["accuracy"] == pytest.approx(3 / 6)
    assert metrics.values["format_rate"] == pytest.approx(5 / 6)
    assert metrics.values["out_of_set_rate"] == pytest.approx(1 / 6)
    assert metrics.per_class["正面"] == pytest.approx({"precision": 1, "recall": 1 / 2, "f1": 2 / 3, "support": 2})
    assert metrics.per_class["負面"] == pytest.approx({"precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2, "support": 2})
    assert metrics.values["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 2 / 3) / 3)
    assert metrics.values["micro_f1"] == pytest.approx(2 * 3 / (6 + 4))
    assert list(metrics.per_class) == ["正面", "負面", "中立"]  # 其他 occurs nowhere
    assert metrics.confusion is not None
    assert metrics.confusion.rows == ("正面", "負面", "中立")
    assert metrics.confusion.columns == ("正面", "負面", "中立", "（非標籤）")
    assert metrics.confusion.counts == ((1, 1, 0, 0), (0, 1, 0, 1), (0, 0, 1, 1))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.sampled_from([*LABELS, UNPARSED, "樂觀", ""])), min_size=1, max_size=40
    )
)
def test_any_case_against_the_definitions(pairs: list[Pair]) -> None:
    rows = scored(pairs)
    assert_sums_make_metrics(PLUGIN, [rows, rows[:1], rows + rows[-1:]], OPTIONS)
    metrics = score(pairs)
    f1, support = {}, {}
    true = wrong_answers = missed = 0
    for label in LABELS:
        tp = sum(gold == answer == label for gold, answer in pairs)
        fp = sum(answer == label != gold for gold, answer in pairs)
        fn = sum(gold == label != answer for gold, answer in pairs)
        true, wrong_answers, missed = true + tp, wrong_answers + fp, missed + fn
        if tp + fp + fn:
            f1[label] = 2 * tp / (2 * tp + fp + fn)
            support[label] = tp + fn
    total = len(pairs)
    assert metrics.values == pytest.approx(
        {
            "macro_f1": sum(f1.values()) / len(f1),
            "accuracy": true / total,
            "micro_f1": 2 * true / (2 * true + wrong_answers + missed),
            "weighted_f1": sum(f1[label] * support[label] for label in f1) / total,
            "format_rate": sum(answer is not UNPARSED for _gold, answer in pairs) / total,
            "out_of_set_rate": sum(answer in ("樂觀", "") for _gold, answer in pairs) / total,
        }
    )
    assert {label: scores["f1"] for label, scores in metrics.per_class.items()} == pytest.approx(f1)
    assert metrics.confusion is not None
    assert sum(map(sum, metrics.confusion.counts)) == total


def test_unlabelled_rows_are_not_scored() -> None:
    labelled = Scored(record=Record(id="a", inputs={}, target="正面"), output="", answer=Answer(value="正面"))
    unlabelled = Scored(record=Record(id="b", inputs={}), output="", answer=Answer(value="負面"))
    assert PLUGIN.compute_metrics([labelled, unlabelled], OPTIONS).values["macro_f1"] == 1.0
    assert set(PLUGIN.compute_metrics([unlabelled], OPTIONS).values.values()) == {0.0}


def test_many_labels_and_rows() -> None:
    labels = [f"意圖{n}" for n in range(300)]
    options = ClassificationOptions.model_validate({"labels": labels})
    pairs: list[Pair] = [(labels[n % 300], labels[n * 7 % 300] if n % 11 else UNPARSED) for n in range(20_000)]
    metrics = score(pairs, options)
    assert metrics.values["accuracy"] == pytest.approx(sum(gold == answer for gold, answer in pairs) / 20_000)
    assert len(metrics.per_class) == 300


def test_the_last_column_has_a_name_of_its_own() -> None:
    options = ClassificationOptions.model_validate({"labels": ["（非標籤）", "標籤"]})
    confusion = score([("標籤", UNPARSED)], options).confusion
    assert confusion is not None
    assert confusion.columns == ("標籤", "(（非標籤）)")
