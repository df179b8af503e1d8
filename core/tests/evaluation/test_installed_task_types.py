"""Every installed task type is scored and reported on its own examples: perfect answers, then unreadable ones."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tasktune.definition import Task, TaskSpec
from tasktune.definition.tree import Node, Place
from tasktune.evaluation.predictions import Prediction, parse_outputs
from tasktune.evaluation.report import RunFacts, as_markdown, report_sections
from tasktune.evaluation.score import Evaluation, score
from tasktune.plugins import find, load_task_type
from tasktune.types import Record

FACTS = RunFacts(version="v1", date=datetime.date(2026, 11, 20), rows={"test": 2})
NAMES = sorted(find("task type"))


def example_task(name: str, language: str) -> Task:
    plugin = load_task_type(name)
    options = plugin.info.options.model_validate({"language": language, **plugin.info.example_options})
    spec = TaskSpec.model_validate({"task_name": "x", "task_type": name, "language": language})
    return Task(spec, plugin, options, Path("task.yaml"), Path(), Node({}, Place("task.yaml")))


def gold_rows(task: Task) -> list[tuple[Record, str]]:
    prompts = [(record, task.plugin.build_prompt(record, task.options)) for record in task.plugin.info.examples]
    return [(record, prompt.completion) for record, prompt in prompts if prompt.completion is not None]


@pytest.mark.parametrize("language", ["zh-TW", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_perfect_answers_meet_the_target(name: str, language: str) -> None:
    task = example_task(name, language)
    rows = gold_rows(task)
    made = score(task, rows, train=task.plugin.info.examples)
    assert made.met
    assert made.headline.value == pytest.approx(1.0)
    assert made.counts.correct == made.counts.scored == len(rows)
    assert not [finding for finding in made.findings if finding.severity == "error"]
    assert Evaluation.model_validate_json(made.model_dump_json()) == made
    text = as_markdown(report_sections(made, task, FACTS, map(Prediction.of, parse_outputs(task, rows))))
    assert "100.0%" in text
    assert all(name in text.replace("\\", "") for name in made.baselines)
    assert ("✅ 達標，進入部署階段" if language == "zh-TW" else "✅ Target met") in text
    assert "<table>" in MarkdownIt("commonmark").enable("table").render(text)


@pytest.mark.parametrize("language", ["zh-TW", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_unreadable_answers_miss_it_with_a_diagnosis(name: str, language: str) -> None:
    task = example_task(name, language)
    rows = [(record, "") for record, _completion in gold_rows(task)]
    made = score(task, rows, train=task.plugin.info.examples)
    assert not made.met
    assert made.counts.unparsed == made.counts.scored
    assert "unparsed-answers" in [finding.code for finding in made.findings if finding.severity == "error"]
    text = as_markdown(report_sections(made, task, FACTS, map(Prediction.of, parse_outputs(task, rows))))
    assert ("❌ 未達標" if language == "zh-TW" else "❌ Target missed") in text
    assert (rows[0][0].id) in text.replace("\\", "")
