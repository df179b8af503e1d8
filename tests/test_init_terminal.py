"""``tune init`` on a real terminal: a pseudo-terminal types the answers, in both languages."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

LIMIT_S = 60
PRESSES = 20
PROMPTS = ("> ", "]: ")
MOST_QUESTIONS = 60


class Terminal:
    """A ``tune`` at work on a terminal of its own; what it prints is kept in ``seen``."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.seen = ""
        self._read = 0
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            environment = {**os.environ, "XDG_CONFIG_HOME": str(folder / "config"), "COLUMNS": "100"}
            os.execve(sys.executable, [sys.executable, "-m", "tasktune", *words], environment)

    def interrupt(self) -> None:
        """Press Ctrl-C, as often as it takes, and read to the end.

        Python loses one that comes between its last look for signals and its reading of the terminal: it is acted on
        when a key is pressed.
        """
        for _press in range(PRESSES):
            self.type("\x03")
            with contextlib.suppress(TimeoutError):
                assert self.prompt(LIMIT_S / PRESSES) is None
                return
        raise AssertionError(f"still there after {PRESSES} times Ctrl-C:\n{self.seen}")

    def prompt(self, seconds: float = LIMIT_S) -> str | None:
        """What is shown up to the next question, or None when the program has ended.

        :raises TimeoutError: neither within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not self.seen[self._read :].endswith(PROMPTS):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no prompt within {seconds} s after:\n{self.seen}")
            if not select.select([self._terminal], [], [], 0.1)[0]:
                continue
            try:
                block = os.read(self._terminal, 65536)
            except OSError:
                # How Linux says that nobody is left at the other end.
                return None
            self.seen += block.decode("utf-8", "replace").replace("\r\n", "\n")
        shown, self._read = self.seen[self._read :], len(self.seen)
        return shown

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def end(self) -> int:
        """The exit code."""
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._terminal)
        self.pid = 0
        return code

    def kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.end()


Open = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def start(*words: str) -> Terminal:
        opened.append(Terminal(tmp_path, *words))
        return opened[-1]

    yield start
    for each in opened:
        each.kill()


def converse(terminal: Terminal, answers: Mapping[str, str]) -> int:
    """Answer each question by the first of ``answers`` whose key it shows, else with Enter; returns how many came.

    Several answers to one question, apart by ``|``, are given one after another, whenever it is asked again.
    """
    left = {key: value.split("|") for key, value in answers.items()}
    count = 0
    current: list[str] = []
    while (shown := terminal.prompt()) is not None:
        again = not any(words in shown for words in ("Why we ask", "為什麼問"))
        current = next((said for key, said in left.items() if key in shown), current if again else [])
        terminal.type((current.pop(0) if current else "") + "\n")
        count += 1
        assert count < MOST_QUESTIONS, terminal.seen
    unsaid = [key for key, said in left.items() if said]
    assert not unsaid, f"never asked: {unsaid}\n{terminal.seen}"
    return count


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """Rows with Chinese column names in Big5, as a spreadsheet leaves them."""
    labels = ["正面", "負面", "中立"]
    lines = [f"第 {number} 則評論：餐點與服務的感想,{labels[number % 3]}" for number in range(60)]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(["評論,情感", *lines]) + "\n", "cp950")
    return path


def test_a_task_in_chinese_from_a_table(terminal: Open, reviews: Path, tmp_path: Path) -> None:
    session = terminal("--lang", "zh-TW", "init", "--data", reviews.name)
    answers = {
        "這個模型要解決什麼業務問題？": "|追蹤客人對餐點的評價",
        "要分類的是什麼？": "2",
        "文字屬於哪個領域？": "電商評論",
        "任務要叫什麼名字？": "餐點 評價|meal-reviews",
        "多少分才算成功？": "85|0.85",
    }
    converse(session, answers)
    assert session.end() == 0, session.seen
    assert "為什麼問：" in session.seen
    assert "這一題必須回答。" in session.seen
    assert "0.80 代表 80%" in session.seen
    assert "有哪些標籤？" not in session.seen
    assert "有多少筆標註資料？" not in session.seen
    assert "目標摘要：" in session.seen
    assert "檢查通過，可以執行了" in session.seen
    task = yaml.safe_load((tmp_path / "tasks" / "meal-reviews" / "task.yaml").read_text("utf-8"))
    assert task["description"] == "追蹤客人對餐點的評價"
    assert set(task["options"]["labels"]) == {"正面", "負面", "中立"}
    assert (task["options"]["kind"], task["language"], task["domain"]) == ("sentiment", "zh-TW", "電商評論")
    assert task["success_criteria"]["threshold"] == 0.85
    assert "快速開始" in (tmp_path / "tasks" / "meal-reviews" / "README.md").read_text("utf-8")


def test_a_task_in_english_without_rows_on_a_server(terminal: Open, tmp_path: Path) -> None:
    session = terminal("--lang", "en", "init", "tasks/mail")
    answers = {
        "Is there a file with labelled rows?": "",
        "What kind of task is it?": "nonsense|classification",
        "What problem shall the model solve?": "sort our mail",
        "What is classified?": "intent",
        "Which labels are there?": "order, complaint; question",
        "How many labelled rows are there?": "lots|700",
        "Where can it be trained?": "remote",
        "What is the server's address?": "-oProxyCommand=x|me@gpu",
    }
    converse(session, answers)
    assert session.end() == 0, session.seen
    for words in ("Why we ask: ", "must be a number, not lots", "cannot be given to ssh", "Your goal:", "Next:"):
        assert words in session.seen, words
    task = yaml.safe_load((tmp_path / "tasks" / "mail" / "task.yaml").read_text("utf-8"))
    assert task["options"] == {"kind": "intent", "labels": ["order", "complaint", "question"]}
    assert task["training"]["lora"]["r"] == 32
    assert task["execution"]["host"] == "me@gpu"
    again = terminal("--lang", "en", "init", "tasks/more", "--task-type", "ner")
    converse(
        again, {"What problem shall": "find names", "Which types of entities": "PER,ORG", "How many labelled": "5"}
    )
    assert again.end() == 0, again.seen
    assert "What is the server's address?" not in again.seen
    task = yaml.safe_load((tmp_path / "tasks" / "more" / "task.yaml").read_text("utf-8"))
    assert task["execution"]["host"] == "me@gpu"


def test_a_wrong_guess_of_a_column_is_corrected(terminal: Open, tmp_path: Path) -> None:
    rows = [f"wrong text {n},right text {n},{('yes', 'no')[n % 2]}" for n in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["comment,remark,class", *rows]) + "\n", "utf-8")
    session = terminal("--lang", "en", "init", "mine", "--data", "rows.csv")
    answers = {
        "Are these the right columns?": "n",
        "Which column is text?": "remark",
        "Which column is label?": "class",
        "What problem shall": "g",
    }
    converse(session, answers)
    assert session.end() == 0, session.seen
    first = (tmp_path / "mine" / "data" / "train.jsonl").read_text("utf-8").splitlines()[0]
    assert '"text": "right text' in first


def test_labels_that_the_task_type_refuses_are_asked_again_and_nothing_else(terminal: Open, tmp_path: Path) -> None:
    session = terminal("--lang", "en", "init", "mine", "--task-type", "classification")
    count = converse(
        session,
        {
            "Is there a file": "",
            "What problem shall": "g",
            "Which labels are there?": "only-one|a, b",
            "How many l": "9",
        },
    )
    assert session.end() == 0, session.seen
    assert "there must be at least two labels" in session.seen
    assert session.seen.count("What problem shall") == 1
    assert session.seen.count("Which labels are there?") == 2
    assert count < 40
    task = yaml.safe_load((tmp_path / "mine" / "task.yaml").read_text("utf-8"))
    assert task["options"]["labels"] == ["a", "b"]


def test_a_no_at_the_end_writes_nothing(terminal: Open, reviews: Path, tmp_path: Path) -> None:
    session = terminal("--lang", "en", "init", "--data", reviews.name)
    converse(session, {"What problem shall": "g", "Write this project?": "n"})
    assert session.end() == 130
    assert "nothing was written" in session.seen
    assert [path.name for path in tmp_path.iterdir()] == ["reviews.csv"]


def test_files_that_are_there_are_asked_about(terminal: Open, reviews: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "task.yaml").write_text("mine", "utf-8")
    for answer, code in (("n", 2), ("y", 0)):
        session = terminal("--lang", "en", "init", "mine", "--data", reviews.name)
        converse(session, {"What problem shall": "g", "Replace them?": answer})
        assert session.end() == code, session.seen
        replaced = (tmp_path / "mine" / "task.yaml").read_text("utf-8") != "mine"
        assert replaced is (answer == "y")
    [kept] = (tmp_path / "mine" / "backup").glob("*/task.yaml")
    assert kept.read_text("utf-8") == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_ctrl_c_in_any_question_leaves_nothing(terminal: Open, reviews: Path, tmp_path: Path, language: str) -> None:
    """Interrupted at the first question, at the second, and so on to the last."""
    needed = {"What problem shall": "g", "這個模型要解決": "g", "Where can it be": "remote", "在哪裡訓練": "remote"}
    needed |= {"server's address": "me@gpu", "伺服器的位址": "me@gpu"}
    for questions in range(100):
        session = terminal("--lang", language, "init", "--data", reviews.name)
        for _number in range(questions):
            shown = session.prompt()
            assert shown is not None
            session.type(next((answer for key, answer in needed.items() if key in shown), "") + "\n")
        last = session.prompt()
        assert last is not None
        session.interrupt()
        assert session.end() == 130, session.seen
        assert "Traceback" not in session.seen
        assert [path.name for path in tmp_path.iterdir()] == ["reviews.csv"], session.seen
        if "Write this project?" in last or "要寫出這個專案嗎？" in last:
            break
    assert questions > 15
