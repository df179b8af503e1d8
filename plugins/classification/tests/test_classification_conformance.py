"""The laws of every task type, under the options that change prompts and answers most."""

from __future__ import annotations

import tasktune_classification.plugin
from tasktune.protocols import CompleteTaskTypePlugin
from tasktune.testing import TaskTypeSuite

CHECKED_BY_MYPY: CompleteTaskTypePlugin = tasktune_classification.plugin
LABELS = ["正面", "負面", "中立"]


class TestJsonAnswers(TaskTypeSuite):
    name = "classification"
    has_empty_target = False


class TestTextAnswers(TaskTypeSuite):
    name = "classification"
    options = {"kind": "stance", "labels": LABELS, "output_format": {"type": "text"}}  # noqa: RUF012
    has_empty_target = False


class TestLabelsFromTheSchema(TaskTypeSuite):
    name = "classification"
    options = {  # noqa: RUF012
        "kind": "entity_sentiment",
        "domain": "金融",
        "input_template": "分析以下文本對「{entity}」的情感傾向。\n文本：{text}",
        "output_format": {"type": "json", "schema": {"entity_sentiment": {"type": "string", "enum": LABELS}}},
    }
    has_empty_target = False


class TestEnglishWithDescriptions(TaskTypeSuite):
    name = "classification"
    options = {  # noqa: RUF012
        "language": "en",
        "kind": "intent",
        "labels": [*LABELS, "other"],
        "label_descriptions": {"other": "none of these"},
    }
    has_empty_target = False


class TestOwnSystemPrompt(TaskTypeSuite):
    name = "classification"
    options = {  # noqa: RUF012
        "labels": LABELS,
        "system_prompt": '標籤：{labels}。回答 {"label": "…"}。',
        "input_template": "{text}",
    }
    has_empty_target = False
