"""Scores against an independent implementation over sets, and by hand where a definition has to be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.plugins import load_task_type
from tasktune.testing.laws.scores import assert_sums_make_metrics
from tasktune.types import Answer, Baseline, Metrics, Record, RunContext, Scored
from tasktune_ner.errors import mistakes
from tasktune_ner.matching import overlap_pairs
from tasktune_ner.options import NerOptions

NER = load_task_type("ner")
# Names that seqeval would misread in a tag.
LABELS = ("O", "B-PER", "I-", "地點")
OPTIONS = NerOptions(labels=LABELS)


def entity(start: int | None, end: int | None, label: str, text: str = "x") -> dict[str, Any]:
    return {"text": text, "label": label, "start": start, "end": end}


def row(gold: list[dict[str, Any]], predicted: list[dict[str, Any]] | None) -> Scored:
    answer = Answer(error="not JSON") if predicted is None else Answer(value=predicted)
    return Scored(record=Record(id="1", inputs={"text": "x" * 12}, target=gold), output="", answer=answer)


def score(*rows: Scored) -> Metrics:
    return NER.compute_metrics(rows, OPTIONS)


@st.composite
def golds(draw: st.DrawFn) -> list[dict[str, Any]]:
    cuts = sorted(draw(st.sets(st.integers(0, 12), max_size=8)))
    return [entity(start, end, draw(st.sampled_from(LABELS))) for start, end in pairwise(cuts) if draw(st.booleans())]


@st.composite
def predictions(draw: st.DrawFn, gold: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Some of the gold entities, any other spans, overlapping and with unknown labels, and hallucinations."""
    if draw(st.integers(0, 9)) == 0:
        return None
    labels = st.sampled_from((*LABELS, "unknown", "0"))
    spans = st.tuples(st.integers(0, 11), st.integers(1, 4), labels).map(lambda s: (s[0], min(12, s[0] + s[1]), s[2]))
    kept = {(each["start"], each["end"], each["label"]) for each in gold if draw(st.booleans())}
    found = [entity(*span) for span in sorted(kept | draw(st.sets(spans, max_size=5)))]
    return found + [entity(None, None, draw(labels)) for _ in range(draw(st.integers(0, 2)))]


@st.composite
def evaluations(draw: st.DrawFn) -> list[Scored]:
    listed = draw(st.lists(golds(), min_size=1, max_size=5))
    return [row(gold, draw(predictions(gold))) for gold in listed]


def by_sets(rows: list[Scored]) -> dict[str, float]:
    """The strict scores and per-type F1, from sets of (row, start, end, label); a hallucination is unique."""
    gold = {(n, each["start"], each["end"], each["label"]) for n, row in enumerate(rows) for each in row.record.target}
    guessed = {
        (n, each["start"], each["end"] if each["start"] is not None else -k, each["label"])
        for n, row in enumerate(rows)
        for k, each in enumerate(row.answer.value or (), start=1)
    }

    def f1(label: str | None) -> tuple[float, float, float]:
        g = {each for each in gold if label in (None, each[3])}
        p = {each for each in guessed if label in (None, each[3])}
        precision = len(g & p) / len(p) if p else 0.0
        recall = len(g & p) / len(g) if g else 0.0
        return precision, recall, 2 * len(g & p) / (len(g) + len(p)) if g or p else 0.0

    found = dict(zip(("precision", "recall", "entity_f1"), f1(None), strict=True))
    if not gold:
        right = float(not guessed and all(row.answer.parsed for row in rows))
        return dict.fromkeys(("precision", "recall", "entity_f1", "macro_f1"), right)
    occurring = [label for label in LABELS if any(each[3] == label for each in gold | guessed)]
    found["macro_f1"] = sum(f1(label)[2] for label in occurring) / len(occurring)
    found |= {f"class {label}": f1(label)[2] for label in occurring}
    return found


@given(evaluations())
def test_strict_scores_are_those_of_sets(rows: list[Scored]) -> None:
    metrics = score(*rows)
    found = {name: metrics.values[name] for name in ("precision", "recall", "entity_f1", "macro_f1")}
    found |= {f"class {label}": numbers["f1"] for label, numbers in metrics.per_class.items()}
    assert found == pytest.approx(by_sets(rows))


