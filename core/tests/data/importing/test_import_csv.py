"""CSV and TSV, the way people save them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tasktune.data.importing.text
from tasktune.data.importing.items import Blank, SourceRow
from tasktune.data.importing.opening import Reading, open_source

Import = Callable[..., Any]
HEADER = "id,text,label\n"


def write(tmp_path: Path, text: str, name: str = "rows.csv", encoding: str = "utf-8") -> None:
    (tmp_path / name).write_bytes(text.encode(encoding))


@pytest.mark.parametrize(
    ("name", "delimiter", "end"),
    [
        ("rows.csv", ",", "\n"),
        ("rows.csv", ",", "\r\n"),
        ("rows.csv", ";", "\n"),
        ("rows.csv", "\t", "\n"),
        ("rows.csv", "|", "\n"),
        ("rows.tsv", "\t", "\r\n"),
        ("rows.csv", ",", "\r"),
    ],
)
def test_delimiters_and_line_ends(tmp_path: Path, import_: Import, name: str, delimiter: str, end: str) -> None:
    lines = [["id", "text", "label"], ["1", '"好, 吃|;"' if delimiter == "," else "好吃", "yes"], ["2", "難吃", "no"]]
    write(tmp_path, end.join(delimiter.join(line) for line in lines) + end, name)
    done = import_(name)
    assert done.counts == (2, 2, 0, 0)
    assert [row["label"] for row in done.rows] == ["yes", "no"]
    assert done.rows[0]["text"] == ("好, 吃|;" if delimiter == "," else "好吃")


def test_a_value_over_several_lines_is_one_row(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, HEADER + '1,"一行\n兩行 ""引號""\n三行",yes\n2,b,no\n')
    done = import_("rows.csv")
    assert done.rows[0]["text"] == '一行\n兩行 "引號"\n三行'
    assert done.counts == (2, 2, 0, 0)
    assert done.report["notices"] == []


@pytest.mark.parametrize(
    ("broken", "lines"),
    [
        ('2,"never closed,no\n', [3]),
        ('2,"said "no" loudly",no\n', [3]),
        ("2,too,many,values\n", [3]),
        ("2,few\n", [3]),
        ('2,"never closed,no\n7,"nor this,no\n', [3, 4]),
    ],
)
def test_a_broken_row_takes_no_other_with_it(tmp_path: Path, import_: Import, broken: str, lines: list[int]) -> None:
    write(tmp_path, HEADER + "1,a,yes\n" + broken + '3,"c, d",yes\n4,e,no\n')
    done = import_("rows.csv")
    assert [row["id"] for row in done.rows] == ["1", "3", "4"]
    assert [row["line"] for row in done.rejects] == lines
    assert done.rejects[0]["row"] == broken.splitlines()[0]


def test_an_unclosed_quote_at_the_end_is_named(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, HEADER + '1,a,yes\n2,"open,no\n' + "".join(f"{n},t{n},no\n" for n in range(3, 5000)))
    done = import_("rows.csv")
    assert done.counts == (4999, 4998, 1, 0)
    assert "never closed" in done.rejects[0]["reasons"][0]


def test_a_quote_that_swallows_rows_unseen_is_told_of(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, HEADER + '1,"a,yes\n2,b,no\n3,c,no\n4,d",yes\n5,e,no\n')
    done = import_("rows.csv")
    assert "rows.csv:2: a value goes on to line 5" in done.report["notices"][0]


def test_duplicate_column_names_are_refused_with_their_places(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "text,label,text,label\na,yes,b,no\n")
    done = import_("rows.csv")
    assert done.exit_code == 2
    assert "rows.csv:1: None: 2 columns have the name 'text' (1, 3)" in done.error
    assert "2 columns have the name 'label' (2, 4)" in done.error


def test_a_column_without_a_name_is_called_by_its_number(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, ",text,label\n0,a,yes\n")
    assert import_("rows.csv").rows == [{"text": "a", "label": "yes", "column 1": "0"}]


def test_blank_lines_are_counted_and_placed(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, HEADER + "1,a,yes\n\n,,\n2,b,no\n\n")
    done = import_("rows.csv")
    assert done.counts == (5, 2, 0, 3)
    assert done.report["first_blank"] == [3, 4, 6]


def test_the_header_may_stand_lower(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "評論匯出\n2026-11-20\nid,text,label\n1,a,yes\n")
    done = import_("rows.csv", "--header-row", 3)
    assert [row["text"] for row in done.rows] == ["a"]
    assert done.counts == (3, 1, 0, 2)


def test_a_table_without_a_header(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "a,yes\nb,no\n")
    assert import_("rows.csv", "--columns", "text,label").rows == [
        {"text": "a", "label": "yes"},
        {"text": "b", "label": "no"},
    ]


def test_pairs_make_several_rows_of_one_and_the_counts_add_up(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "text,who\n" + "\"A beats B\",\"{'A': 'yes', 'B': 'no'}\"\nnone,{}\nbad,\"{'C's': 'no'}\"\n")
    done = import_("rows.csv", "--pairs", "entity:label=who")
    assert done.rows == [
        {"text": "A beats B", "label": "yes", "entity": "A"},
        {"text": "A beats B", "label": "no", "entity": "B"},
    ]
    assert done.report["counts"] == {"read": 3, "added": 1, "written": 2, "rejected": 2, "blank": 0}
    assert "look for a quote" in done.rejects[1]["reasons"][0]


def test_pairs_are_offered_where_no_label_can_be_told(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "title,words,who\n" + "\"A beats B\",3,\"{'A': 'yes', 'B': 'no'}\"\n" * 5)
    assert "--pairs entity:label=who makes a row of each" in import_("rows.csv").error


def test_labels_that_differ_by_case_or_width_are_told_of(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, HEADER + "1,a,yes\n2,b,Yes\n3,c,ｙｅｓ\n4,d,no\n5,e,n\u200bo\n")
    notice, unseen = import_("rows.csv").report["notices"]
    assert notice == "labels that differ only by case, width or spaces: 'yes' (1), 'Yes' (1), 'ｙｅｓ' (1)"
    assert unseen == "labels that differ only by case, width or spaces: 'no' (1), 'n\\u200bo' (1)"


def test_an_empty_file_and_one_with_only_a_header(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "")
    assert "rows.csv is empty" in import_("rows.csv").error
    write(tmp_path, HEADER)
    assert "rows.csv has no row that can be read" in import_("rows.csv").error


def test_what_is_left_of_a_rejected_row_is_no_row(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, HEADER + '1,a,yes\n2,"over\ntwo,lines",too,many\n3,c,no\n')
    done = import_("rows.csv")
    assert [row["id"] for row in done.rows] == ["1", "3"]
    assert [row["line"] for row in done.rejects] == [3, 4]


def test_a_quote_in_a_sound_file_is_a_character(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, HEADER + '1,5" pipe,yes\n2,b,no\n')
    assert [row["text"] for row in import_("rows.csv").rows] == ['5" pipe', "b"]


def test_a_giant_line_and_a_giant_value(tmp_path: Path, import_: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasktune.data.importing.text, "MAX_LINE", 1_000_000)
    write(tmp_path, HEADER + f'1,a,yes\n2,{"x" * 3_000_000},no\n3,"open {"y" * 150_000}",no\n4,b,no\n')
    done = import_("rows.csv")
    assert [row["id"] for row in done.rows] == ["1", "4"]
    assert [row["line"] for row in done.rejects] == [3, 4]
    assert "a line of more than 1 million characters" in done.rejects[0]["reasons"][0]
    assert "a value of more than 131,072 characters" in done.rejects[1]["reasons"][0]


def test_a_lone_carriage_return_within_a_line(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, HEADER + "1,a\rb,yes\n2,b,no\n")
    done = import_("rows.csv")
    assert [row["id"] for row in done.rows] == ["2"]
    assert "not valid CSV: new-line character" in done.rejects[0]["reasons"][0]


def test_spaces_around_labels_are_taken_off_and_told_of(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, HEADER + "1,a, yes\n2,b,no\u3000\n3,c,no\n4,d,\ufeffno\u200b\n5,e,\u200b\n")
    done = import_("rows.csv")
    assert done.report["labels"] == {"no": 3, "yes": 1}
    assert done.report["notices"] == ["3 labels lost spaces around them"]
    assert "the row has no target" in done.rejects[0]["reasons"][0]


VALUES = st.text(st.sampled_from('a好,;"\n \t|é🎉'), max_size=12)
TABLES = st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    TABLES,
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(",;\t|"),
)
def test_any_table_that_was_written_comes_back(
    tmp_path: Path, table: list[tuple[str, str, str]], quoting: int, end: str, delimiter: str
) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=quoting, lineterminator=end, delimiter=delimiter)  # type: ignore[arg-type]
        writer.writerows([("x", "y", "z"), *table])
    items = list(open_source(str(path), Reading()).items())
    rows = [tuple(item.fields.values()) for item in items if isinstance(item, SourceRow)]
    assert rows == [row for row in table if any(value.strip() for value in row)]
    assert len(items) - len(rows) == sum(isinstance(item, Blank) for item in items)


def test_names_given_for_columns_must_differ_too(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.csv").write_text("a,yes,b\n", "utf-8")
    done = import_("rows.csv", "--columns", "text,label,text")
    assert done.exit_code == 2
    assert "--columns: None: 2 columns have the name 'text' (1, 3)" in done.error.replace(":None:", ":")
    done = import_("rows.csv", "--columns", "text, label,")
    assert done.rows == [{"text": "a", "label": "yes", "column 3": "b"}]


@pytest.mark.parametrize("said", ["sep=;", "SEP=;\r", '"sep=;"'])
def test_a_first_line_that_tells_excel_the_delimiter(tmp_path: Path, import_: Import, said: str) -> None:
    (tmp_path / "rows.csv").write_text(f"{said}\ntext;label\na, b, c;yes\n", "utf-8-sig")
    done = import_("rows.csv")
    assert done.rows == [{"text": "a, b, c", "label": "yes"}]
    assert done.counts == (2, 1, 0, 1)


def test_the_header_of_a_file_that_was_put_behind_is_no_row(tmp_path: Path, import_: Import) -> None:
    part = "\ufefftext,label\na,yes\n"
    (tmp_path / "rows.csv").write_text(part * 2, "utf-8")
    done = import_("rows.csv")
    assert done.rows == [{"text": "a", "label": "yes"}] * 2
    assert done.rejects[0]["line"] == 3
    assert done.rejects[0]["reasons"] == ["the header stands here again"]
