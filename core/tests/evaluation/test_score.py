from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.errors import InputError, PluginError
from tasktune.evaluation.outputs import read_evaluation, write_outputs
from tasktune.evaluation.predictions import Prediction, parse_outputs, write_predictions
from tasktune.evaluation.report import RunFacts
from tasktune.evaluation.report_tables import scores_table
from tasktune.evaluation.score import Counts, Evaluation, results, score
from tasktune.evaluation.summary import summary_table
from tasktune.evaluation.wording import Wording
from tasktune.training.record import TrainingRecord
from tasktune.types import Answer, Finding, Record, Scored
from tasktune.workspace.versions import Version

Make = Callable[..., Any]
Rows = list[tuple[Record, str]]


def test_scores_counts_and_verdict(make_task: Make, rows: Rows, train: list[Record]) -> None:
    made = score(make_task(), rows, train=train, split="valid", decoding="constrained")
    assert made.metrics.values["accuracy"] == 0.6
    assert made.counts == Counts(scored=10, unlabelled=0, unparsed=1, correct=6, train=6)
    assert (made.headline.value, made.headline.threshold, made.met) == (0.6, 0.75, False)
    assert (made.split, made.decoding, made.task_name, made.task_type) == ("valid", "constrained", "colours", "toy")
    assert made.baselines["majority"].values["accuracy"] == 0.4


@pytest.mark.parametrize(("name", "told"), [("zero_shot", "Base model, zero-shot 100.0%"), ("v1", None)])
def test_a_base_model_that_does_better_is_told_of(make_task: Make, rows: Rows, name: str, told: str | None) -> None:
    better = [Scored(record=record, output="", answer=Answer(value=record.target)) for record, _output in rows]
    made = score(make_task(), rows, measured={name: better})
    assert made.baselines[name].values["accuracy"] == 1.0
    assert made.baseline_intervals[name]["accuracy"].high == 1.0
    messages = [finding.message for finding in made.findings if finding.code == "below-baseline"]
    assert [told in message for message in messages] == ([] if told is None else [True])


def test_the_criterion_of_the_task_decides(make_task: Make, rows: Rows) -> None:
    assert score(make_task(success_criteria={"threshold": 0.6}), rows).met
    other = score(make_task(success_criteria={"primary_metric": "extra", "threshold": 0.2}), rows).headline
    assert (other.metric, other.value, other.met) == ("extra", 0.125, False)


def test_rows_may_come_in_any_order_and_as_an_iterator(make_task: Make, rows: Rows) -> None:
    mixed = random.Random(0).sample(rows, len(rows))
    assert score(make_task(), iter(mixed)).metrics == score(make_task(), rows).metrics


def test_rows_without_a_target_are_counted_and_passed_over(make_task: Make, rows: Rows) -> None:
    more = [*rows, (Record(id="test.jsonl:11", inputs={"text": "?"}), "[red]")]
    made = score(make_task(), more)
    assert made.counts.unlabelled == 1
    assert made.metrics == score(make_task(), rows).metrics


def test_an_empty_target_is_a_target(make_task: Make, rows: Rows) -> None:
    made = score(make_task(), [*rows, (Record(id="test.jsonl:11", inputs={"text": "?"}, target=""), "[]")])
    assert (made.counts.scored, made.counts.unlabelled, made.counts.correct) == (11, 0, 7)


@pytest.mark.parametrize("rows", [[], [(Record(id="t:1", inputs={"text": "?"}), "[red]")]])
def test_nothing_to_score_is_an_input_error(make_task: Make, rows: Rows) -> None:
    with pytest.raises(InputError, match="no row of the test split has a target") as caught:
        score(make_task(), rows)
    assert caught.value.hint == "add colour to the rows"


def test_without_training_rows_there_are_no_baselines(make_task: Make, rows: Rows) -> None:
    assert score(make_task(), rows).baselines == {}


@pytest.mark.parametrize(("label", "found"), [("red", True), ("green", True), ("blue", False), ("mauve", False)])
def test_a_baseline_with_few_right_answers_is_no_yardstick(make_task: Make, label: str, found: bool) -> None:
    golds = ["red"] * 3 + ["green"] * 2 + ["blue"]
    rows = [
        (Record(id=f"test.jsonl:{n}", inputs={}, target=gold), f"[{gold if n < 4 else '?'}]")
        for n, gold in enumerate(golds)
    ]
    train = [Record(id="train.jsonl:1", inputs={}, target=label)]
    made = score(make_task({"metrics": {"accuracy": 0.5}}), rows, train=train)
    assert made.baselines["majority"].values["accuracy"] == 0.5
    assert ("below-baseline" in [finding.code for finding in made.findings]) is found


def test_the_plugin_is_told_about_the_run(make_task: Make, rows: Rows, train: list[Record]) -> None:
    task = make_task(training={"epochs": 3})
    made = score(task, rows, train=train, loss_curve=[(1, 2.0), (2, 1.0)])
    [seen] = [finding for finding in made.findings if finding.code == "seen"]
    assert seen.evidence["class_counts"] == {"red": 3, "green": 2, "blue": 1}
    assert seen.evidence["training"]["epochs"] == 3
    assert seen.evidence["loss_curve"] == [[1, 2.0], [2, 1.0]]
    assert seen.evidence["train_rows"] == 6