@given(evaluations())
def test_sums_make_the_same_scores(rows: list[Scored]) -> None:
    assert_sums_make_metrics(NER, [rows, rows[:1], rows + rows[-1:]], OPTIONS)


def most_pairs(gold: list[dict[str, Any]], predicted: list[dict[str, Any]]) -> int:
    """The largest matching, by trying everything."""
    if not gold:
        return 0
    first, rest = gold[0], gold[1:]
    best = most_pairs(rest, predicted)
    for index, each in enumerate(predicted):
        overlaps = each["start"] is not None and first["start"] < each["end"] and each["start"] < first["end"]
        if overlaps and each["label"] == first["label"]:
            best = max(best, 1 + most_pairs(rest, predicted[:index] + predicted[index + 1 :]))
    return best


@given(st.data())
def test_relaxed_pairs_are_the_most_possible(data: st.DataObject) -> None:
    gold = data.draw(golds())
    predicted = data.draw(predictions(gold)) or []
    assert overlap_pairs(gold, predicted) == most_pairs(gold, predicted)


@pytest.mark.parametrize(
    ("gold", "predicted", "pairs"),
    [
        ([(3, 6)], [(0, 3), (6, 9)], 0),
        ([(3, 6)], [(0, 4), (5, 9), (3, 6)], 1),
        ([(0, 2), (2, 4), (4, 6)], [(0, 6)], 1),
        ([(0, 2), (2, 4), (4, 6)], [(0, 6), (1, 3), (0, 1)], 3),
        ([(0, 2), (8, 9)], [(3, 7)], 0),
    ],
    ids=["touching is not overlapping", "one gold", "one prediction", "three each", "between"],
)
def test_relaxed_pairs_by_hand(gold: list[tuple[int, int]], predicted: list[tuple[int, int]], pairs: int) -> None:
    assert overlap_pairs([entity(*span, "O") for span in gold], [entity(*span, "O") for span in predicted]) == pairs


def test_definitions_by_hand() -> None:
    metrics = score(
        row(
            [entity(0, 3, "O"), entity(5, 8, "地點")],
            [entity(0, 3, "O"), entity(5, 9, "地點"), entity(None, None, "O")],
        ),
        row([entity(0, 2, "O")], None),
    )
    assert metrics.values == pytest.approx(
        {
            "entity_f1": 2 * 1 / (3 + 3),
            "precision": 1 / 3,
            "recall": 1 / 3,
            "macro_f1": (2 * 1 / (2 + 2) + 0) / 2,
            "boundary_relaxed_f1": 2 * 2 / (3 + 3),
            "hallucinated_rate": 1 / 3,
            "format_rate": 1 / 2,
        }
    )
    assert metrics.per_class["O"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2.0}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row([], []), row([], [])], 1.0),
        ([row([], []), row([], None)], 0.0),
        ([row([], []), row([], [entity(0, 1, "O")])], 0.0),
        ([row([], []), row([], [entity(None, None, "O")])], 0.0),
        ([row([], None)], 0.0),
    ],
    ids=["all right", "one unparsed", "one spurious", "one hallucinated", "none parsed"],
)
def test_without_any_gold_entity(rows: list[Scored], expected: float) -> None:
    values = score(*rows).values
    assert {values[name] for name in ("entity_f1", "precision", "recall", "macro_f1", "boundary_relaxed_f1")} == {
        expected
    }


def test_unlabelled_rows_are_not_scored() -> None:
    unlabelled = Scored(record=Record(id="2", inputs={"text": "x"}), output="", answer=Answer(value=[]))
    good = row([entity(0, 1, "O")], [entity(0, 1, "O")])
    assert score(good, unlabelled) == score(good)


def baseline(train: Sequence[tuple[str, list[dict[str, Any]] | None]], *texts: str) -> list[Any]:
    learned = [Record(id=str(n), inputs={"text": text}, target=target) for n, (text, target) in enumerate(train)]
    asked = [Record(id=str(n), inputs={"text": text}) for n, text in enumerate(texts)]
    found = NER.baselines(learned, asked, OPTIONS)
    assert all(isinstance(each, Baseline) for each in found)
    return [answer.value for each in found for answer in each.answers]


