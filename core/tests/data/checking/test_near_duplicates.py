"""Near duplicates: what is reported is alike, what is alike is found, in time that grows with the rows."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from tasktune.data.check import check
from tasktune.data.checking import near
from tasktune.data.checking.characters import folded
from tasktune.data.checking.findings import DataFinding
from tasktune.definition import Task

MakeTask = Callable[..., Task]
CHARACTERS = [chr(code) for code in range(0x4E00, 0x5200)]


def similarity(one: str, other: str) -> float:
    """The Jaccard similarity of two texts' pairs of characters."""
    first, second = ({text[n : n + 2] for n in range(len(text) - 1)} for text in (one, other))
    return len(first & second) / len(first | second)


def texts(count: int, seed: int = 0, length: int = 40) -> list[str]:
    dice = random.Random(seed)
    return ["".join(dice.choices(CHARACTERS, k=length)) for _text in range(count)]


def rows(given: list[str]) -> list[dict[str, Any]]:
    return [{"text": text, "label": ("yes", "no")[n % 2]} for n, text in enumerate(given)]


def with_edits(text: str, edits: int, dice: random.Random) -> str:
    """The text with some characters, far from each other, replaced by one that it does not have."""
    places = dice.sample(range(0, len(text), 3), edits)
    return "".join("〇" if place in places else character for place, character in enumerate(text))


def in_train(make_task: MakeTask, given: list[str], **keys: Any) -> Task:
    """A task with all these texts in train, and with others in test."""
    return make_task(train=rows(given), test=rows(texts(5, seed=99)), data={"split": {"valid": 0.0}}, **keys)


def finding(task: Task, code: str) -> DataFinding | None:
    return next((each for each in check(task).findings if each.code == code), None)


def ids(found: DataFinding | None) -> list[tuple[int, int]]:
    """The lines of the pairs that a finding shows."""
    assert found is not None
    pairs = [re.findall(r":(\d+)", pair) for pair in found.ids]
    return [(int(one), int(other)) for one, other in pairs]


def test_nearly_every_near_copy_is_found(make_task: MakeTask) -> None:
    dice = random.Random(1)
    originals = texts(300)
    copies = [with_edits(text, 2, dice) for text in originals]
    alike = sum(similarity(one, other) >= 0.8 for one, other in zip(originals, copies, strict=True))
    assert alike == len(originals)
    found = finding(in_train(make_task, [*originals, *copies]), "near_duplicates")
    assert found is not None
    # Of pairs of similarity 0.81, 1 - (1 - 0.81**8)**16 = 96 % meet in a band; each makes two rows.
    assert 0.9 * 600 <= found.count <= 600


@pytest.mark.parametrize("edits", [4, 6, 9])
def test_what_is_less_alike_is_no_near_copy(make_task: MakeTask, edits: int) -> None:
    dice = random.Random(2)
    originals = texts(200)
    copies = [with_edits(text, edits, dice) for text in originals]
    assert all(0.3 < similarity(one, other) < 0.8 for one, other in zip(originals, copies, strict=True))
    assert finding(in_train(make_task, [*originals, *copies]), "near_duplicates") is None


def test_pairs_that_are_shown_are_alike_and_of_the_named_splits(make_task: MakeTask) -> None:
    dice = random.Random(3)
    train, test = texts(100), texts(20, seed=4)
    test += [with_edits(text, 1, dice) for text in train[:5]]
    task = make_task(train=rows(train), test=rows(test), data={"split": {"valid": 0.0}})
    found = finding(task, "near_leak_to_test")
    assert found is not None
    assert found.count == 5
    assert all(pair.startswith("data/test.jsonl:") and " ~ data/train.jsonl:" in pair for pair in found.ids)
    for one, other in ids(found):
        assert similarity(test[one - 1], train[other - 1]) >= near.ALIKE
    assert finding(task, "near_duplicates") is None


def test_an_exact_leak_is_no_near_leak_too(make_task: MakeTask) -> None:
    train = texts(100)
    task = make_task(train=rows(train), test=rows(train[:5]), data={"overlap": "keep"})
    assert finding(task, "near_leak_to_test") is None
    assert finding(task, "same_input_in_train_and_test") is not None


def test_near_copies_are_found_however_many_rows_share_a_template(make_task: MakeTask) -> None:
    """One band of a template's rows is one bucket; a row meets a few of it, and yet the copies."""
    template = "本公司訂於下週三召開股東常會並說明第一季財務報告"
    dice = random.Random(5)
    filled = [template + text for text in texts(800, seed=6, length=22)]
    copies = [with_edits(text, 1, dice) for text in filled[:100]]
    everything = [*filled, *copies]
    found = finding(in_train(make_task, everything), "near_duplicates")
    assert found is not None
    assert 190 <= found.count <= 200
    for one, other in ids(found):
        assert similarity(everything[one - 1], everything[other - 1]) >= near.ALIKE


def test_work_grows_with_the_rows_and_not_with_their_pairs(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst case: rows that share so much that they meet in most bands, and are not alike."""
    met = 0
    promising = near._Index._promising

    def counted(self: Any, rows: Any, mates: Any) -> Any:
        nonlocal met
        met += len(rows)
        yield from promising(self, rows, mates)

    monkeypatch.setattr(near._Index, "_promising", counted)
    template = "".join(CHARACTERS[:60])
    for count in (200, 400):
        met = 0
        check(make_task(train=rows([template + text for text in texts(count, length=12)])))
        # In a bucket a row meets at most MET others of its own split, and a training row as many of each held-out one.
        assert count < met <= count * near.BANDS * near.MET * 3


def test_latin_texts_are_told_by_longer_pieces(make_task: MakeTask) -> None:
    """Any two English texts share most pairs of letters."""
    words = ["profit", "margin", "quarter", "group", "sales", "growth", "weaker", "stronger", "outlook", "shares"]
    dice = random.Random(7)
    english = [" ".join(dice.choices(words, k=40)) for _row in range(60)]
    assert min(similarity(folded(one), folded(english[0])) for one in english) > 0.5
    assert finding(in_train(make_task, english, language="en"), "near_duplicates") is None
    nearly = [*english, english[0].replace(" ", "  ", 3) + " today"]
    found = finding(in_train(make_task, nearly, language="en"), "near_duplicates")
    assert found is not None
    assert found.count == 2


def test_other_fields_must_be_equal(make_task: MakeTask) -> None:
    """A text that is asked of two companies is two examples, not a copy."""
    [text] = texts(1)
    given = [
        {"text": t, "entity": f"第{n}家", "label": "yes"} for n, t in enumerate([text, text + "了", *texts(30, 8)])
    ]
    keys = {"input_template": "{entity}：{text}", "test": given[-5:], "data": {"overlap": "keep"}}
    assert finding(make_task(train=given, **keys), "near_duplicates") is None
    for row in given:
        row["entity"] = "同一家"
    found = finding(make_task(train=given, **keys), "near_duplicates")
    assert found is not None
    assert found.count == 2


@pytest.mark.parametrize("text", ["", "！", "好", "好的", "a", "abc"])
def test_the_shortest_texts_are_compared_too(make_task: MakeTask, text: str) -> None:
    assert near.shingles(text) == {text}
    assert finding(make_task(train=rows([text, text + "！", *texts(10)])), "near_duplicates") is None


def test_without_rensa_it_says_that_nobody_looked(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "find_spec", lambda name: None)
    found = finding(make_task(train=rows(texts(10))), "near_duplicates_not_sought")
    assert found is not None
    assert found.severity == "info"
    assert "tasktune[data]" in found.fix
