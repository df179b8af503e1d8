"""``tune data review``: what enters train, what does not, and what an interruption leaves."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
FILE = "data/raw/generated_yes.jsonl"


@pytest.fixture
def drafts(task: Path) -> Path:
    """Four generated rows: two good ones, one with the input of a test row, one that the task refuses."""
    path = task / FILE
    path.parent.mkdir()
    rows = [
        {"text": "fresh 1", "label": "yes"},
        {"text": "fresh 2", "label": "yes"},
        {"text": "Test row 1!", "label": "yes"},
        {"text": "fresh 4", "label": "maybe"},
    ]
    lines = (json.dumps({**row, "_generated": {"model": "m", "request": 1, "class": "yes"}}) + "\n" for row in rows)
    path.write_text("".join(lines), "utf-8")
    return path


@pytest.fixture
def train(task: Path) -> Callable[[], list[Any]]:
    """The rows of train that were not there at first."""

    def read() -> list[Any]:
        lines = (task / "data" / "train.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines[20:]]

    return read


def decide(task: Path, *decisions: dict[str, Any]) -> Path:
    path = task / "decisions.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in decisions), "utf-8")
    return path


def test_accept_all_takes_what_the_task_takes(task: Path, drafts: Path, train: Any, invoke: Invoke) -> None:
    before = (task / "data" / "train.jsonl").read_bytes()
    done = invoke("data", "review", task, "--accept-all")
    assert done.exit_code == 0, done.output
    assert f"{FILE}:3: a row of the task has the same input already" in done.output
    assert f"{FILE}:4: label: 'maybe' is not a class" in done.output
    assert "2 rows added to data/train.jsonl" in done.output
    assert "2 accepted, 0 rejected, 2 waiting" in done.output
    assert train() == [{"text": "fresh 1", "label": "yes"}, {"text": "fresh 2", "label": "yes"}]
    [backup] = (task / "data" / "backup").iterdir()
    assert (backup / "train.jsonl").read_bytes() == before
    assert invoke("check", task).exit_code == 0


def test_again_nothing_is_added_twice(task: Path, drafts: Path, train: Any, invoke: Invoke) -> None:
    for _time in range(2):
        assert invoke("data", "review", task, "--accept-all").exit_code == 0
    assert len(train()) == 2
    assert len(list((task / "data" / "backup").iterdir())) == 1


def test_json_alone_only_lists(task: Path, drafts: Path, train: Any, invoke: Invoke) -> None:
    listed = json.loads(invoke("data", "review", task, "--json").stdout)
    assert [row["id"] for row in listed["waiting"]] == [f"{FILE}:{n}" for n in range(1, 5)]
    assert listed["waiting"][0]["fields"] == {"text": "fresh 1", "label": "yes"}
    assert listed["waiting"][0]["origin"]["model"] == "m"
    assert (listed["accepted"], listed["rejected"], listed["added"]) == (0, 0, None)
    assert train() == []
    assert [path.name for path in drafts.parent.iterdir()] == [drafts.name]


def test_a_file_of_decisions(task: Path, drafts: Path, train: Any, invoke: Invoke) -> None:
    file = decide(
        task,
        {"id": f"{FILE}:1", "decision": "reject"},
        {"id": f"{FILE}:4", "decision": "edit", "row": {"text": "fresh 4", "label": "no"}},
        {"id": f"{FILE}:2", "decision": "accept"},
    )
    done = json.loads(invoke("data", "review", task, "--decisions", file, "--json").stdout)
    assert (done["accepted"], done["rejected"], len(done["waiting"])) == (2, 1, 1)
    assert done["added"]["ids"] == [f"{FILE}:4", f"{FILE}:2"]
    assert train() == [{"text": "fresh 4", "label": "no"}, {"text": "fresh 2", "label": "yes"}]
    kept = [json.loads(line) for line in drafts.with_suffix(".review.jsonl").read_text("utf-8").splitlines()]
    assert [line.get("decision", "added") for line in kept] == ["reject", "accept", "accept", "added", "added"]
    assert [line["edited"] for line in kept[1:3]] == [True, False]


def test_of_faulty_decisions_none_is_carried_out(task: Path, drafts: Path, train: Any, invoke: Invoke) -> None:
    file = decide(
        task,
        {"id": f"{FILE}:1", "decision": "accept"},
        {"id": f"{FILE}:1", "decision": "reject"},
        {"id": "nowhere:1", "decision": "accept"},
        {"id": f"{FILE}:2", "decision": "maybe"},
        {"id": f"{FILE}:3", "decision": "accept"},
        {"id": f"{FILE}:4", "decision": "accept"},
        {"id": f"{FILE}:2", "decision": "edit"},
        {"id": f"{FILE}:2", "decision": "edit", "row": {"text": "fresh 1", "label": "no"}},
    )
    done = invoke("data", "review", task, "--decisions", file)
    assert done.exit_code == 2
    told = [line.strip() for line in done.output.splitlines() if line.startswith("  ")]
    assert [line.split("decisions.jsonl:")[1].split(" (")[0] for line in told] == [
        "2: id: no row of this id waits for a decision",
        "3: id: no row of this id waits for a decision",
        "4: decision: no decision",
        "5: row: a row of the task has the same input already",
        "6: label: 'maybe' is not a class",
        "7: row: edit takes the new row, and nothing else does",
        f"8: {FILE}:2: has the same input as {FILE}:1",
    ]
    assert train() == []
    assert not drafts.with_suffix(".review.jsonl").exists()


def test_a_kill_between_train_and_the_note_of_it(task: Path, drafts: Path, train: Any, invoke: Invoke) -> None:
    assert invoke("data", "review", task, "--accept-all").exit_code == 0
    notes = drafts.with_suffix(".review.jsonl")
    lines = notes.read_text("utf-8").splitlines(keepends=True)
    notes.write_text("".join(line for line in lines if '"added"' not in line), "utf-8")
    done = invoke("data", "review", task, "--accept-all")
    assert done.exit_code == 0, done.output
    assert len(train()) == 2
    assert notes.read_text("utf-8").count('"added"') == 2


def test_a_kill_before_train_was_written(task: Path, drafts: Path, train: Any, invoke: Invoke) -> None:
    before = (task / "data" / "train.jsonl").read_bytes()
    assert invoke("data", "review", task, "--accept-all").exit_code == 0
    notes = drafts.with_suffix(".review.jsonl")
    lines = notes.read_text("utf-8").splitlines(keepends=True)
    notes.write_text("".join(line for line in lines if '"added"' not in line), "utf-8")
    (task / "data" / "train.jsonl").write_bytes(before)
    assert invoke("data", "review", task, "--accept-all").exit_code == 0
    assert [row["text"] for row in train()] == ["fresh 1", "fresh 2"]


def test_a_row_that_was_accepted_and_fits_no_more(task: Path, drafts: Path, train: Any, invoke: Invoke) -> None:
    line = {"id": f"{FILE}:4", "decision": "accept", "row": {"text": "fresh 4", "label": "maybe"}, "edited": True}
    drafts.with_suffix(".review.jsonl").write_text(json.dumps(line) + "\n")
    done = invoke("data", "review", task, "--accept-all")
    assert done.exit_code == 2
    assert f"{FILE}:4: label: 'maybe' is not a class" in done.output
    assert train() == []


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_bytes_of_train_stay_as_they_are(task: Path, drafts: Path, invoke: Invoke, end: bytes) -> None:
    definition = json.loads((task / "task.yaml").read_text("utf-8"))
    definition["data"] = {"encoding": "cp950"}
    (task / "task.yaml").write_text(json.dumps(definition), "utf-8")
    old = '{"text": "舊的一筆", "label": "yes"}'.encode("cp950") + end
    (task / "data" / "train.jsonl").write_bytes(old)
    file = decide(task, {"id": f"{FILE}:1", "decision": "edit", "row": {"text": "新的一筆", "label": "no"}})
    assert invoke("data", "review", task, "--decisions", file).exit_code == 0
    new = (task / "data" / "train.jsonl").read_bytes()
    assert new.startswith(old)
    assert json.loads(new[len(old) :]) == {"text": "新的一筆", "label": "no"}
    assert new.decode("cp950").count("\n") == 2


def test_rows_are_added_to_the_last_jsonl_file(task: Path, drafts: Path, invoke: Invoke) -> None:
    definition = json.loads((task / "task.yaml").read_text("utf-8"))
    definition["data"] = {"train": ["data/train.jsonl", "data/more.jsonl", "data/old.csv"]}
    (task / "task.yaml").write_text(json.dumps(definition), "utf-8")
    (task / "data" / "more.jsonl").write_text('{"text": "more", "label": "no"}\n')
    (task / "data" / "old.csv").write_text("text,label\nold,no\n")
    assert "2 rows added to data/more.jsonl" in invoke("data", "review", task, "--accept-all").output
    definition["data"] = {"train": "data/old.csv"}
    (task / "task.yaml").write_text(json.dumps(definition), "utf-8")
    done = invoke("data", "review", task, "--accept-all")
    assert done.exit_code == 2
    assert "tune data import FILE" in done.output


def test_what_stops_a_review(task: Path, invoke: Invoke) -> None:
    done = invoke("data", "review", task, "--accept-all")
    assert done.exit_code == 2
    assert "make some with tune data generate" in done.output
    done = invoke("data", "review", task, "--input", "nowhere.jsonl", "--accept-all")
    assert (done.exit_code, "not there" in done.output) == (2, True)
    (task / "data" / "raw").mkdir()
    (task / FILE).write_text('{"text": "a", "label": "yes"}\n{"text": \n')
    done = invoke("data", "review", task, "--accept-all")
    assert done.exit_code == 2
    assert f"{FILE}:2: not valid JSON" in done.output
    (task / FILE).write_text('{"text": "a", "label": "yes"}\n')
    done = invoke("data", "review", task)
    assert done.exit_code == 2
    assert "nobody is here to look at the rows" in done.output
    done = invoke("data", "review", task, "--accept-all", "--decisions", "x")
    assert (done.exit_code, "exclude each other" in done.output) == (2, True)
    (task / "data" / "test.jsonl").unlink()
    done = invoke("data", "review", task, "--accept-all")
    assert done.exit_code == 2
    assert "tune data split" in done.output


class Terminal:
    """A command in a pseudo-terminal: wait for words, type words."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.master = master
        self.process = process
        self.seen = ""

    def expect(self, words: str, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while words not in self.seen:
            assert time.monotonic() < until, self.seen
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
        self.seen = self.seen.partition(words)[2]

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())


