"""What a generation task makes of rows before it exists."""

from __future__ import annotations

from tasktune_generation.setup import propose


def test_answers_of_their_own_are_texts_to_write() -> None:
    rows = [{"text": f"some words {n}", "output": f"other words {n}"} for n in range(9)]
    proposal = propose(rows, {})
    assert proposal.fit > 0.5
    assert proposal.guesses == {}


def test_far_shorter_answers_are_guessed_to_be_summaries() -> None:
    rows = [{"text": "long words " * 20, "output": f"short {n}"} for n in range(9)]
    assert propose(rows, {}).guesses == {"kind": "summary"}


def test_answers_that_repeat_are_labels_rather() -> None:
    assert propose([{"text": "t", "output": "yes"}] * 9, {}).fit < 0.5
    assert propose([{"text": "t", "output": None}], {}).fit < 0.5


def test_json_answers_are_answers() -> None:
    assert propose([{"text": f"t{n}", "output": {"name": f"n{n}"}} for n in range(9)], {}).fit > 0.5
