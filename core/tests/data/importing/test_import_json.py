"""JSON Lines and JSON documents, whole and broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tasktune.data.importing.json_rows as json_rows
import tasktune.data.importing.text

Import = Callable[..., Any]
ROWS = [{"text": "好吃", "label": "yes"}, {"text": "難吃", "label": "no", "id": 7}]


def test_json_lines(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS), "utf-8")
    done = import_("rows.jsonl")
    assert done.exit_code == 0
    assert done.rows == ROWS
    assert done.counts == (2, 2, 0, 0)
    assert done.report["format"] == "JSON Lines"
    assert done.report["fields"] == {
        "text": {"column": "text", "how": "same name"},
        "label": {"column": "label", "how": "same name"},
    }
    assert done.report["labels"] == {"yes": 1, "no": 1}
    assert not (tmp_path / "out.rejects.jsonl").exists()


def test_every_bad_line_is_rejected_with_its_place_and_reason(tmp_path: Path, import_: Import) -> None:
    lines = [
        '{"text": "a", "label": "yes"}',
        "",
        '{"text": "b", "label": "yes"',
        '["c", "yes"]',
        '{"text": "d", "text": "e", "label": "yes"}',
        '{"text": "f", "label": NaN}',
        '{"text": "\\ud83d", "label": "yes"}',
        '{"text": " ", "label": "yes"}',
        '{"text": "g"}',
        "   ",
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    done = import_("rows.jsonl")
    assert done.rows == [{"text": "a", "label": "yes"}]
    assert done.counts == (10, 1, 7, 2)
    assert done.report["first_blank"] == [2, 10]
    reasons = {row["line"]: " ".join(row["reasons"]) for row in done.rejects}
    assert list(reasons) == [3, 4, 5, 6, 7, 8, 9]
    assert "not valid JSON" in reasons[3]
    assert "must be a JSON object, not an array" in reasons[4]
    assert "repeated: text" in reasons[5]
    assert "NaN is no JSON number" in reasons[6]
    assert "half a character" in reasons[7]
    assert "text: column text is empty" in reasons[8]
    assert "label: the row has no target" in reasons[9]
    assert done.rejects[0]["row"] == lines[2]
    assert done.rejects[-1] == {
        "source": "rows.jsonl",
        "line": 9,
        "reasons": ["label: the row has no target (label it, or take such rows too with --unlabelled)"],
        "row": {"text": "g"},
    }


def test_rows_without_a_target_are_taken_when_asked(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "yes"}\n{"text": "b", "label": null}\n', "utf-8")
    assert import_("rows.jsonl", "--unlabelled").rows == [{"text": "a", "label": "yes"}, {"text": "b"}]


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
@pytest.mark.parametrize("chunk", [2, 7, 1 << 20])
def test_an_array_is_streamed_whatever_the_file_is_called(
    tmp_path: Path, import_: Import, monkeypatch: pytest.MonkeyPatch, name: str, chunk: int
) -> None:
    monkeypatch.setattr(json_rows, "_CHUNK", chunk)
    (tmp_path / name).write_text(json.dumps(ROWS, indent=2, ensure_ascii=False) + "\n", "utf-8-sig")
    done = import_(name)
    assert done.rows == ROWS
    assert done.report["format"] == "JSON"


def test_elements_of_an_array_are_placed_by_line(tmp_path: Path, import_: Import) -> None:
    text = '[\n{"text": "a", "label": "yes"},\n\n3,\n{"text": "b", "label": "x", "label": "y"},\n{"label": "no"}]'
    (tmp_path / "rows.json").write_text(text, "utf-8")
    done = import_("rows.json")
    assert [row["line"] for row in done.rejects] == [4, 5, 6]
    assert done.counts == (4, 1, 3, 0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[{"text": "a"},\n{"text": "b",}]', 2),
        ('[{"text": "a"}\n{"text": "b"}]', 2),
        ('[{"text": "a"},\n', 2),
        ('[{"text": "a"}]\n[]', 2),
        ('{"data": [\n{"text": "a",\n]}', 3),
    ],
)
def test_a_broken_document_is_refused_whole_with_the_line(
    tmp_path: Path, import_: Import, text: str, line: int
) -> None:
    (tmp_path / "rows.json").write_text(text, "utf-8")
    done = import_("rows.json")
    assert done.exit_code == 2
    assert f"rows.json:{line}: not valid JSON" in done.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.json"]


@pytest.mark.parametrize("chunk", [2, 7, 1 << 20])
def test_rows_within_an_object(tmp_path: Path, import_: Import, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(json_rows, "_CHUNK", chunk)
    around = {"version": [1, 2], "none": [], "about": {"list": [{"text": "c"}]}, "data": ROWS, "end": "]"}
    (tmp_path / "rows.json").write_text(json.dumps(around, indent=1), "utf-8-sig")
    done = import_("rows.json")
    assert done.rows == ROWS
    assert done.report["counts"]["read"] == 2


def test_bad_elements_within_an_object_are_rejected_as_in_an_array(tmp_path: Path, import_: Import) -> None:
    rows = [
        '{"text": "a", "label": "yes"}',
        '{"text": "b", "label": NaN}',
        '{"text": "c", "text": "d", "label": "yes"}',
        '{"text": "e", "label": 1e999}',
        "null",
    ]
    (tmp_path / "rows.json").write_text('{"data": [\n' + ",\n".join(rows) + "\n]}", "utf-8")
    done = import_("rows.json")
    assert done.counts == (5, 1, 4, 0)
    reasons = {row["line"]: row["reasons"][0] for row in done.rejects}
    assert "NaN is no JSON number" in reasons[3]
    assert "repeated: text" in reasons[4]
    assert "1e999 is no JSON number" in reasons[5]
    assert "not null" in reasons[6]


@pytest.mark.parametrize("form", ['[{"text": "%s"}]', '{"note": "%s", "data": [{"text": "a", "label": "b"}]}'])
def test_a_giant_value_in_a_document_is_named_and_fills_no_memory(
    tmp_path: Path, import_: Import, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(json_rows, "MAX_LINE", 2_000_000)
    (tmp_path / "rows.json").write_text(form % ("x" * 9_000_000), "utf-8")
    assert "rows.json:1: not valid JSON: a value of more than 2 million characters" in import_("rows.json").error


def test_an_object_with_two_lists_of_rows_is_refused(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.json").write_text(json.dumps({"train": ROWS, "test": ROWS}, indent=1), "utf-8")
    done = import_("rows.json")
    assert "holds two lists of rows: train, test" in done.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.json"]


def test_an_object_without_rows_is_refused(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.json").write_text('{\n"version": 1}', "utf-8")
    assert "holds no list of rows" in import_("rows.json").error


def test_json_lines_called_json(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.json").write_text("\n".join(json.dumps(row) for row in ROWS), "utf-8")
    assert import_("rows.json").rows == ROWS


def test_a_nested_column(tmp_path: Path, import_: Import) -> None:
    (tmp_path / "rows.jsonl").write_text('{"data": {"text": "a"}, "label": "yes"}\n', "utf-8")
    done = import_("rows.jsonl", "--field", "text=data.text", "--drop-others")
    assert done.rows == [{"text": "a", "label": "yes"}]


def test_a_giant_line_is_one_reject_and_fills_no_memory(
    tmp_path: Path, import_: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasktune.data.importing.text, "MAX_LINE", 2_000_000)
    giant = '{"text": "' + "x" * 5_000_000 + '", "label": "yes"}\n'
    (tmp_path / "rows.jsonl").write_text(
        '{"text": "a", "label": "yes"}\n' + giant + '{"text": "b", "label": "no"}', "utf-8"
    )
    done = import_("rows.jsonl")
    assert [row["text"] for row in done.rows] == ["a", "b"]
    [reject] = done.rejects
    assert (reject["line"], len(reject["row"]) < 1100) == (2, True)
    assert "a line of more than 2 million characters" in reject["reasons"][0]


@pytest.mark.parametrize(("task_type", "field"), [("toy", "label"), ("spots", "entities")])
def test_a_text_must_be_text(tmp_path: Path, import_: Import, task_type: str, field: str) -> None:
    rows = [{"text": "a", field: []}, {"text": 5, field: []}, {"text": {"b": 1}, field: [[0, 1, "X"]]}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    done = import_("rows.jsonl", "--unlabelled", type=task_type)
    assert [row["text"] for row in done.rows] == ["a", "5"]
    assert "text: must be text, not {'b': 1}" in done.rejects[0]["reasons"][0]