def test_an_evaluation_survives_json(make_task: Make, rows: Rows, train: list[Record]) -> None:
    made = score(make_task(success_criteria={"baseline": "rules_0.55"}), rows, train=train)
    assert Evaluation.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"metrics": {"f1": 0.5}}, r"compute_metrics\(\) does not report accuracy"),
        ({"metrics": {"accuracy": 0.5, "f1": float("nan")}}, "no finite number for f1"),
        ({"short_baseline": True}, "its baseline majority has 9 answers to 10 records"),
    ],
)
def test_a_broken_plugin_is_named(
    make_task: Make, rows: Rows, train: list[Record], options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(PluginError, match=rf"'toy' \(tasktune-toy 1\.0\).*{problem}"):
        score(make_task(options), rows, train=train)


def test_results_hold_the_headline_numbers_as_plain_data(make_task: Make, rows: Rows, train: list[Record]) -> None:
    made = score(make_task(success_criteria={"baseline": 0.7}), rows, train=train)
    plain = results(made, "v3")
    assert json.loads(json.dumps(plain)) == plain
    assert plain["version"] == "v3"
    assert (plain["primary_metric"], plain["value"], plain["threshold"], plain["met"]) == ("accuracy", 0.6, 0.75, False)
    assert plain["baselines"]["majority"]["accuracy"] == 0.4
    assert plain["stated_baseline"] == {"name": "baseline", "score": 0.7}
    assert plain["findings"][0]["severity"] == "error"


def test_the_files_of_a_version(make_task: Make, rows: Rows, train: list[Record], tmp_path: Path, today: Any) -> None:
    task = make_task()
    version = Version(tmp_path / "v1")
    made = score(task, rows, train=train)
    version.prepared.mkdir(parents=True)
    chat = [{"role": "user", "content": "fire"}, {"role": "assistant", "content": "[red]"}]
    for split, count in (("train", 6), ("valid", 0), ("test", 10)):
        row = json.dumps({"id": "x:1", "inputs": {}, "target": "red", "classes": ["red"], "messages": chat})
        (version.prepared / f"{split}.jsonl").write_text(f"{row}\n" * count, "utf-8")
    write_predictions(version.evaluation / "predictions.jsonl", map(Prediction.of, parse_outputs(task, rows)))
    facts = RunFacts(version="v1", date=today, rows={"train": 6, "test": 10})
    history = ({"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}, {"step": 2, "eval_loss": 1.5})
    record = TrainingRecord(steps=2, history=history)
    report = write_outputs(made, task, version, facts, training=record)
    assert read_evaluation(version) == made
    assert json.loads(version.results.read_text("utf-8")) == results(made, "v1")
    text = report.read_text("utf-8")
    assert "](figures/loss.svg)" in text
    assert "test.jsonl:6" in text
    assert "<polyline" in (report.parent / "figures" / "loss.svg").read_text("utf-8")
    for figure, bar in (("classes", "red: train 6, test 10"), ("lengths", "4–: train 6, test 10")):
        assert f"](figures/{figure}.svg)" in text
        assert bar in (report.parent / "figures" / f"{figure}.svg").read_text("utf-8")
    again = report.read_bytes()
    write_outputs(made, task, version, facts, training=record)
    assert report.read_bytes() == again


def test_a_missing_or_damaged_evaluation_is_an_input_error(tmp_path: Path) -> None:
    version = Version(tmp_path)
    with pytest.raises(InputError, match=r"metrics\.json does not exist"):
        read_evaluation(version)
    version.evaluation.mkdir()
    (version.evaluation / "metrics.json").write_text('{"task_name": 1}', encoding="utf-8")
    with pytest.raises(InputError, match=r"metrics\.json is damaged"):
        read_evaluation(version)


def test_an_evaluation_of_before_there_were_intervals_is_read(make_task: Make, rows: Rows, tmp_path: Path) -> None:
    task = make_task()
    version = Version(tmp_path)
    kept = json.loads(score(task, rows).model_dump_json())
    del kept["intervals"]
    version.evaluation.mkdir()
    (version.evaluation / "metrics.json").write_text(json.dumps(kept), "utf-8")
    found = read_evaluation(version)
    assert found.intervals is None
    assert results(found)["intervals"] is None
    assert "| 60.0% | 75% |" in scores_table(found, Wording("en", task.plugin.info.metrics))
    assert next(iter(summary_table(found, task).columns[1].cells)) == "60.0%"


def test_findings_come_gravest_first(make_task: Make, rows: Rows, train: list[Record]) -> None:
    extra = tuple(Finding(code=s, severity=s, message=s) for s in ("info", "error", "warning", "error"))
    severities = [finding.severity for finding in score(make_task({"findings": extra}), rows, train=train).findings]
    order = ("error", "warning", "info")
    assert severities == sorted(severities, key=order.index)
    assert severities.count("error") >= 2
