"""The spans of the news-ner example are right, and its test split cannot be answered from memory."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

EXAMPLE = Path(__file__).parents[1] / "examples/news-ner"
SPLITS = ("train", "valid", "test")
TYPES = ("PER", "ORG", "LOC", "DATE")


def rows_by_split() -> dict[str, list[dict[str, Any]]]:
    return {
        split: [json.loads(line) for line in (EXAMPLE / f"data/{split}.jsonl").read_bytes().splitlines()]
        for split in SPLITS
    }


def all_rows() -> list[dict[str, Any]]:
    return [row for rows in rows_by_split().values() for row in rows]


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_data_of_news_ner", EXAMPLE / "make_data.py")
    assert spec is not None and spec.loader is not None  # noqa: PT018
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def form_of(frame: str) -> re.Pattern[str]:
    """What a sentence made from the frame looks like."""
    return re.compile(".+?".join(map(re.escape, re.split(r"\{.+?\}", frame))))


def disjoint(lists: dict[str, set[str]]) -> bool:
    return not (lists["train"] & lists["valid"] or (lists["train"] | lists["valid"]) & lists["test"])


def test_every_span_is_its_text_and_every_occurrence_is_marked() -> None:
    for row in all_rows():
        end = 0
        for entity in row["entities"]:
            assert set(entity) == {"text", "label", "start", "end"}
            assert entity["label"] in TYPES
            assert entity["start"] >= end  # in order, not overlapping
            end = entity["end"]
            assert row["text"][entity["start"] : end] == entity["text"] != ""
        for entity in row["entities"]:
            starts = [match.start() for match in re.finditer(re.escape(entity["text"]), row["text"])]
            assert starts == [other["start"] for other in row["entities"] if other["text"] == entity["text"]]


def test_every_split_has_every_type_empty_rows_and_repeated_names() -> None:
    for rows in rows_by_split().values():
        counts = Counter(entity["label"] for row in rows for entity in row["entities"])
        assert set(counts) == set(TYPES)
        assert max(counts.values()) < 3 * min(counts.values())
        assert 0.12 <= sum(not row["entities"] for row in rows) / len(rows) <= 0.18
        names = [[entity["text"] for entity in row["entities"]] for row in rows]
        assert any(len(set(some)) < len(some) for some in names)
        assert any(re.search(r"[A-Za-z]", name) for some in names for name in some)


def test_people_and_organisations_of_the_test_split_are_new() -> None:
    rows = rows_by_split()
    for kind in ("PER", "ORG"):
        names = {
            split: {entity["text"] for row in some for entity in row["entities"] if entity["label"] == kind}
            for split, some in rows.items()
        }
        assert disjoint(names)
        assert not [name for name in names["train"] for row in rows["test"] if name in row["text"]]


def test_most_places_and_dates_of_the_test_split_are_new() -> None:
    rows = rows_by_split()
    for kind in ("LOC", "DATE"):
        train, test = (
            [entity["text"] for row in rows[split] for entity in row["entities"] if entity["label"] == kind]
            for split in ("train", "test")
        )
        assert 0 < sum(name in set(train) for name in test) < 0.3 * len(test)


def test_sentence_frames_are_disjoint_and_three_test_sentences_of_four_use_their_own() -> None:
    made_by = script()
    source = EXAMPLE / "source"
    frames = {split: made_by.sections(source / f"{split}.txt") for split in SPLITS}
    for heading in ("句子", "無實體"):
        assert disjoint({split: set(found[heading]) for split, found in frames.items()})
    parts = made_by.name_parts()
    for heading in ("名", "外文名", "字號", "外文字號", "球隊", "字根"):
        assert disjoint({split: set(parts[f"{split} {heading}"]) for split in SPLITS})

    reused = [form_of(frame) for frame in frames["train"]["句子"]]
    rows = [row for row in rows_by_split()["test"] if row["entities"]]
    first_sentences = [re.split("[。；]", row["text"])[0] for row in rows]
    share = sum(any(form.fullmatch(text) for form in reused) for text in first_sentences) / len(rows)
    assert 0.1 < share < 0.35


def test_a_dictionary_of_the_training_names_fails() -> None:
    rows = rows_by_split()
    known = {entity["text"]: entity["label"] for row in rows["train"] for entity in row["entities"]}
    longest_first = re.compile("|".join(map(re.escape, sorted(known, key=len, reverse=True))))
    right = answered = wanted = 0
    for row in rows["test"]:
        found = {(m.start(), m.end(), known[m[0]]) for m in longest_first.finditer(row["text"])}
        gold = {(entity["start"], entity["end"], entity["label"]) for entity in row["entities"]}
        right, answered, wanted = right + len(found & gold), answered + len(found), wanted + len(gold)
    assert 0 < 2 * right / (answered + wanted) < 0.35
