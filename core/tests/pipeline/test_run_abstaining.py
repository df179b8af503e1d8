"""A run that is asked to leave unsure answers to a person: the threshold comes of validation, and predictions follow
it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.evaluation.outputs import read_evaluation
from tasktune.evaluation.predictions import read_predictions
from tasktune.inference.decoding import read_decoding
from tasktune.inference.evaluate import predict_records
from tasktune.pipeline import run
from tasktune.training.interruption import Interruption
from tasktune.types import Record
from tasktune.workspace.versions import Version

MakeTask = Callable[..., Task]


@pytest.mark.slow
@pytest.mark.usefixtures("no_child")
def test_the_threshold_is_that_of_validation_rows_and_rules_predictions(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "task"))
    shutil.rmtree(folder / "versions" / "v2")
    training = ["training.max_steps=6", "training.checkpoint_steps=100"]
    task = load_task(
        folder, overrides=[*training, "evaluation.decoding=constrained", "evaluation.abstain.coverage=0.5"]
    )
    version = Version(run(task).version_dir)
    assert version.name == "v1.1"
    known = [each.confidence for each in read_predictions(version.evaluation_of("valid") / "predictions.jsonl")]
    probabilities = sorted((each.probability or 0.0 for each in known if each is not None), reverse=True)
    expected = probabilities[-(-len(known) // 2) - 1]
    assert read_decoding(version.decoding).abstain_below == expected
    trust = read_evaluation(version).trust
    assert trust is not None
    assert trust.abstaining is not None
    assert trust.abstaining.threshold == expected
    assert trust.abstaining.valid.coverage >= 0.5
    results = json.loads(version.results.read_text("utf-8"))
    assert results["trust"]["abstaining"]["test"] == trust.abstaining.test.model_dump()
    assert "reliability.svg" in (version.evaluation / "report.md").read_text("utf-8")
    assert (version.evaluation / "figures" / "reliability.svg").exists()

    records = [Record(id=f"row:{number}", inputs={"text": f"{number} is good"}) for number in range(6)]
    predict_records(task, version, records, tmp_path / "scratch", Interruption())
    for each in read_predictions(tmp_path / "scratch" / "predictions.jsonl"):
        assert each.confidence is not None
        sure = each.confidence.probability is not None and each.confidence.probability >= expected
        assert each.abstained is not sure
        assert {label.value for label in each.confidence.labels} <= {"yes", "no"}
        assert sum(label.probability for label in each.confidence.labels) + each.confidence.rest == pytest.approx(
            1, abs=1e-4
        )


def test_without_validation_rows_no_threshold_can_be_chosen(make_task: MakeTask) -> None:
    task = make_task(data={"split": {"valid": 0.0, "test": 0.4}}, evaluation={"abstain": {"coverage": 0.5}})
    with pytest.raises(InputError) as raised:
        run(task, stages=("prepare",))
    [problem] = raised.value.problems
    assert "no validation rows to choose a threshold on" in problem.message
    assert problem.line is not None
