from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from tasktune.evaluation.score import score
from tasktune.evaluation.summary import summary_table
from tasktune.types import Record


def printed(table: Any) -> str:
    console = Console(file=io.StringIO(), width=120, no_color=True)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(("language", "words"), [("en", ("score", "Accuracy")), ("zh-TW", ("分數", "準確率"))])
def test_the_table_shows_scores_target_and_baselines(
    make_task: Callable[..., Any], rows: Any, train: list[Record], language: str, words: tuple[str, ...]
) -> None:
    task = make_task()
    text = printed(summary_table(score(task, rows, train=train), task, language))
    for word in (*words, "majority", "60.0%", "75%", "40.0%", "2.50", "❌"):
        assert word in text


def test_names_are_no_markup(make_task: Callable[..., Any], rows: Any) -> None:
    task = make_task({"metrics": {"accuracy": 0.5, "[red]x[/nonsense]": 0.25}})
    assert "[red]x[/nonsense]" in printed(summary_table(score(task, rows), task))


def test_scoring_and_reporting_load_nothing_heavy() -> None:
    code = (
        "import sys, tasktune.evaluation.outputs, tasktune.evaluation.summary, tasktune.improve.diagnose\n"
        "print([m for m in ('torch','transformers','trl','datasets','sklearn','numpy','rich','fabric') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