def test_dictionary_takes_the_longest_mention_and_its_usual_label() -> None:
    train = [
        ("", [entity(0, 2, "地點", "台北"), entity(2, 8, "O", "台北富邦銀行"), entity(8, 10, "B-PER", "台北")]),
        ("", [entity(0, 2, "地點", "台北"), entity(2, 5, "B-PER", "Ada")]),
        ("", None),
    ]
    assert baseline(train, "台北富邦銀行在台北，台北富", "Adam 與 Ada。Ada2", "沒有") == [
        [entity(0, 6, "O", "台北富邦銀行"), entity(7, 9, "地點", "台北"), entity(10, 12, "地點", "台北")],
        [entity(7, 10, "B-PER", "Ada")],
        [],
    ]


def test_dictionary_without_entities_or_labels() -> None:
    assert baseline([("", [])], "台北") == [[]]
    assert baseline([("", None)], "台北") == []


def test_equally_frequent_labels_go_to_the_first_of_the_task() -> None:
    train = [("", [entity(0, 2, "地點", "台北"), entity(0, 2, "B-PER", "台北")])]
    assert baseline(train, "台北") == [[entity(0, 2, "B-PER", "台北")]]


CONTEXT = RunContext(task_name="t", language="zh-TW", threshold=0.7, train_rows=9, class_counts={"O": 4})


def findings(*rows: Scored) -> dict[str, Any]:
    named = [
        each.model_copy(update={"record": each.record.model_copy(update={"id": f"test.jsonl:{number}"})})
        for number, each in enumerate(rows, start=1)
    ]
    return {finding.code: finding for finding in NER.diagnose(named, score(*named), CONTEXT, OPTIONS)}


def test_nothing_wrong_finds_nothing() -> None:
    assert findings(*[row([entity(0, 3, "O")], [entity(0, 3, "O")])] * 9) == {}


@pytest.mark.parametrize(
    ("code", "gold", "predicted"),
    [
        ("hallucinated-entities", [], [entity(None, None, "O")]),
        ("boundary-errors", [entity(0, 3, "O")], [entity(0, 4, "O")]),
        ("confused-types", [entity(0, 3, "O")], [entity(0, 3, "地點")]),
        ("confused-types", [entity(0, 3, "O")], [entity(0, 3, "unknown")]),
        ("missed-entities", [entity(0, 3, "O")], []),
        ("spurious-entities", [], [entity(0, 3, "O")]),
    ],
)
def test_a_kind_of_mistake_is_found_with_its_rows(code: str, gold: list[Any], predicted: list[Any]) -> None:
    right = row([entity(0, 3, "O")], [entity(0, 3, "O")])
    found = findings(right, row(gold, predicted), row(gold, predicted), right, row(gold, predicted))
    assert list(found) == [code]
    assert found[code].record_ids == ("test.jsonl:2", "test.jsonl:3", "test.jsonl:5")


def test_mistakes_are_sorted_by_kind() -> None:
    gold = [entity(0, 2, "O"), entity(3, 5, "O"), entity(6, 8, "O"), entity(10, 12, "地點")]
    predicted = [
        entity(0, 2, "O"),
        entity(3, 5, "地點"),
        entity(5, 7, "O"),
        entity(None, None, "O"),
        entity(8, 10, "地點"),
    ]
    found = mistakes([row(gold, predicted), row(gold, None)])
    assert {
        (each.kind, each.gold and each.gold["start"], each.predicted and each.predicted["start"]) for each in found
    } == {
        ("type", 3, 3),
        ("boundary", 6, 5),
        ("hallucinated", None, None),
        ("missed", 10, None),
        ("spurious", None, 8),
    }


def test_weak_type_among_good_ones() -> None:
    good = [row([entity(0, 3, "地點")], [entity(0, 3, "地點")])] * 8
    weak = [row([entity(0, 3, "O")], [entity(0, 3, "O")])] + [row([entity(0, 3, "O")], [])] * 5
    found = findings(*good, *weak)
    assert set(found) == {"weak-type", "missed-entities"}
    assert found["weak-type"].evidence["label"] == "O"
    assert found["weak-type"].evidence["train_entities"] == 4
    assert found["weak-type"].record_ids[0] == "test.jsonl:10"
