"""Remarks on entities that are allowed and odd, and none on those that are not."""

from __future__ import annotations

import pytest

from tasktune.types import Record
from tasktune_ner.entities import entity
from tasktune_ner.remarks import remarks


def codes(text: str, *mentions: str) -> set[str]:
    found = []
    for mention in mentions:
        start = text.index(mention)
        found.append(entity(mention, "ORG", start, start + len(mention)))
    return {remark.code for remark in remarks(Record(id="x:1", inputs={"text": text}, target=found))}


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("台積電董事長", "台積電"),
        ("看好 Johnson 的表現", "Johnson"),
        ("YouTube頻道", "You"),
        ("iPhone16 上市", "iPhone"),
        ("股價 2,330 元", "2,330"),
        ("《天下》雜誌", "《天下》"),
        ("A-B 公司", "A-B"),
        ("ＡＢＣ公司", "ＡＢ"),
        ("Ada", "Ada"),
    ],
)
def test_sound_entities_need_no_remark(text: str, mention: str) -> None:
    assert codes(text, mention) == set()


@pytest.mark.parametrize(
    ("text", "mention", "code"),
    [
        ("看好 Johnson 的表現", "John", "entity_cut"),
        ("看好 Johnson 的表現", "son", "entity_cut"),
        ("2024年", "202", "entity_cut"),
        ("台積電，漲", "台積電，", "entity_with_punctuation"),
        ("說：台積電", "：台積電", "entity_with_punctuation"),
        ("看好 Ada 了", " Ada", "entity_with_punctuation"),
        ("Cafe\u0301 Noir", "Cafe", "entity_cut_accent"),
    ],
)
def test_odd_entities_are_remarked_on(text: str, mention: str, code: str) -> None:
    assert codes(text, mention) == {code}


def test_each_kind_is_told_once_for_a_row() -> None:
    assert codes("Johnson 與 Peterson", "John", "Peter") == {"entity_cut"}
    assert codes("沒有實體") == set()
