"""Encodings are told from the bytes, or refused; a line in another one is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.importing.encoding import detect_encoding
from tasktune.errors import InputError

Import = Callable[..., Any]
TRADITIONAL = [
    "這家店的牛肉麵湯頭濃郁，下次還會再來",
    "服務態度很差，等了一個小時才上菜",
    "普普通通，沒有特別的地方",
    "好吃",
]
SIMPLIFIED = [
    "这家店的牛肉面汤头浓郁，下次还会再来",
    "服务态度很差，等了一个小时才上菜",
    "普普通通，没有特别的地方",
    "好吃",
]
CANTONESE = ["呢間嘢食好好味㗎", "佢哋嘅服務好差", "我哋等咗成個鐘", "啲餸唔新鮮"]


def table(texts: list[str]) -> str:
    return "text,label\r\n" + "".join(f"{text},yes\r\n" for text in texts)


@pytest.mark.parametrize(
    ("texts", "encoding", "told"),
    [
        (TRADITIONAL, "utf-8", "utf-8"),
        (TRADITIONAL, "utf-8-sig", "utf-8"),
        (TRADITIONAL, "utf-16", "utf-16"),
        (TRADITIONAL, "utf-16-le", "utf-16-le"),
        (TRADITIONAL, "utf-16-be", "utf-16-be"),
        (TRADITIONAL, "utf-32", "utf-32"),
        (TRADITIONAL, "big5", "cp950"),
        (TRADITIONAL, "cp950", "cp950"),
        (CANTONESE, "big5hkscs", "big5hkscs"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "gb2312", "gb18030"),
        (["plain"], "ascii", "utf-8"),
    ],
)
def test_the_encoding_is_told_and_the_text_comes_through(
    tmp_path: Path, import_: Import, texts: list[str], encoding: str, told: str
) -> None:
    (tmp_path / "rows.csv").write_bytes(table(texts).encode(encoding))
    done = import_("rows.csv")
    assert [row["text"] for row in done.rows] == texts
    assert done.report["details"]["encoding"] == told


@pytest.mark.parametrize("encoding", ["big5", "gb18030", "utf-16"])
def test_json_lines_in_other_encodings(tmp_path: Path, import_: Import, encoding: str) -> None:
    texts = SIMPLIFIED if encoding == "gb18030" else TRADITIONAL
    lines = "\n".join(json.dumps({"text": text, "label": "no"}, ensure_ascii=False) for text in texts)
    (tmp_path / "rows.jsonl").write_bytes(lines.encode(encoding))
    assert [row["text"] for row in import_("rows.jsonl").rows] == texts


@pytest.mark.parametrize("text", ["Das schmeckt mir überhaupt nicht, würg", "C'était très mauvais, à éviter"])
def test_what_cannot_be_told_is_refused_rather_than_guessed(tmp_path: Path, import_: Import, text: str) -> None:
    (tmp_path / "rows.csv").write_bytes(f"text;label\n{text};no\n".encode("cp1252"))
    done = import_("rows.csv")
    assert done.exit_code == 2
    assert "the encoding cannot be told" in done.error
    assert [row["text"] for row in import_("rows.csv", "--encoding", "cp1252").rows] == [text]


def test_lines_in_another_encoding_are_rejected_one_by_one(tmp_path: Path, import_: Import) -> None:
    rows = [f"{text},yes\n".encode("big5" if number == 1 else "utf-8") for number, text in enumerate(TRADITIONAL)]
    (tmp_path / "rows.csv").write_bytes(b"text,label\n" + b"".join(rows))
    done = import_("rows.csv")
    assert [row["text"] for row in done.rows] == [TRADITIONAL[0], *TRADITIONAL[2:]]
    [reject] = done.rejects
    assert reject["line"] == 3
    assert "not valid utf-8 at column 1 (the line looks like cp950" in reject["reasons"][0]
    assert reject["row"].startswith("\\xaa\\x41".replace("\\x41", "A"))


def test_an_undecodable_element_of_a_json_array(tmp_path: Path, import_: Import) -> None:
    good = [json.dumps({"text": text, "label": "no"}, ensure_ascii=False).encode() for text in TRADITIONAL]
    bad = json.dumps({"text": "服務", "label": "no"}, ensure_ascii=False).encode("big5")
    (tmp_path / "rows.json").write_bytes(b"[" + b",\n".join([*good, bad]) + b"]")
    done = import_("rows.json")
    assert done.counts == (5, 4, 1, 0)
    assert done.rejects[0]["line"] == 5


def test_an_unknown_encoding_is_refused(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.csv").write_text("text,label\na,yes\n")
    assert "unknown encoding 'big6'" in import_("rows.csv", "--encoding", "big6").error


def test_the_end_of_the_file_counts_too(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"plain,yes\n" * 120_000 + "難吃的店,no\n".encode("cp950") * 3)
    assert detect_encoding(path).name == "cp950"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(bytes(range(128, 256)) * 10)
    with pytest.raises(InputError, match="cannot be told"):
        detect_encoding(path)


def test_long_lines_are_cut_between_characters(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(f'"{"難吃的店，" * 50_000}",no\n'.encode() * 3 + "難吃\n".encode("big5"))
    assert detect_encoding(path).name == "utf-8"
    path.write_bytes(f'"{"難吃的店，很 " * 50_000}",no\n'.encode("big5") * 3)
    assert detect_encoding(path).name == "cp950"


def test_a_workbook_that_is_called_a_table_is_refused(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.csv").write_bytes(b"PK\x03\x04\x14\x00\x06\x00\x08\x00" + bytes(range(256)) * 20)
    assert "rows.csv is no text file" in import_("rows.csv").error


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("base64", "unknown encoding 'base64'"),
        ("idna", "cannot be read as idna"),
        ("undefined", "cannot be read as undefined"),
        ("utf-16", "cannot be read as utf-16: UTF-16 stream does not start with BOM"),
    ],
)
def test_an_encoding_that_cannot_be_the_file_s_is_refused(
    tmp_path: Path, import_: Import, encoding: str, words: str
) -> None:
    (tmp_path / "rows.csv").write_text("text,label\na,yes\n")
    done = import_("rows.csv", "--encoding", encoding)
    assert done.exit_code == 2
    assert words in done.error


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "cp950"])
@pytest.mark.parametrize("place", [12, 13, 24, 25])
def test_a_stray_null_character_makes_no_file_utf_16(
    tmp_path: Path, import_: Import, encoding: str, place: int
) -> None:
    texts = ["plain text", "more of it"] if encoding == "ascii" else TRADITIONAL
    raw = table(texts).encode(encoding)
    (tmp_path / "rows.csv").write_bytes(raw[:place] + b"\0" + raw[place:])
    done = import_("rows.csv")
    assert done.counts[0] == len(texts)
    assert texts[-1] in [row["text"].replace("\0", "") for row in done.rows]


def test_nulls_that_a_crash_left_in_json_lines_are_one_reject(tmp_path: Path, import_: Import) -> None:
    good = b'{"text": "a", "label": "yes"}\n'
    (tmp_path / "rows.jsonl").write_bytes(good * 9 + b"\0" * 30 + b"\n" + good * 9)
    done = import_("rows.jsonl")
    assert done.counts == (19, 18, 1, 0)
    assert "not valid JSON at column 1" in done.rejects[0]["reasons"][0]
