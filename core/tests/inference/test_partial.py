"""Outputs survive a kill: whole lines are read back, a torn one is generated again."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tasktune.inference.choices import ChoiceTrie
from tasktune.inference.partial import Output, PartialOutputs
from tasktune.inference.probabilities import Measured


def test_what_was_added_is_there_after_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "partial.jsonl"
    outputs = PartialOutputs(path)
    sure = Output("三\n", Measured(logprob=-0.5, tokens=2, choices={1: 0.75}, rest=0.25))
    outputs.add([(3, sure), (1, Output(""))])
    with path.open("ab") as file:
        file.write(b'[7, "tor')
    again = PartialOutputs(path)
    assert again.by_row == {3: sure, 1: Output("")}
    again.add([(7, Output("whole"))])
    assert PartialOutputs(path).by_row == {3: sure, 1: Output(""), 7: Output("whole")}


SEQUENCES = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=5).map(lambda ids: [*ids, 0]), min_size=1)


@given(SEQUENCES, st.data())
def test_following_the_trie_spells_exactly_the_choices(sequences: list[list[int]], data: st.DataObject) -> None:
    trie = ChoiceTrie(sequences)
    walked: list[int] = []
    while allowed := trie.allowed(walked):
        walked.append(data.draw(st.sampled_from(allowed)))
    assert walked in sequences
    assert all(set(trie.allowed(walked[:end])) <= {s[end] for s in sequences if len(s) > end} for end in range(3))


def test_a_sequence_outside_the_trie_allows_nothing() -> None:
    assert ChoiceTrie([[1, 2]]).allowed([9]) == []
