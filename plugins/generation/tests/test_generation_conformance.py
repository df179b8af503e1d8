"""The laws of every task type, for free text and for JSON."""

from __future__ import annotations

import pytest

import tasktune_generation.plugin
from tasktune.protocols import TaskTypePlugin
from tasktune.testing import TaskTypeSuite
from tasktune.types import Record

CHECKED_BY_MYPY: TaskTypePlugin = tasktune_generation.plugin
SENDER = {"type": "string", "minLength": 1}
URGENCY = {"type": "string", "enum": ["普通", "速件", "最速件"]}


def letter(number: int, text: str, **target: object) -> Record:
    return Record(id=f"letter:{number}", inputs={"text": text}, target=target)


class TestRewrite(TaskTypeSuite):
    name = "generation"
    records = (Record(id="two lines", inputs={"text": "好\n謝謝"}, target="敬悉。\n\n此致"),)


class TestEnglishSummary(TaskTypeSuite):
    name = "generation"
    options = {  # noqa: RUF012
        "language": "en",
        "kind": "summary",
        "domain": "news",
        "output_format": {"type": "text"},
        "input_template": "Article:\n{text}",
    }


class TestJson(TaskTypeSuite):
    name = "generation"
    options = {"output_format": {"type": "json", "schema": {"sender": SENDER, "urgency": URGENCY}}}  # noqa: RUF012

    @pytest.fixture(scope="class")
    @classmethod
    def labelled(cls) -> list[Record]:
        return [
            letter(1, "教育部來函，普通件。", sender="教育部", urgency="普通"),
            letter(2, "交通部最速件！", urgency="最速件", sender="交通部"),
        ]


class TestAnyObject(TaskTypeSuite):
    name = "generation"
    options = {"output_format": {"type": "json"}, "system_prompt": "用 JSON 回答。"}  # noqa: RUF012
    has_empty_target = True

    @pytest.fixture(scope="class")
    @classmethod
    def labelled(cls) -> list[Record]:
        return [letter(1, "沒有資料"), letter(2, "台積電 2330", code=2330, tags=["半導體", None], price=1.5)]


class TestWholeSchema(TaskTypeSuite):
    name = "generation"
    options = {  # noqa: RUF012
        "output_format": {
            "type": "json",
            "schema": {
                "type": "object",
                "properties": {"people": {"type": "array", "items": {"$ref": "#/$defs/person"}}},
                "$defs": {
                    "person": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
                },
            },
        }
    }
    has_empty_target = True

    @pytest.fixture(scope="class")
    @classmethod
    def labelled(cls) -> list[Record]:
        return [letter(1, "沒有人"), letter(2, "王小明和李大華", people=[{"name": "王小明"}, {"name": "李大華"}])]
