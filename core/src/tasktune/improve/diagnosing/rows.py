"""What the rows that a version was made with tell: read once, streamed, and remembered as counts and hashes.

Two questions are taken for one if they differ in case, width, spaces or punctuation only.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasktune.data.checking.characters import folded
from tasktune.data.records import SPLITS, Split
from tasktune.data.rows import read_chat_rows, rows_path

MAX_IDS = 20
"""Row ids that a finding keeps as evidence."""
_WIDE = re.compile("[\u3040-\u9fff\uac00-\ud7a3]+")
MOST_QUESTIONS = 200_000
"""Different training questions whose answers are remembered to tell contradictions: some 30 MB. Rows beyond are only
looked for among those of test."""


@dataclass
class Longest:
    """The longest texts of a field in train: their ``length`` in characters, how many have it, the ids of the first of
    these, and how many texts are ``shorter``."""

    length: int = 0
    count: int = 0
    shorter: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, length: int, name: str) -> None:
        """Count one text."""
        if length > self.length:
            self.shorter += self.count
            self.length, self.count, self.ids = length, 0, []
        if length < self.length:
            self.shorter += 1
            return
        self.count += 1
        if len(self.ids) < MAX_IDS:
            self.ids.append(name)


@dataclass
class RowFacts:
    """What is known of a version's rows.

    - ``rows`` and ``classes`` count by split, a class as often as rows show it; ``shown`` counts classes of train with
      repeats within a row.
    - ``characters`` are those of the training prompts, system prompts included, ``wide`` those of them that are
      Chinese, Japanese or Korean; ``answer_characters`` those of the answers.
    - ``lengths`` has the characters of prompt and answer of those training rows that were asked for, by id; ``longest``
      the longest texts of train by field.
    - ``contradicting`` training rows have another answer than an earlier row that asks the same, which is the one at
      the same place of ``contradicted``.
    - ``leaked`` test rows ask what a training row asks.
    - ``copied`` test rows have an answer with values that stand in their question, ``unseen`` ones a value besides that
      no training answer has.
    """

    rows: dict[Split, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    classes: dict[Split, Counter[str]] = field(default_factory=lambda: {split: Counter() for split in SPLITS})
    shown: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    wide: int = 0
    answer_characters: int = 0
    lengths: dict[str, int] = field(default_factory=dict)
    longest: dict[str, Longest] = field(default_factory=dict)
    contradicting: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)


def row_facts(prepared: Path, dropped: Sequence[str] = ()) -> RowFacts:
    """Read the rows of a version's ``prepared`` folder. ``dropped`` are ids of training rows whose lengths matter."""
    facts = RowFacts()
    tests = list(_read(prepared, "test", facts))
    asked_in_test: dict[int, list[str]] = {}
    for row in tests:
        asked_in_test.setdefault(_hash(folded(_question(row))), []).append(row["id"])
    values = [list(_copied_values(row)) for row in tests]
    wanted = {value for some in values for value in some}
    seen: set[str] = set()
    _look_at_train(prepared, facts, frozenset(dropped), asked_in_test, wanted, seen)
    for _row in _read(prepared, "valid", facts):
        pass
    for row, some in zip(tests, values, strict=True):
        if some:
            facts.copied.append(row["id"])
            if not seen.issuperset(some):
                facts.unseen.append(row["id"])
    return facts


def _look_at_train(
    prepared: Path,
    facts: RowFacts,
    dropped: frozenset[str],
    asked_in_test: Mapping[int, list[str]],
    wanted: set[str],
    seen: set[str],
) -> None:
    answers: dict[int, tuple[int, str]] = {}
    leaked: set[int] = set()
    for row in _read(prepared, "train", facts):
        messages = row["messages"]
        prompt = "".join(turn["content"] for turn in messages if turn["role"] != "assistant")
        answer = "".join(turn["content"] for turn in messages if turn["role"] == "assistant")
        facts.shown.update(row["classes"])
        facts.characters += len(prompt)
        facts.answer_characters += len(answer)
        facts.wide += _wide(prompt)
        for name, value in row["inputs"].items():
            if isinstance(value, str):
                facts.longest.setdefault(name, Longest()).add(len(value), row["id"])
        if row["id"] in dropped:
            facts.lengths[row["id"]] = len(prompt) + len(answer)
        question = _hash(folded(_question(row)))
        if question in asked_in_test:
            leaked.add(question)
        said = _hash(answer)
        known = answers.get(question)
        if known is None:
            if len(answers) < MOST_QUESTIONS:
                answers[question] = (said, row["id"])
        elif known[0] != said:
            facts.contradicting.append(row["id"])
            facts.contradicted.append(known[1])
        if len(seen) < len(wanted):
            seen.update(wanted.intersection(_leaves(row["target"])))
    facts.leaked += [name for question, names in asked_in_test.items() if question in leaked for name in names]


def _read(prepared: Path, split: Split, facts: RowFacts) -> Iterator[Mapping[str, Any]]:
    path = rows_path(prepared, split)
    if not path.exists():
        return
    for row in read_chat_rows(path):
        facts.rows[split] += 1
        facts.classes[split].update(set(row["classes"]))
        yield row


def _question(row: Mapping[str, Any]) -> str:
    """What the user says in a row: what all rows have before it tells nothing apart."""
    return "\n".join(turn["content"] for turn in row["messages"] if turn["role"] == "user")


def _copied_values(row: Mapping[str, Any]) -> Iterator[str]:
    """The parts of a row's answer that stand in its question, such as the texts of entities; a whole answer is none."""
    if isinstance(row["target"], str):
        return
    question = _question(row)
    for value in _leaves(row["target"]):
        if len(value) > 1 and value in question:
            yield value


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)


def _wide(text: str) -> int:
    """Characters of Chinese, Japanese and Korean, by the blocks of Unicode that hold nearly all of them."""
    return 0 if text.isascii() else len(text) - len(_WIDE.sub("", text))


def _hash(text: str) -> int:
    """Eight bytes of BLAKE2: a chance of one in a million that any two of a million texts share them."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
