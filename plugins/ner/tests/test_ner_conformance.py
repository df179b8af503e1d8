"""The laws of every task type."""

from __future__ import annotations

from tasktune.testing import TaskTypeSuite
from tasktune.types import Record


class TestDefaults(TaskTypeSuite):
    name = "ner"
    has_empty_target = True


class TestEnglishWithDescriptions(TaskTypeSuite):
    name = "ner"
    options = {  # noqa: RUF012
        "language": "en",
        "domain": "finance",
        "input_template": "Headline: {title}\nBody: {text}",
        "labels": ["ORG", "B-PER", "地點、場所"],
        "label_descriptions": {"ORG": "companies and agencies"},
    }
    with_examples = False
    records = (
        Record(
            id="more:1",
            inputs={"title": "Chips", "text": "TSMC's TSMC fab"},
            target=[{"text": "TSMC", "label": "B-PER", "start": 7, "end": 11}],
        ),
        Record(id="more:2", inputs={"title": "Weather", "text": "It rained."}, target=[]),
    )
