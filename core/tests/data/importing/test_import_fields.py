"""Which column is what: given, known, guessed, asked, or refused."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Import = Callable[..., Any]


def write(tmp_path: Path, header: str, *rows: str) -> None:
    (tmp_path / "rows.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")


def chosen(done: Any) -> dict[str, tuple[str, str]]:
    return {name: (each["column"], each["how"]) for name, each in done.report["fields"].items()}


ROWS = [f"{n},這家店的東西真的很好吃{n},{'yes' if n % 2 else 'no'},{n % 3}.5" for n in range(30)]


@pytest.mark.parametrize(
    ("header", "text", "label"),
    [
        ("id,text,label,n", ("text", "same name"), ("label", "same name")),
        ("id,Text,Label,n", ("Text", "by name"), ("Label", "by name")),
        ("id,評論,情感,n", ("評論", "by name"), ("情感", "by name")),
        ("id,reviewbody,sentiment_class,n", ("reviewbody", "by name"), ("sentiment_class", "by name")),
        ("id,x1,x2,n", ("x1", "by contents"), ("x2", "by contents")),
        # Stars are named like labels, and the column that could be one by its contents is not numeric.
        ("id,text,x2,star", ("text", "same name"), ("star", "by name")),
    ],
)
def test_columns_are_guessed_by_names_and_then_by_contents(
    tmp_path: Path, import_: Import, header: str, text: tuple[str, str], label: tuple[str, str]
) -> None:
    write(tmp_path, header, *ROWS)
    done = import_("rows.csv")
    assert chosen(done) == {"text": text, "label": label}
    assert set(done.report["kept"]) == set(header.split(",")) - {text[0], label[0]}
    assert set(done.rows[0]) == {"text", "label", *done.report["kept"]}


def test_columns_about_a_text_or_a_label_are_not_taken_for_it(tmp_path: Path, import_: Import) -> None:
    rows = [f"t{n},作者,這家店的東西真的很好吃{n},2026-11-{n:02},yes,{{}}" for n in range(1, 9)]
    write(tmp_path, "text_id,text_author,reviewbody,label_date,my_label,metadata", *rows)
    assert chosen(import_("rows.csv")) == {"text": ("reviewbody", "by name"), "label": ("my_label", "by name")}


def test_a_count_is_never_taken_for_a_label(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "text,words", *(f"文字{n},{n % 4}" for n in range(30)))
    done = import_("rows.csv")
    assert done.exit_code == 2
    assert (
        "label: no column for it can be told (name it with --field label=text; the columns are text, words)"
        in done.error
    )


def test_two_likely_columns_are_refused(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "x1,x2,label", *(f"這是第一欄的文字{n},這是第二欄的文字{n},yes" for n in range(5)))
    assert "text: no column for it can be told" in import_("rows.csv").error


def test_given_fields_win_and_the_column_whose_name_is_taken_is_left_out(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "id,text,label,n", *ROWS)
    done = import_("rows.csv", "--field", "label=n", "--field", "who=id")
    assert chosen(done)["label"] == ("n", "given")
    assert done.report["left_out"] == ["label"]
    assert done.rows[0] == {"text": "這家店的東西真的很好吃0", "label": "0.5", "who": "0"}


def test_all_problems_with_given_fields_are_named(tmp_path: Path, import_: Import) -> None:
    write(tmp_path, "id,body,verdict,n", *ROWS)
    done = import_("rows.csv", "--field", "text=bodi", "--field", "label=x")
    assert "text: there is no column 'bodi' (did you mean body? the columns are id, body, verdict, n)" in done.error
    assert "label: there is no column 'x'" in done.error
    assert "--field text: not NAME=COLUMN" in import_("rows.csv", "--field", "text").error


def make_task(folder: Path, **keys: Any) -> None:
    folder.mkdir()
    task = {"task_name": "t", "task_type": "toy", "language": "en", "options": {"classes": ["yes", "no"]}, **keys}
    (folder / "task.yaml").write_text(json.dumps(task), "utf-8")


def test_a_task_names_its_columns_and_checks_each_row(tmp_path: Path, import_: Import) -> None:
    make_task(tmp_path / "task", data={"fields": {"label": "n"}})
    write(tmp_path, "text,n,label", "a,yes,x", "b,Yes,x", "c,no,x", "d,maybe,x")
    done = import_("rows.csv", "--task", "task")
    assert chosen(done)["label"] == ("n", "task")
    assert [row["text"] for row in done.rows] == ["a", "c"]
    assert [row["line"] for row in done.rejects] == [3, 5]
    assert done.rejects[1]["reasons"] == ["label: 'maybe' is not a class (yes, no)"]


def test_the_task_in_this_folder_is_meant_and_gets_the_rows(
    tmp_path: Path, tune_here: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_task(tmp_path / "task")
    write(tmp_path, "text,label", "a,yes", "b,x")
    monkeypatch.chdir(tmp_path / "task")
    done = tune_here("data", "import", "../rows.csv")
    assert done.exit_code == 0, done.stderr
    raw = tmp_path / "task" / "data" / "raw"
    assert sorted(path.name for path in raw.iterdir()) == ["rows.jsonl", "rows.rejects.jsonl"]
    assert "2 = 1 + 1 + 0" in done.stdout
    assert "../rows.csv:3: label: 'x' is not a class (yes, no)" in done.stdout
    assert "same name" in done.stderr


def test_it_must_be_said_what_the_rows_are_for(tmp_path: Path, tune_here: Callable[..., Any]) -> None:
    write(tmp_path, "text,label", "a,yes")
    done = tune_here("data", "import", "rows.csv")
    assert done.exit_code == 2
    assert "give --task FOLDER, or --task-type NAME" in done.stderr


class Terminal:
    """``tune`` in a terminal of its own: what it shows, and what is typed."""

    def __init__(self, folder: Path, *words: str, lang: str = "en") -> None:
        self._main, end = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tasktune", "data", "import", *words, "--lang", lang],
            cwd=folder,
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
        )
        os.close(end)
        self.shown = ""

    def until(self, text: str, seconds: float = 60) -> None:
        """Read until the text is shown."""
        deadline = time.monotonic() + seconds
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self._main], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._main, 4096).decode("utf-8", "replace")
                except OSError:
                    assert text in self.shown, self.shown

    def type(self, keys: str) -> None:
        os.write(self._main, keys.encode())

    def interrupt(self) -> None:
        """Ctrl-C, again until it is heard: one that comes just before Python reads the terminal waits for a key."""
        time.sleep(0.3)
        for _attempt in range(20):
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(3)
                return
            except subprocess.TimeoutExpired:
                continue
        self.process.kill()

    def code(self) -> int:
        """The exit code, once everything is shown."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([self._main], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._main, 4096).decode("utf-8", "replace")
                except OSError:
                    break
        os.close(self._main)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def test_a_guess_is_asked_about_in_a_terminal(tmp_path: Path) -> None:
    write(tmp_path, "id,x1,x2,n", *ROWS)
    terminal = Terminal(tmp_path, "rows.csv", "--task-type", "toy", "--out", "out.jsonl")
    terminal.until("Are these the right columns? [Y/n]")
    assert "guessed by contents" in terminal.shown
    terminal.type("n\n")
    terminal.until("Which column is text?")
    terminal.type("\n")
    terminal.until("Which column is label?")
    terminal.type("n\n")
    terminal.until("0.5", 60)
    terminal.shown = ""
    terminal.type("y\n")
    assert terminal.code() == 0
    assert "30 = 30 + 0 + 0" in terminal.shown
    first = json.loads((tmp_path / "out.jsonl").read_text("utf-8").splitlines()[0])
    assert first["label"] == "0.5"


@pytest.mark.parametrize(("lang", "question"), [("en", "Are these the right columns?"), ("zh-TW", "這些欄位對嗎？")])
def test_ctrl_c_at_the_question_leaves_nothing(tmp_path: Path, lang: str, question: str) -> None:
    write(tmp_path, "id,x1,x2,n", *ROWS)
    terminal = Terminal(tmp_path, "rows.csv", "--task-type", "toy", "--out", "out/out.jsonl", lang=lang)
    terminal.until(question)
    terminal.interrupt()
    assert terminal.code() == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv"]


def test_spans_of_a_field_by_another_name(tmp_path: Path, import_: Import, install_sentence_type: None) -> None:
    make_task(tmp_path / "task", task_type="seats", options={})
    (tmp_path / "rows.csv").write_text("text,entities\n在台北,\"[[1, 3, 'LOC']]\"\n", "utf-8")
    spot = {"text": "台北", "label": "LOC", "start": 1, "end": 3}
    done = import_("rows.csv", "--task", "task", "--field", "sentence=text")
    assert done.rows == [{"sentence": "在台北", "entities": [spot]}]
