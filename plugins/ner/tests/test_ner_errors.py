"""The mistakes of an answer as the report counts them: one for an entity, by kind and type."""

from __future__ import annotations

import pytest

from tasktune.types import Answer, Mistake, Record, Scored
from tasktune_ner.entities import entity
from tasktune_ner.errors import TITLES, mistakes_by_type

TEXT = "王小明在台北市政府工作"


def span(label: str, start: int, end: int) -> dict[str, object]:
    return dict(entity(TEXT[start:end], label, start, end))


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        ([("人名", 0, 3), ("組織", 4, 9)], []),
        ([("人名", 0, 3)], [Mistake(kind="missed", gold="組織")]),
        ([("人名", 0, 3), ("組織", 4, 7)], [Mistake(kind="boundary", gold="組織")]),
        ([("人名", 0, 3), ("地名", 4, 9)], [Mistake(kind="type", gold="組織", predicted="地名")]),
        ([("人名", 0, 3), ("組織", 4, 9), ("人名", 9, 11)], [Mistake(kind="spurious", predicted="人名")]),
    ],
)
def test_each_kind(predicted: list[tuple[str, int, int]], expected: list[Mistake]) -> None:
    record = Record(id="t:1", inputs={"text": TEXT}, target=[span("人名", 0, 3), span("組織", 4, 9)])
    answer = Answer(value=[span(*each) for each in predicted])
    found = mistakes_by_type(Scored(record=record, output="", answer=answer))
    assert found == expected
    assert {mistake.kind for mistake in found} <= TITLES.keys()
