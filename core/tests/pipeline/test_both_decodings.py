"""``evaluation.decoding: both``: free and constrained answers of one model, side by side."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.definition import Task, load_task
from tasktune.evaluation.outputs import read_evaluation
from tasktune.evaluation.predictions import CONSTRAINED, FILE_NAME, read_predictions
from tasktune.inference.decoding import read_decoding
from tasktune.inference.evaluate import predict_split
from tasktune.pipeline import run
from tasktune.training.interruption import Interruption
from tasktune.workspace.events import EventLog, read_events
from tasktune.workspace.versions import Version

MakeTask = Callable[..., Task]
FEW_STEPS = {"max_steps": 2, "checkpoint_steps": 100}
TESTS = Path(__file__).parents[1]
TELLS = """

@hookimpl
def unknown_classes(row: Scored, options: ToyOptions) -> Sequence[str]:
    return [] if row.answer.value in options.classes else [row.answer.value]
"""


@pytest.fixture
def task(make_task: MakeTask, no_child: None) -> Task:
    return make_task(count=60, training=FEW_STEPS, evaluation={"decoding": "both", "batch_size": 8})


def test_both_are_reported_and_the_free_answers_judge(task: Task) -> None:
    result = run(task)
    version = Version(result.version_dir)
    assert read_decoding(version.decoding).mode == "free"
    evaluation = read_evaluation(version)
    assert evaluation.decoding == "free"
    free, constrained = evaluation.by_decoding["free"], evaluation.by_decoding[CONSTRAINED]
    assert free.metrics == evaluation.metrics.values
    assert free.counts == evaluation.counts
    # Two steps teach nobody JSON.
    assert free.counts.unparsed == free.counts.scored
    assert constrained.counts.unparsed == 0
    assert constrained.metrics["parsed"] == 1.0
    assert constrained.intervals["accuracy"].low <= constrained.metrics["accuracy"]
    assert all(each.answer.parsed for each in read_predictions(version.evaluation / CONSTRAINED / FILE_NAME))
    told = json.loads(version.results.read_text("utf-8"))["by_decoding"]
    assert told["free"]["metrics"] == dict(free.metrics)
    report = (version.evaluation / "report.md").read_text("utf-8")
    section = report.split("## Free and constrained decoding\n")[1].split("\n## ")[0]
    assert "| Metric | Free | Constrained |" in section
    assert "| Unreadable answers | 100.0% | 0.0% |" in section
    assert "Out-of-set" not in report, "the toy type cannot tell"
    done = CliRunner().invoke(tune, ["run", str(task.folder), "--lang", "en"], prog_name="tune")
    assert "Free and constrained decoding" in done.output
    again = run(load_task(task.file, overrides=["evaluation.decoding=free"]))
    assert again.version == "v1.1"
    assert read_evaluation(Version(again.version_dir)).by_decoding == {}
    assert (again.version_dir / "evaluation" / FILE_NAME).read_bytes() == (version.evaluation / FILE_NAME).read_bytes()


def test_constrained_alone_answers_the_same(task: Task) -> None:
    both = Version(run(task).version_dir)
    alone = Version(run(load_task(task.file, overrides=["evaluation.decoding=constrained"])).version_dir)
    beside = both.evaluation / CONSTRAINED / FILE_NAME
    assert beside.read_bytes() == (alone.evaluation / FILE_NAME).read_bytes()


def test_stopped_between_the_two_only_the_free_answers_are_made(task: Task) -> None:
    version = Version(run(task).version_dir)
    for done, stages in ((False, 2), (True, 4)):
        if not done:
            (version.evaluation / FILE_NAME).unlink()
        before = len(list(read_events(version.events)))
        predict_split(task, version, "test", EventLog(version.events), Interruption())
        new = list(read_events(version.events))[before:]
        assert sum(event.kind == "stage" for event in new) == stages


def test_answers_out_of_the_set_are_counted(install_plugin: Callable[..., Path], tmp_path: Path) -> None:
    from tasktune.evaluation.report import RunFacts, as_markdown, report_sections
    from tasktune.evaluation.score import score
    from tasktune.types import Record

    source = (TESTS / "toy_plugin.py").read_text("utf-8")
    lenient = source.replace("if label not in options.classes:", "if not isinstance(label, str):")
    assert lenient != source
    install_plugin("lenient", lenient + TELLS)
    definition = {"task_name": "t", "task_type": "lenient", "language": "zh-TW", "options": {"classes": ["yes", "no"]}}
    (tmp_path / "task.yaml").write_text(json.dumps(definition), "utf-8")
    task = load_task(tmp_path)
    wrote = ['{"label": "yes"}', '{"label": "maybe"}', "?", '{"label": "no"}']
    rows = [(Record(id=str(n), inputs={"text": "t"}, target="yes"), text) for n, text in enumerate(wrote)]
    evaluation = score(task, rows)
    assert (evaluation.counts.out_of_set, evaluation.counts.unparsed) == (1, 1)
    import datetime

    facts = RunFacts(version="v1", date=datetime.date(2026, 11, 22))
    report = as_markdown(report_sections(evaluation, task, facts))
    assert "- 集合外的回答：1 / 4" in report
