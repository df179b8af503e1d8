"""What a dictionary of the training entities finds in the test texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from tasktune.types import Answer, Baseline, Record
from tasktune_ner.entities import TEXT, Entity, entity
from tasktune_ner.options import NerOptions


def baselines(train: Sequence[Record], test: Sequence[Record], options: NerOptions) -> list[Baseline]:
    """``dictionary``: every training entity, with its most frequent label, wherever its text stands in a test text.

    From left to right the longest entity wins. No training labels, no baseline.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    labelled = False
    for record in train:
        if record.target is not None:
            labelled = True
            for each in record.target:
                counts[each["text"]][each["label"]] += 1
    if not labelled:
        return []
    position = {label: index for index, label in enumerate(options.labels)}
    known = {
        mention: min(labels, key=lambda label: (-labels[label], position[label])) for mention, labels in counts.items()
    }
    lengths = _lengths(known)
    answers = (_find(str(record.inputs.get(TEXT) or ""), known, lengths) for record in test)
    return [Baseline(name="dictionary", answers=tuple(Answer(value=found) for found in answers))]


def _lengths(known: Mapping[str, str]) -> dict[str, list[int]]:
    """The lengths of the mentions that begin with a character, longest first."""
    lengths: dict[str, set[int]] = defaultdict(set)
    for mention in known:
        lengths[mention[0]].add(len(mention))
    return {first: sorted(each, reverse=True) for first, each in lengths.items()}


def _find(text: str, known: Mapping[str, str], lengths: Mapping[str, Sequence[int]]) -> list[Entity]:
    found: list[Entity] = []
    start = 0
    while start < len(text):
        for length in lengths.get(text[start], ()):
            end = start + length
            mention = text[start:end]
            if mention in known and not _cuts_word(text, start) and not _cuts_word(text, end):
                found.append(entity(mention, known[mention], start, end))
                start = end
                break
        else:
            start += 1
    return found


def _cuts_word(text: str, place: int) -> bool:
    """Whether ``place`` is inside a word or number in Latin script: Ada does not stand in Adam."""
    around = text[max(0, place - 1) : place + 1]
    return place > 0 and len(around) == 2 and around.isascii() and around.isalnum()
