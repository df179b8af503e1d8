"""``tune check --fix``: what it mends, what it leaves alone, and that nothing is lost."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, toy_task_type: str) -> Path:
    """A sound task of the toy type."""
    folder = tmp_path / "task"
    (folder / "data").mkdir(parents=True)
    define(folder)
    write(folder, "train", [{"text": f"第 {n} 篇", "label": ("yes", "no")[n % 2]} for n in range(20)])
    write(folder, "test", [{"text": f"另 {n} 篇", "label": ("yes", "no")[n % 2]} for n in range(4)])
    return folder


def define(folder: Path, **keys: Any) -> None:
    definition = {
        "task_name": "t",
        "task_type": "toy",
        "options": {"classes": ["yes", "no"]},
        "training": {"base_model": "builtin:tiny"},
        **keys,
    }
    (folder / "task.yaml").write_text(json.dumps(definition), "utf-8")


def write(folder: Path, split: str, rows: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "data" / f"{split}.jsonl").write_text(lines, "utf-8", newline="")


def read(folder: Path, split: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "data" / f"{split}.jsonl").read_text("utf-8").splitlines()]


def files(folder: Path) -> dict[str, bytes]:
    """Every file but the lock, which tells of the process that wrote last."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_labels_characters_and_spaces_are_mended(folder: Path, invoke: Invoke) -> None:
    rows = read(folder, "train")
    rows[0]["label"] = "Ｙes "
    rows[1]["text"] = " 零\u200b寬 \n"
    rows[2] = {"text": "歸位\r\n換行\x07", "label": "YES", "note": "別\u200b動"}
    write(folder, "train", rows)
    before = (folder / "data" / "train.jsonl").read_bytes()
    assert invoke("check", folder).exit_code == 2
    result = invoke("check", folder, "--fix", "--lang", "en")
    assert result.exit_code == 0, result.stdout
    assert "3 rows mended (characters 2, labels 2, outer spaces 1) in data/train.jsonl" in result.stdout
    mended = read(folder, "train")
    assert mended[0] == {**rows[0], "label": "yes"}
    assert mended[1] == {**rows[1], "text": "零寬"}
    assert mended[2] == {"text": "歸位\n換行", "label": "yes", "note": "別\u200b動"}
    assert mended[3:] == rows[3:]
    [backup] = (folder / "data" / "backup").glob("*/train.jsonl")
    assert backup.read_bytes() == before


def test_every_change_is_on_record(folder: Path, invoke: Invoke) -> None:
    rows = read(folder, "train")
    rows[4].update(text=" 兩件事 ", label="NO")
    write(folder, "train", rows)
    report = json.loads(invoke("check", folder, "--fix", "--json").stdout)
    assert report["fixes"]["rows"] == 1
    assert report["fixes"]["kinds"] == {"labels": 1, "spaces": 1}
    log = [json.loads(line) for line in (folder / report["fixes"]["log"]).read_text("utf-8").splitlines()]
    assert log == [
        {"id": "data/train.jsonl:5", "field": "text", "kind": "spaces", "before": " 兩件事 ", "after": "兩件事"},
        {"id": "data/train.jsonl:5", "field": "label", "kind": "labels", "before": "NO", "after": "no"},
    ]


def test_untouched_lines_stay_byte_for_byte(folder: Path, invoke: Invoke) -> None:
    path = folder / "data" / "train.jsonl"
    odd = '\ufeff{"label" : "yes",   "text":"\\u7b2c"}\r\n\r\n{"text": " 掉 ", "label": "no"}\r\n'
    path.write_text(odd + path.read_text("utf-8"), "utf-8", newline="")
    first, blank, _mended, *rest = path.read_bytes().split(b"\n")
    assert invoke("check", folder, "--fix").exit_code == 0
    lines = path.read_bytes().split(b"\n")
    assert lines[:2] == [first, blank]
    assert lines[2] == '{"text": "掉", "label": "no"}\r'.encode()
    assert lines[3:] == rest


def test_a_second_time_there_is_nothing_to_mend(folder: Path, invoke: Invoke) -> None:
    rows = read(folder, "train")
    rows[4]["text"] = " 一次 "
    write(folder, "train", rows)
    invoke("check", folder, "--fix")
    before = files(folder)
    result = invoke("check", folder, "--fix", "--lang", "en")
    assert "nothing to mend" in result.stdout
    assert files(folder) == before


def test_nothing_is_written_without_the_option(folder: Path, invoke: Invoke) -> None:
    rows = read(folder, "train")
    rows[4].update(text=" 一次 ", label="NO")
    write(folder, "train", rows)
    before = files(folder)
    result = invoke("check", folder, "--lang", "en")
    assert "1 refused rows are sound but for" in result.stdout
    assert "--fix does it" in result.stdout
    assert files(folder) == before


def test_a_label_that_could_be_two_is_left_alone(folder: Path, invoke: Invoke) -> None:
    define(folder, options={"classes": ["yes", "no", "No"]})
    rows = read(folder, "train")
    rows[0]["label"] = "NO"
    write(folder, "train", [*rows, {"text": "第三種", "label": "No"}])
    before = files(folder)
    assert invoke("check", folder, "--fix").exit_code == 2
    assert files(folder) == before


