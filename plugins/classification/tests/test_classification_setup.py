"""What a classification task makes of rows before it exists."""

from __future__ import annotations

from collections import Counter

import pytest

from tasktune_classification.setup import propose


def rows(*labels: object, **more: str) -> list[dict[str, object]]:
    return [{"text": f"t{n}", "label": label, **more} for n, label in enumerate(labels)]


def counted(given: list[dict[str, object]]) -> Counter[str]:
    return Counter(str(row["label"]) for row in given)


@pytest.mark.parametrize(
    ("labels", "more", "kind"),
    [
        (("正面", "負面"), {"entity": "台積電"}, "entity-sentiment"),
        (("positive", "Negative"), {}, "sentiment"),
        (("支持", "反對"), {"topic": "核電"}, "stance"),
        (("支持", "反對"), {}, "general"),
        (("order", "complaint"), {"entity": "shop"}, "general"),
    ],
)
def test_the_kind_is_guessed_from_labels_and_fields(labels: tuple[str, str], more: dict[str, str], kind: str) -> None:
    given = rows(*labels * 5, **more)
    proposal = propose(given, counted(given))
    assert proposal.guesses == {"kind": kind}
    assert proposal.fit > 0.5


def test_labels_come_by_their_counts_whatever_the_order_of_rows() -> None:
    given = rows(*"aabbbb", *"ccc")
    proposal = propose(given, counted(given))
    assert proposal.answers == {"labels": ["b", "c", "a"]}
    assert propose(given[::-1], counted(given)) == proposal


@pytest.mark.parametrize("labels", [("same",) * 9, tuple("abcdefg"), (), (None, 3, [])])
def test_what_does_not_repeat_or_does_not_differ_is_no_label(labels: tuple[object, ...]) -> None:
    proposal = propose(rows(*labels), {})
    assert proposal.fit < 0.5
    assert proposal.answers == {}


def test_an_entity_that_is_missing_in_some_rows_is_none() -> None:
    given = [*rows(*("正面", "負面") * 5, entity="台積電"), {"text": "x", "label": "正面"}]
    assert propose(given, counted(given)).guesses == {"kind": "sentiment"}
