"""The report scores the parts that a task type tells apart."""

from __future__ import annotations

from tasktune.evaluation.error_analysis import ErrorAnalysis, PartScore
from tasktune.evaluation.report_tables import parts_table
from tasktune.evaluation.score import Evaluation, score
from tasktune.evaluation.wording import Wording

METRICS = {"accuracy": 0.75, "precision": 0.5, "recall": 0.25, "error_rate": 0.25}


def test_parts_are_shown_with_headline_precision_and_recall(make_task, rows) -> None:  # type: ignore[no-untyped-def]
    evaluation: Evaluation = score(make_task(), rows)
    assert parts_table(evaluation, Wording("en", {})) == ""
    errors = ErrorAnalysis(parts=(PartScore(name="new", size=1200, metrics=METRICS),))
    told = Wording("en", {}, parts={"new": {"en": "new | ones", "zh-TW": "新的"}})
    lines = parts_table(evaluation.model_copy(update={"errors": errors}), told).splitlines()
    assert lines[0] == "| Part | Number | accuracy | precision | recall |"
    assert lines[2] == "| new &#124; ones | 1,200 | 75.0% | 50.0% | 25.0% |"
