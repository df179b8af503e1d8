"""Did you mean …?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.definition.suggest import closest, did_you_mean

KEYS = ["learning_rate", "epochs", "batch_size", "max_steps"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("epoch", "epochs"),
        ("Epochs", "epochs"),
        ("learning-rate", "learning_rate"),
        ("Learning Rate", "learning_rate"),
        ("batchsize", "batch_size"),
        ("lr", None),
        ("完全不同", None),
        ("", None),
    ],
)
def test_closest(word: str, meant: str | None) -> None:
    assert closest(word, KEYS) == meant


@given(st.text(), st.lists(st.text()))
def test_a_suggestion_is_always_a_known_word(word: str, known: list[str]) -> None:
    assert closest(word, known) in {None, *known}


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_known_word_is_its_own_suggestion(known: list[str]) -> None:
    suggestion = closest(known[0], known)
    assert suggestion is not None
    assert (did_you_mean(known[0], known) or "").startswith("did you mean ")
