"""Entities that train shows are scored apart from those that it does not."""

from __future__ import annotations

from typing import Any

import pytest

from tasktune.types import Answer, Record, Scored
from tasktune_ner.metrics import compute_metrics
from tasktune_ner.options import NerOptions
from tasktune_ner.parts import parts

OPTIONS = NerOptions(labels=("PER", "LOC"))


def entity(text: str, label: str, start: int) -> dict[str, Any]:
    return {"text": text, "label": label, "start": start, "end": start + len(text)}


def row(number: int, text: str, target: list[dict[str, Any]], answer: Answer) -> Scored:
    return Scored(record=Record(id=f"t:{number}", inputs={"text": text}, target=target), output="", answer=answer)


TRAIN = [
    Record(id="a:1", inputs={"text": "阿明在台北"}, target=[entity("阿明", "PER", 0), entity("台北", "LOC", 3)]),
    Record(id="a:2", inputs={"text": "沒有標註"}),
]
ROWS = [
    row(
        1,
        "阿明去花蓮",
        [entity("阿明", "PER", 0), entity("花蓮", "LOC", 3)],
        Answer(value=[entity("阿明", "PER", 0), entity("去花", "LOC", 2)]),
    ),
    row(2, "小華在台北", [entity("小華", "PER", 0), entity("台北", "LOC", 3)], Answer(error="torn")),
    row(3, "台北", [entity("台北", "PER", 0)], Answer(value=[entity("台北", "LOC", 0)])),
]


def test_each_entity_is_in_the_part_of_its_text() -> None:
    seen, unseen = parts(ROWS, TRAIN)
    assert (seen.name, seen.size) == ("seen", 3)
    assert (unseen.name, unseen.size) == ("unseen", 2)
    assert [[each["text"] for each in row.record.target] for row in seen.rows] == [["阿明"], ["台北"], ["台北"]]
    assert [[each["text"] for each in row.answer.value or ()] for row in unseen.rows] == [["去花"], [], []]
    assert not seen.rows[1].answer.parsed


def test_the_parts_have_scores_of_their_own() -> None:
    seen, unseen = (compute_metrics(part.rows, OPTIONS).values for part in parts(ROWS, TRAIN))
    # Seen: three gold, two predicted, one right. Unseen: two gold, one predicted, none right.
    assert (seen["recall"], seen["precision"]) == (pytest.approx(1 / 3), 0.5)
    assert (unseen["recall"], unseen["precision"], unseen["entity_f1"]) == (0.0, 0.0, 0.0)


def test_without_training_entities_all_are_unseen() -> None:
    seen, unseen = parts(ROWS, [])
    assert (seen.size, unseen.size) == (0, 5)