@contextmanager
def terminal(*arguments: object, **environment: str) -> Iterator[Terminal]:
    """``tune`` with a terminal."""
    master, slave = pty.openpty()
    path = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        [sys.executable, "-m", "tasktune", *map(str, arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "PYTHONPATH": path, "TERM": "xterm", "COLUMNS": "90", **environment},
        start_new_session=True,
        # Without a controlling terminal ^C is only a character.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.fixture
def editor(tmp_path: Path) -> str:
    """An editor that corrects the label."""
    script = tmp_path / "editor.py"
    script.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "path.write_text(path.read_text('utf-8').replace('maybe', 'no'), 'utf-8')\n"
    )
    return f"{sys.executable} {script}"


def test_one_row_at_a_time(task: Path, drafts: Path, train: Any, editor: str) -> None:
    with terminal("data", "review", task, "--lang", "en", EDITOR=editor, VISUAL=editor) as at:
        at.expect(f"row 1 of 4: {FILE}:1 (m, yes)")
        at.expect("fresh 1")
        at.expect("[a]ccept  [e]dit  [r]eject  [s]kip  [q]uit and add: ")
        at.type("a\n")
        at.expect("row 2 of 4")
        at.type("r\n")
        at.expect("row 3 of 4")
        at.expect("a row of the task has the same input already")
        at.expect("[e]dit  [r]eject  [s]kip  [q]uit and add: ")
        at.type("a\n")
        at.expect("Error")
        at.type("s\n")
        at.expect("row 4 of 4")
        at.expect("'maybe' is not a class")
        at.type("e\n")
        at.expect("no")
        at.expect("[a]ccept")
        at.type("a\n")
        at.expect("2 rows added to data/train.jsonl")
        at.expect("2 accepted, 1 rejected, 1 waiting")
    assert at.process.returncode == 0
    assert train() == [{"text": "fresh 1", "label": "yes"}, {"text": "fresh 4", "label": "no"}]


