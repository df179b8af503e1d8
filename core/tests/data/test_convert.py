"""``tune data convert``: the messages that training uses, in other tools' words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tasktune.data.convert import FORMATS, NoPlace, as_alpaca, as_chat, as_sharegpt, convert
from tasktune.data.rows import read_chat_rows, write_rows
from tasktune.data.scan import scan
from tasktune.definition import Task
from tasktune.errors import InputError

MakeTask = Callable[..., Task]
ROWS = [{"text": f"第 {n} 筆", "label": ("yes", "no")[n % 2]} for n in range(40)]


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


CHAT = [message("system", "s"), message("user", "u\n2"), message("assistant", "好")]
LONGER = [message("user", "q1"), message("assistant", "a1"), message("user", "q2"), message("assistant", "a2")]


def test_each_format_says_the_same() -> None:
    assert as_chat(CHAT) == {"messages": CHAT}
    assert as_sharegpt(CHAT) == {
        "conversations": [
            {"from": "system", "value": "s"},
            {"from": "human", "value": "u\n2"},
            {"from": "gpt", "value": "好"},
        ]
    }
    assert as_alpaca(CHAT) == {"instruction": "u\n2", "input": "", "output": "好", "system": "s"}
    assert as_alpaca(LONGER) == {"instruction": "q2", "input": "", "output": "a2", "history": [["q1", "a1"]]}


@pytest.mark.parametrize(
    "chat", [[CHAT[0], *CHAT], CHAT[1:2], CHAT[:1], [CHAT[1], *CHAT[1:]], [*LONGER, message("system", "late")]]
)
def test_alpaca_refuses_what_it_has_no_place_for(chat: list[dict[str, str]]) -> None:
    with pytest.raises(NoPlace, match="Alpaca has one system message and turns of user and assistant"):
        as_alpaca(chat)


def back(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """The messages that any of the formats holds."""
    if "messages" in row:
        return list(row["messages"])
    if "conversations" in row:
        roles = {"system": "system", "human": "user", "gpt": "assistant"}
        return [message(roles[turn["from"]], turn["value"]) for turn in row["conversations"]]
    turns = [*row.get("history", ()), [row["instruction"], row["output"]]]
    system = [message("system", row["system"])] if "system" in row else []
    return system + [
        message(role, text) for pair in turns for role, text in zip(("user", "assistant"), pair, strict=True)
    ]


@pytest.mark.parametrize("to", FORMATS)
def test_the_files_hold_what_a_run_trains_on(make_task: MakeTask, to: str) -> None:
    task = make_task(train=ROWS)
    done = convert(task, to)
    write_rows(task, scan(task), task.folder / "prepared")
    for split in ("train", "valid", "test"):
        lines = (task.folder / done.files[split]).read_text("utf-8").splitlines()
        expected = [row["messages"] for row in read_chat_rows(task.folder / "prepared" / f"{split}.jsonl")]
        assert [back(json.loads(line)) for line in lines] == expected
        assert len(lines) == done.rows[split] > 0
    assert done.files["train"] == f"data/{FORMATS[to][0]}/train.jsonl"


def test_files_are_replaced_with_force_only_and_kept(make_task: MakeTask) -> None:
    task = make_task(train=ROWS)
    first = convert(task, "chat")
    assert first.backup is None
    with pytest.raises(InputError) as caught:
        convert(task, "chat")
    assert [problem.file for problem in caught.value.problems] == [
        f"data/chat_format/{split}.jsonl" for split in ("train", "valid", "test")
    ]
    second = convert(task, "chat", force=True)
    assert second.backup is not None
    assert len(list((task.folder / second.backup).iterdir())) == 3


def test_the_tasks_own_files_are_no_place_for_chats(make_task: MakeTask) -> None:
    task = make_task(train=ROWS)
    before = (task.folder / "data" / "train.jsonl").read_bytes()
    with pytest.raises(InputError) as caught:
        convert(task, "chat", task.folder / "data", force=True)
    assert len(caught.value.problems) == 3
    assert (task.folder / "data" / "train.jsonl").read_bytes() == before


def test_a_split_without_rows_has_no_file(make_task: MakeTask) -> None:
    done = convert(make_task(train=ROWS, data={"split": {"valid": 0.0}}), "alpaca")
    assert set(done.files) == {"train", "test"}


def test_bad_rows_stop_it_before_anything_is_written(make_task: MakeTask) -> None:
    task = make_task(train=[*ROWS, {"text": "x", "label": "?"}])
    with pytest.raises(InputError):
        convert(task, "chat")
    assert not (task.folder / "data" / "chat_format").exists()
    assert not (task.folder / "versions").exists()


def test_every_row_without_a_place_is_named_and_nothing_is_written(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_task(train=ROWS)
    monkeypatch.setattr("tasktune.data.convert.chat", lambda prompt: CHAT[:1] * 2)
    with pytest.raises(InputError) as caught:
        convert(task, "alpaca")
    assert len(caught.value.problems) == len(ROWS)
    assert str(caught.value.problems[0]) == (
        "data/train.jsonl:1: Alpaca has one system message and turns of user and assistant, not system, system "
        "(convert to chat or sharegpt)"
    )
    assert not list((task.folder / "data" / "alpaca").iterdir())
