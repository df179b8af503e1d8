"""What a NER task makes of rows before it exists."""

from __future__ import annotations

from tasktune_ner.setup import propose


def test_rows_with_entities_are_known_with_their_types() -> None:
    rows = [{"text": "a", "entities": [{"label": "ORG"}]}, {"text": "b", "entities": []}]
    proposal = propose(rows, {"ORG": 1, "PER": 3})
    assert proposal.fit > 0.9
    assert proposal.answers == {"labels": ["PER", "ORG"]}


def test_rows_without_any_are_not() -> None:
    assert propose([{"text": "a", "entities": []}, {"text": "b"}], {}).fit < 0.5
    assert propose([{"text": "a", "entities": "PER"}], {"PER": 1}).fit < 0.5