def test_a_review_that_was_left_goes_on(task: Path, drafts: Path, train: Any) -> None:
    with terminal("data", "review", task, "--lang", "zh-TW") as at:
        at.expect("第 1 筆，共 4 筆")
        at.type("a\n")
        at.expect("第 2 筆，共 4 筆")
        at.type("\x03")
        at.expect("同一個指令")
    assert at.process.returncode == 130
    assert train() == []
    with terminal("data", "review", task, "--lang", "en") as at:
        at.expect(f"row 1 of 3: {FILE}:2")
        at.type("q\n")
        at.expect("1 rows added to data/train.jsonl")
    assert at.process.returncode == 0
    assert [row["text"] for row in train()] == ["fresh 1"]


def test_on_a_terminal_sending_is_asked_about(task: Path, server: Any) -> None:
    said = ("data", "generate", task, "--class", "yes", "--count", "5", "--model", "m", "--base-url", server.url)
    with terminal(*said, "--lang", "en") as at:
        at.expect("Send the requests? [y/N]: ")
        at.type("n\n")
        at.expect("nothing was sent")
    assert (at.process.returncode, server.requests) == (1, [])
    with terminal(*said, "--lang", "en") as at:
        at.expect("Send the requests? [y/N]: ")
        at.type("y\n")
        at.expect("5 of 5 rows")
    assert (at.process.returncode, len(server.requests)) == (0, 1)
