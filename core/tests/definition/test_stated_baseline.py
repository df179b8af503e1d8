"""A stated baseline is a name, and a score only where one is written as a score."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasktune.definition import StatedBaseline, load_task

TASK = "task_name: example\ntask_type: toy\noptions: {classes: ['yes', 'no']}\nsuccess_criteria: {baseline: %s}\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("rule_based_0.65", StatedBaseline("rule_based", 0.65)),
        ("'keyword rules: 72%'", StatedBaseline("keyword rules", 0.72)),
        ("0.4", StatedBaseline("baseline", 0.4)),
        ("bert_v1", StatedBaseline("bert_v1", None)),
        ("gpt-4.1", StatedBaseline("gpt-4.1", None)),
        ("rules 1.0", StatedBaseline("rules", 1.0)),
        ("rules 300%", StatedBaseline("rules 300%", None)),
        ("by hand", StatedBaseline("by hand", None)),
    ],
)
def test_a_baseline_reads_as_written(
    tmp_path: Path, toy_task_type: str, written: str, expected: StatedBaseline
) -> None:
    (tmp_path / "task.yaml").write_text(TASK % written, "utf-8")
    assert load_task(tmp_path).baseline == expected
