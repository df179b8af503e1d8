"""Files of tokens with tags: the schemes, the texts, and what is wrong with them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.data.importing import conll
from tasktune.data.importing.tags import join_tokens, spans_of

Import = Callable[..., Any]
IOB2 = """# sent_id = a-1
# text = 台積電在 Arizona 設廠，張忠謀說。
1\t台積\tB-ORG\t-\tx
2\t電\tI-ORG\t-\tx
3\t在\tO\t-\t-
4\tArizona\tB-LOC\t-\tx
5\t設廠\tO\t-\t-
6\t，\tO\t-\t-
7\t張忠謀\tB-PER\t-\tx
8\t說\tO\t-\t-
9\t。\tO\t-\t-

# sent_id = a-2
# text = 今天下雨。
1\t今天\tO\t-\t-
2\t下雨\tO\t-\t-
3\t。\tO\t-\t-
"""


def spot(text: str, label: str, start: int) -> dict[str, Any]:
    return {"text": text, "label": label, "start": start, "end": start + len(text)}


def test_iob2_with_its_own_texts(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.iob2").write_text(IOB2, "utf-8")
    done = import_("rows.iob2", type="spots")
    spots = [spot("台積電", "ORG", 0), spot("Arizona", "LOC", 5), spot("張忠謀", "PER", 16)]
    assert done.rows == [
        {"text": "台積電在 Arizona 設廠，張忠謀說。", "entities": spots, "sent_id": "a-1"},
        {"text": "今天下雨。", "entities": [], "sent_id": "a-2"},
    ]
    assert done.report["details"] == {"encoding": "utf-8", "tokens": "2", "tags": "3"}
    assert done.report["labels"] == {"ORG": 1, "LOC": 1, "PER": 1}


@pytest.mark.parametrize(
    "lines",
    [
        ["台 B-ORG", "積 I-ORG", "電 I-ORG", "高 B-LOC", "雄 I-LOC", "廠 O"],
        ["台\tB_ORG", "積\tI_ORG", "電\tI_ORG", "高\tB_LOC", "雄\tI_LOC", "廠\tO"],
        ["台 I-ORG", "積 I-ORG", "電 I-ORG", "高 I-LOC", "雄 I-LOC", "廠 O"],
        ["台 B-ORG", "積 I-ORG", "電 E-ORG", "高 B-LOC", "雄 E-LOC", "廠 O"],
        ["台 B-ORG", "積 M-ORG", "電 E-ORG", "高 B-LOC", "雄 E-LOC", "廠 O"],
        ["台 B-ORG", "積 I-ORG", "電 L-ORG", "高雄 U-LOC", "廠 O"],
        ["台積電 S-ORG", "高雄 S-LOC", "廠 O"],
        ["台積電 Nb B-NP B-ORG", "高雄 Nc B-NP B-LOC", "廠 Na I-NP O"],
    ],
)
def test_every_scheme_gives_the_same_spans(tmp_path: Path, import_: Import, lines: list[str]) -> None:
    (tmp_path / "rows.conll").write_text("-DOCSTART- -X- O O\n\n" + "\n".join(lines) + "\n", "utf-8")
    done = import_("rows.conll", type="spots")
    assert done.rows == [{"text": "台積電高雄廠", "entities": [spot("台積電", "ORG", 0), spot("高雄", "LOC", 3)]}]


def test_words_are_joined_by_spaces_and_characters_are_not(tmp_path: Path, import_: Import) -> None:
    text = "Ada B-PER\nLin I-PER\n在 O\nIBM B-ORG\n上 O\n班 O\n# O\n\nNew B-LOC\nYork I-LOC\n! O\n"
    (tmp_path / "rows.bio").write_text(text, "utf-8")
    done = import_("rows.bio", type="spots")
    assert [row["text"] for row in done.rows] == ["Ada Lin在IBM上班#", "New York !"]
    assert done.rows[0]["entities"] == [spot("Ada Lin", "PER", 0), spot("IBM", "ORG", 8)]


def test_bad_sentences_are_rejected_and_the_others_are_not(tmp_path: Path, import_: Import) -> None:
    sentences = [
        "好 O\n吃 O",
        "台 B-ORG\n積\n電 I-ORG",
        "高 B-LOC\n雄 X-LOC",
        "# text = 台北\n台 B-LOC\n中 I-LOC",
        "真 O\n的 O",
    ]
    text = "\n\n".join(sentences)
    (tmp_path / "rows.iob2").write_text(text, "utf-8")
    done = import_("rows.iob2", type="spots")
    assert [row["text"] for row in done.rows] == ["好吃", "真的"]
    assert done.counts == (5, 2, 3, 0)
    assert [row["line"] for row in done.rejects] == [4, 8, 12]
    assert "line 5: no token and tag in it: '積'" in done.rejects[0]["reasons"][0]
    assert "not a tag: 'X-LOC'" in done.rejects[1]["reasons"][0]
    assert "token 2, '中', is not the next one in the text" in done.rejects[2]["reasons"][0]


def test_tags_that_begin_with_i_are_told_of(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.iob").write_text("台 I-ORG\n積 I-ORG\n電 O\n", "utf-8")
    [notice] = import_("rows.iob", type="spots").report["notices"]
    assert "1 entities begin with a tag other than B-" in notice


def test_a_file_whose_sentences_are_not_apart_is_told_of(
    tmp_path: Path, import_: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows.conll").write_text("台 B-LOC\n北 I-LOC\n" * 300, "utf-8")
    done = import_("rows.conll", type="spots")
    assert done.counts == (1, 1, 0, 0)
    [notice] = done.report["notices"]
    assert "the whole file is one sentence of 600 tokens" in notice
    monkeypatch.setattr(conll, "_MAX_TOKENS", 10)
    (tmp_path / "rows.conll").write_text("台 B-LOC\n\n" + "北 O\n" * 100_000 + "\n雨 O\n", "utf-8")
    tracemalloc.start()
    done = import_("rows.conll", "--force", type="spots")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.counts == (3, 2, 1, 0)
    assert "more than 10 tokens without an empty line between sentences" in done.rejects[0]["reasons"][0]
    # A hundred bytes and more would be kept of each line otherwise.
    assert peak < 5_000_000


def test_spaces_behind_a_tag_or_around_a_label_are_no_part_of_it(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.conll").write_text("台\tB-LOC \n北\tI-LOC\n雨\tO \n", "utf-8")
    [row] = import_("rows.conll", type="spots").rows
    assert row["entities"] == [spot("台北", "LOC", 0)]
    (tmp_path / "rows.jsonl").write_text('{"text": "台北", "entities": [[0, 2, "LOC\\u200b "]]}\n', "utf-8")
    done = import_("rows.jsonl", "--force", type="spots")
    assert done.rows[0]["entities"] == [spot("台北", "LOC", 0)]
    assert done.report["notices"] == ["1 labels lost spaces around them"]


def test_a_file_without_tags_is_refused(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.conll").write_text("台積 ORG\n電 x\n", "utf-8")
    assert "no column of tags" in import_("rows.conll", type="spots").error


def test_tokens_and_tags_in_the_columns_of_a_table(tmp_path: Path, import_: Import) -> None:
    good = '{"tokens": ["台", "北", "101"], "ner_tags": ["B-LOC", "I-LOC", "O"]}\n'
    (tmp_path / "rows.jsonl").write_text(good + '{"tokens": ["雨"], "ner_tags": ["O", "O"]}\n', "utf-8")
    done = import_("rows.jsonl", type="spots")
    assert done.rows == [{"text": "台北101", "entities": [spot("台北", "LOC", 0)]}]
    assert "2 tags for 1 tokens" in done.rejects[0]["reasons"][0]


def test_tags_in_a_text_file_are_known_by_their_looks(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.txt").write_text("台 B-LOC\n北 I-LOC\n雨 O\n\n好 O\n", "utf-8")
    assert import_("rows.txt", type="spots").counts == (2, 2, 0, 0)
    (tmp_path / "notes.txt").write_text("台北下雨 O\n天氣 很好\n", "utf-8")
    assert "name it with --format" in import_("notes.txt", "--force", type="spots").error


SPANS = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["", "ORG", "LOC"])), min_size=1, max_size=8)


@given(SPANS, st.sampled_from(["IOB2", "IOBES", "BILOU"]))
def test_spans_written_as_tags_come_back(pieces: list[tuple[int, str]], scheme: str) -> None:
    tokens, tags, expected = [], [], []
    single, last = {"IOB2": ("B", "I"), "IOBES": ("S", "E"), "BILOU": ("U", "L")}[scheme]
    for length, label in pieces:
        start = len(tokens)
        tokens += ["字"] * length
        if not label:
            tags += ["O"] * length
            continue
        prefixes = [single] if length == 1 else ["B", *"I" * (length - 2), last]
        tags += [f"{prefix}-{label}" for prefix in prefixes]
        expected.append(spot("字" * length, label, start))
    text, places = join_tokens(tokens)
    assert spans_of(text, places, tags) == (expected, 0)
