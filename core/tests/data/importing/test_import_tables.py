"""Excel, Parquet and databases: typed tables."""

from __future__ import annotations

import datetime
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from tasktune.cli import data_import

Import = Callable[..., Any]


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Any]:
    """``sheet(rows, merge=["A1:B1"])`` writes rows.xlsx."""

    def write(rows: list[list[Any]], merge: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> None:
        book = openpyxl.Workbook()
        cells = book.active
        assert cells is not None
        cells.title = "評論"
        for row in rows:
            cells.append(row)
        for each in merge:
            cells.merge_cells(each)
        for name in more:
            book.create_sheet(name).append(["text", "label"])
        book.save(tmp_path / "rows.xlsx")

    return write


def test_excel(sheet: Callable[..., Any], import_: Import) -> None:
    day = datetime.datetime(2026, 11, 20)
    sheet([["text", "label", "day", "n", "ok"], ["好吃", "yes", day, 1.5, True], [2024, "no", None, 3, False]])
    done = import_("rows.xlsx")
    assert done.rows == [
        {"text": "好吃", "label": "yes", "day": "2026-11-20", "n": 1.5, "ok": True},
        {"text": "2024", "label": "no", "day": None, "n": 3, "ok": False},
    ]
    assert done.report["details"] == {"sheet": "評論"}


def test_excel_rejects_and_blanks_are_placed_by_row(sheet: Callable[..., Any], import_: Import) -> None:
    sheet([["text", "label"], ["a", "yes"], [None, None], ["b", "#N/A"], ["c", "no", "note"], ["d", None]])
    done = import_("rows.xlsx")
    assert done.counts == (5, 1, 3, 1)
    assert {row["row"]["text"]: row["reasons"][0] for row in done.rejects} == {
        "b": "cell B4 holds the error #N/A",
        "c": "cell C5 has a value, but its column has no name (name the column in the header, or empty the cell)",
        "d": "label: the row has no target (label it, or take such rows too with --unlabelled)",
    }


def test_a_merged_title_above_the_header_is_named_with_the_way_out(sheet: Callable[..., Any], import_: Import) -> None:
    sheet([["評論匯出", None], ["text", "label"], ["a", "yes"]], merge=("A1:B1",))
    done = import_("rows.xlsx")
    assert done.exit_code == 2
    assert "rows.xlsx, row 1: the header has merged cells (A1:B1)" in done.error
    assert "--header-row 2" in done.error
    assert import_("rows.xlsx", "--header-row", 2).rows == [{"text": "a", "label": "yes"}]


def test_a_header_of_two_rows_with_merged_groups(sheet: Callable[..., Any], import_: Import) -> None:
    rows = [["id", "評論", None], [None, "text", "label"], [1, "a", "yes"]]
    sheet(rows, merge=("A1:A2", "B1:C1"))
    assert "(A1:A2, B1:C1)" in import_("rows.xlsx").error
    assert import_("rows.xlsx", "--header-row", 2).rows == [{"text": "a", "label": "yes", "id": 1}]


def test_merged_cells_among_the_rows_are_told_of(sheet: Callable[..., Any], import_: Import) -> None:
    sheet([["text", "label"], ["a", "yes"], ["b", None]], merge=("B2:B3",))
    done = import_("rows.xlsx")
    assert done.counts == (2, 1, 1, 0)
    assert "1 ranges of merged cells among the rows (B2:B3)" in done.report["notices"][0]


def test_formulas_that_nobody_computed_are_told_of(sheet: Callable[..., Any], import_: Import) -> None:
    sheet([["text", "label", "n"], ['="a"&">"', "yes", "=1"], ["b", '=IF(1,"no","yes")', 2], ["c", "no", "=LEN(A2)"]])
    done = import_("rows.xlsx")
    assert done.counts == (3, 1, 2, 0)
    [notice] = done.report["notices"]
    assert "4 cells hold formulas without results (A2, C2, B3, C4)" in notice


def test_computed_formulas_are_read_as_their_results(
    tmp_path: Path, sheet: Callable[..., Any], import_: Import
) -> None:
    sheet([["text", "label"], ["=A", "yes"], ["=B", "no"]])
    with zipfile.ZipFile(tmp_path / "rows.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    for formula, cell, result in (("A", "A2", "good"), ("B", "A3", "")):
        old = f'<c r="{cell}"><f>{formula}</f><v></v></c>'
        if old.encode() not in parts[name]:
            old = f'<c r="{cell}"><f>{formula}</f><v /></c>'
        assert old.encode() in parts[name], parts[name]
        new = f'<c r="{cell}" t="str"><f>{formula}</f><v>{result}</v></c>'
        parts[name] = parts[name].replace(old.encode(), new.encode())
    with zipfile.ZipFile(tmp_path / "rows.xlsx", "w") as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    done = import_("rows.xlsx")
    assert done.rows == [{"text": "good", "label": "yes"}]
    assert done.report["notices"] == []


def test_the_first_sheet_that_is_not_hidden_is_read(tmp_path: Path, import_: Import) -> None:
    book = openpyxl.Workbook()
    for name, state in (("lists", "hidden"), ("評論", "visible"), ("old", "visible")):
        cells = book.create_sheet(name)
        cells.sheet_state = state
        cells.append(["text", "label"])
        cells.append([name, "yes"])
    del book["Sheet"]
    book.save(tmp_path / "rows.xlsx")
    done = import_("rows.xlsx")
    assert done.rows == [{"text": "評論", "label": "yes"}]
    assert done.report["notices"] == ["only the sheet 評論 is read; the others: lists, old"]
    assert import_("rows.xlsx", "--sheet", "lists", "--force").rows == [{"text": "lists", "label": "yes"}]


def test_a_workbook_of_charts_only(tmp_path: Path, import_: Import) -> None:
    book = openpyxl.Workbook()
    book.create_chartsheet("chart")
    del book["Sheet"]
    book.save(tmp_path / "rows.xlsx")
    done = import_("rows.xlsx")
    assert done.exit_code == 2
    assert "is not an Excel workbook, or a damaged or protected one" in done.error


def test_duplicate_names_in_excel(sheet: Callable[..., Any], import_: Import) -> None:
    sheet([["text", "label", "text"], ["a", "yes", "b"]])
    assert "2 columns have the name 'text' (1, 3)" in import_("rows.xlsx").error


def test_sheets(sheet: Callable[..., Any], import_: Import) -> None:
    sheet([["text", "label"], ["a", "yes"]], more=("舊的",))
    assert import_("rows.xlsx").report["notices"] == ["only the sheet 評論 is read; the others: 舊的"]
    assert "its sheets: 評論, 舊的" in import_("rows.xlsx", "--sheet", "x", "--force").error


@pytest.mark.parametrize(("name", "content"), [("rows.xlsx", b"not a zip"), ("rows.xls", b"\xd0\xcf\x11\xe0")])
def test_a_damaged_or_old_workbook(tmp_path: Path, import_: Import, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    done = import_(name)
    assert done.exit_code == 2
    assert "save it as .xlsx" in done.error


def test_parquet_with_named_classes(tmp_path: Path, import_: Import) -> None:
    features = {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}, "text": {"dtype": "string", "_type": "Value"}}
    table = pyarrow.table({"text": ["a", "b", None], "label": [1, 0, 1], "score": [0.5, float("nan"), 1.0]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    done = import_("rows.parquet")
    assert done.rows == [{"text": "a", "label": "yes", "score": 0.5}, {"text": "b", "label": "no", "score": None}]
    assert done.counts == (3, 2, 1, 0)
    assert done.rejects[0]["row"]["label"] == "yes"


def test_a_parquet_column_of_bytes_is_left_out_and_told_of(tmp_path: Path, import_: Import) -> None:
    table = pyarrow.table({"text": ["a"], "label": ["yes"], "image": [b"\x89PNG"]})
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    done = import_("rows.parquet")
    assert done.rows == [{"text": "a", "label": "yes"}]
    assert done.report["notices"] == ["column image is left out: it holds bytes, which is not text or numbers"]


def test_a_damaged_parquet_file(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 but no more")
    assert "is no readable Parquet file" in import_("rows.parquet").error


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "評論 #1.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("create table reviews (id integer, body text, verdict text)")
        connection.executemany(
            "insert into reviews values (?, ?, ?)", [(1, "好吃", "yes"), (2, "難吃", "no"), (3, "", "no")]
        )
    connection.close()
    return path


MAPPED = ("--field", "text=body", "--field", "label=verdict")


def test_sqlite_by_url_and_by_file(tmp_path: Path, database: Path, import_: Import) -> None:
    done = import_(f"sqlite:///{database}", *MAPPED)
    assert done.rows == [{"text": "好吃", "label": "yes", "id": 1}, {"text": "難吃", "label": "no", "id": 2}]
    assert done.counts == (3, 2, 1, 0)
    assert done.report["details"] == {"table": "reviews"}
    assert import_(database.name, *MAPPED, "--force").rows == done.rows


def test_a_query(database: Path, import_: Import) -> None:
    query = "select body as text, verdict as label from reviews where verdict = 'no' and body <> ''"
    assert import_(database.name, "--query", query).rows == [{"text": "難吃", "label": "no"}]


def test_a_database_is_never_changed(database: Path, import_: Import) -> None:
    before = database.read_bytes()
    done = import_(database.name, "--query", "delete from reviews")
    assert done.exit_code == 2
    assert "readonly" in done.error
    assert database.read_bytes() == before


def test_problems_with_databases_are_named(tmp_path: Path, database: Path, import_: Import) -> None:
    assert "is not there" in import_("sqlite:///no.db").error
    assert not (tmp_path / "no.db").exists()
    assert "choose one with --table: reviews" in import_(database.name, "--table", "x").error
    assert "no such column" in import_(database.name, "--query", "select absent from reviews").error
    assert (
        "--table and --query exclude each other" in import_(database.name, "--query", "x", "--table", "reviews").error
    )
    (tmp_path / "other.db").write_text("no database at all, but long enough to be looked at")
    assert "file is not a database" in import_("other.db").error


def test_the_default_output_has_no_password_in_its_name() -> None:
    output, rejects = data_import._targets("postgresql://me:s3cret@host", None, None, None, force=False)
    assert (output.name, rejects.name) == ("rows.jsonl", "rows.rejects.jsonl")
    assert (
        data_import._targets("mysql://me:s3cret@host/shop?x=1", None, None, None, force=False)[0].name == "shop.jsonl"
    )


def test_a_password_is_never_shown(import_: Import) -> None:
    for url in ("postgresql+nodriver://me:s3cret@host/x", "nonsense://me:s3cret@host/x", "mysql://me:s3cret@[host/x"):
        done = import_(url)
        assert done.exit_code == 2
        assert "s3cret" not in done.error + done.stderr


def test_a_workbook_that_is_damaged_within(tmp_path: Path, sheet: Callable[..., Any], import_: Import) -> None:
    sheet([["text", "label"], *(["a", "yes"] for _row in range(50))])
    whole = tmp_path / "rows.xlsx"
    with zipfile.ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content[: len(content) // 2] if "sheet1" in name else content)
    done = import_("rows.xlsx")
    assert done.exit_code == 2
    assert "is not an Excel workbook, or a damaged or protected one" in done.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.xlsx"]