def test_csv_keeps_its_form(folder: Path, invoke: Invoke) -> None:
    define(folder, data={"train": "data/train.csv", "fields": {"text": "內容"}})
    rows = [["內容", "label", "註"], ["一\n二", "yes", "a,b"], [' 引"號 ', "ＮＯ", "x\ny"], ["三", "no", ""]]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    path = folder / "data" / "train.csv"
    path.write_text(text.getvalue(), "utf-8", newline="")
    assert invoke("check", folder, "--fix").exit_code == 0
    after = path.read_bytes().decode()
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [rows[0], rows[1], ['引"號', "no", "x\ny"], rows[3]]
    assert after.startswith('"內容","label","註"\r\n"一\n二","yes","a,b"\r\n')
    assert after.endswith('"三","no",""\r\n')


def test_files_of_one_name_are_both_kept(folder: Path, invoke: Invoke) -> None:
    define(folder, data={"train": ["data/a/rows.jsonl", "data/b/rows.jsonl"]})
    for name in "ab":
        (folder / "data" / name).mkdir()
        rows = [{"text": f" {name} {n} ", "label": ("yes", "no")[n % 2]} for n in range(4)]
        write(folder, f"{name}/rows", rows)
    before = {(folder / "data" / name / "rows.jsonl").read_bytes() for name in "ab"}
    assert invoke("check", folder, "--fix").exit_code == 0
    assert {path.read_bytes() for path in (folder / "data" / "backup").glob("*/rows*")} == before


@pytest.mark.parametrize("encoding", ["cp950", "utf-16"])
def test_other_encodings_are_refused(folder: Path, invoke: Invoke, encoding: str) -> None:
    define(folder, data={"encoding": encoding, "split": {"valid": 0.0}, "test": "data/train.jsonl", "overlap": "keep"})
    path = folder / "data" / "train.jsonl"
    path.write_text('{"text": " 好 ", "label": "YES"}\n{"text": "壞", "label": "no"}\n', encoding)
    before = files(folder)
    result = invoke("check", folder, "--fix", "--lang", "en")
    assert result.exit_code == 2
    assert f"--fix writes UTF-8, and data.encoding is {encoding}" in result.stderr
    assert files(folder) == before


def test_a_file_with_undecodable_bytes_is_named_and_left(folder: Path, invoke: Invoke) -> None:
    path = folder / "data" / "train.jsonl"
    path.write_bytes(b'{"text": "\xa4\xa4", "label": "yes"}\n{"text": " x ", "label": "no"}\n')
    before = files(folder)
    result = invoke("check", folder, "--fix", "--lang", "en")
    assert result.exit_code == 2
    assert "train.jsonl:1: not valid UTF-8" in result.stderr
    assert files(folder) == before


def test_rows_that_cannot_be_read_stay(folder: Path, invoke: Invoke) -> None:
    path = folder / "data" / "train.jsonl"
    path.write_text('{"text": \n{"text": " 好 ", "label": "yes"}\n' + path.read_text("utf-8"), "utf-8")
    result = invoke("check", folder, "--fix", "--lang", "en")
    assert result.exit_code == 2
    assert "1 rows mended" in result.stdout
    assert "data/train.jsonl:1: not valid JSON" in result.stdout
    assert path.read_text("utf-8").startswith('{"text": \n{"text": "好", "label": "yes"}\n')


def test_a_row_of_nothing_but_invisible_characters_is_left(folder: Path, invoke: Invoke) -> None:
    """Without them it would be empty, which says something else."""
    rows = read(folder, "train")
    rows[4]["text"] = "\u200b\u200b"
    write(folder, "train", rows)
    result = invoke("check", folder, "--fix", "--lang", "en")
    assert "nothing to mend\n1 rows were left as they are" in result.stdout
    assert read(folder, "train") == rows


def test_interrupted_or_failed_writes_leave_all_as_it_was(
    folder: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasktune.data.checking import fix

    rows = read(folder, "train")
    rows[4]["text"] = " 一次 "
    write(folder, "train", rows)
    before = files(folder)
    pieces = fix._rewritten

    def interrupted(*arguments: Any) -> Any:
        for number, piece in enumerate(pieces(*arguments)):
            if number == 7:
                raise KeyboardInterrupt
            yield piece

    monkeypatch.setattr(fix, "_rewritten", interrupted)
    assert invoke("check", folder, "--fix").exit_code == 130
    assert files(folder) == before


def test_a_folder_that_cannot_be_written_is_named(folder: Path, invoke: Invoke) -> None:
    rows = read(folder, "train")
    rows[4]["text"] = " 一次 "
    write(folder, "train", rows)
    (folder / "data" / "backup").touch()
    before = files(folder)
    result = invoke("check", folder, "--fix", "--lang", "en")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
    assert "bug" not in result.stderr
    assert files(folder) == before


def test_files_that_change_in_between_are_left(folder: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasktune.data.checking import fix

    rows = read(folder, "train")
    rows[4]["text"] = " 一次 "
    write(folder, "train", rows)
    planned = fix.plan

    def meddled(*arguments: Any) -> Any:
        found = planned(*arguments)
        rows[5]["text"] = " 又一次 "
        write(folder, "train", rows)
        return found

    monkeypatch.setattr(fix, "plan", meddled)
    result = invoke("check", folder, "--fix", "--lang", "en")
    assert result.exit_code == 2
    assert "changed while they were read" in result.stderr
    assert read(folder, "train") == rows
    assert not (folder / "data" / "backup").exists()
