"""``tune status``: how a task stands, and what is next."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from tasktune.improve.status import low_below
from tasktune.workspace.versions import Version, locked

Invoke = Callable[..., Result]
MakeVersion = Callable[..., Version]
CLASSES = {
    "正面": {"precision": 0.8, "recall": 0.76, "f1": 0.78, "support": 61},
    "負面": {"precision": 0.7, "recall": 0.74, "f1": 0.72, "support": 40},
    "中立": {"precision": 0.6, "recall": 0.5, "f1": 0.54, "support": 20},
    "其他": {"precision": 0.1, "recall": 0.1, "f1": 0.1, "support": 4},
}


def told(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def prepare(version: Version, labels: str = "5") -> None:
    """Rows that the version was made with: a class for each character."""
    version.prepared.mkdir()
    for split in ("train", "valid", "test"):
        rows = [{"classes": [label], "messages": []} for label in labels]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (version.prepared / f"{split}.jsonl").write_text(text, "utf-8")


def record(version: Version, task: Path) -> None:
    """The provenance of a version that was made of the data as they are now."""
    digest = hashlib.sha256((task / "data" / "train.jsonl").read_bytes()).hexdigest()
    value = {
        "started": "2026-11-20T08:00:00Z",
        "command": ["tune", "run"],
        "data": {"data/train.jsonl": digest},
        "base": {"name": "base"},
        "task_type": {"name": "rating", "origin": "tasktune-rating 0.1.0", "code": "c"},
        "seeds": {},
    }
    version.provenance.write_text(json.dumps(value), "utf-8")


def complete(version: Version, task: Path, labels: str = "5") -> Version:
    prepare(version, labels)
    record(version, task)
    return version


def test_a_new_task_says_how_to_begin(task: Path, invoke: Invoke) -> None:
    found = told(invoke("status", task, "--json", "--lang", "en"))
    assert (found["task"], found["task_type"], found["method"]) == ("review-stars", "rating", "SFT + LoRA r=16")
    assert (found["scores"], found["versions"], found["decisions"], found["remarks"]) == (None, [], [], [])
    assert found["rows"]["version"] is None
    assert sum(found["rows"]["splits"].values()) == 30
    assert found["next"] == [f"tune check {task} looks at the data, tune run {task} trains"]
    shutil.rmtree(task / "data")
    empty = told(invoke("status", task, "--json", "--lang", "en"))
    assert empty["rows"] is None
    assert empty["next"] == [f"bring in training rows, for example with tune data import {task}"]
    assert "tune check lists them" in empty["remarks"][0]


def test_the_version_that_counts_is_judged_by_todays_target(
    task: Path, make_version: MakeVersion, invoke: Invoke
) -> None:
    complete(make_version("v1", 0.75), task, "112")
    complete(make_version("v2", 0.65), task)
    newest = told(invoke("status", task, "--json"))["scores"]
    assert (newest["version"], newest["why"]) == ("v2", "newest")
    assert newest["verdict"] == {"metric": "accuracy", "value": 0.65, "threshold": 0.7, "met": False}
    assert newest["gap"] == pytest.approx(-0.05)
    invoke("adopt", task, "v1")
    found = told(invoke("status", task, "--json"))
    assert (found["scores"]["version"], found["scores"]["why"], found["scores"]["verdict"]["met"]) == (
        *("v1", "adopted"),
        True,
    )
    assert found["rows"] == {
        "version": "v1",
        "splits": {"train": 3, "valid": 3, "test": 3},
        "classes": {"1": 2, "2": 1},
        "without_class": 0,
    }
    assert [(row["version"], row["adopted"], row["state"]) for row in found["versions"]] == [
        ("v1", True, "finished"),
        ("v2", False, "finished"),
    ]
    file = task / "task.yaml"
    file.write_text(file.read_text("utf-8") + "success_criteria: {threshold: 0.9}\n", "utf-8")
    assert told(invoke("status", task, "--json"))["scores"]["verdict"]["met"] is False


def test_weak_classes_are_marked_by_the_rule_that_is_stated(
    task: Path, make_version: MakeVersion, invoke: Invoke
) -> None:
    complete(make_version("v1", 0.72, per_class=CLASSES), task)
    scores = told(invoke("status", task, "--json"))["scores"]
    assert scores["low_below"] == pytest.approx(0.6)
    assert {row["name"]: row["remark"] for row in scores["classes"]} == {
        "正面": None,
        "負面": None,
        "中立": "low",
        "其他": "few",
    }
    shown = invoke("status", task, "--lang", "zh-TW").stdout
    assert "各類別表現（⚠️：F1 低於 60%）" in shown
    assert ["中立", "54.0%", "20", "⚠️ 偏低"] in [
        [cell.strip() for cell in line.split("  ") if cell.strip()] for line in shown.splitlines()
    ]


@pytest.mark.parametrize(("threshold", "limit"), [(0.8, 0.65), (0.7, 0.6), (0.95, 0.8), (0.5, 0.5), (0.0, 0.0)])
def test_the_limit_of_low(threshold: float, limit: float) -> None:
    """The worked example of the requirements: with a target of 80 %, 72 % passes and 62 % is low."""
    assert low_below(threshold) == pytest.approx(limit)


@given(st.floats(0, 1))
def test_no_class_that_meets_the_target_is_low(threshold: float) -> None:
    assert low_below(threshold) <= threshold


def test_of_many_classes_the_lowest_are_shown(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    classes = {f"c{number}": {"f1": number / 100, "support": 9} for number in range(60)}
    complete(make_version("v1", per_class=classes), task, "".join(chr(0x4E00 + number) for number in range(60)))
    shown = invoke("status", task, "--lang", "en").stdout
    assert ", the 30 lowest of 60" in shown
    assert ("c29 " in shown, "c30 " in shown) == (True, False)
    assert "… and 30 more" in shown


def test_states_of_versions(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    for name, stages in {"v1": ("prepare",), "v2": ("prepare",), "v3": ("prepare", "train")}.items():
        make_version(name, stages=stages)
    (task / "versions" / "v2" / "failure.json").write_text("{}", "utf-8")
    complete(make_version("v4"), task).pruned.write_text("{}", "utf-8")
    rows = told(invoke("status", task, "--json"))["versions"]
    assert [row["state"] for row in rows] == ["stopped", "failed", "trained", "pruned"]
    assert rows[2]["size"] > 12 * 1024
    assert rows[0]["when"].startswith("2026-11-01T08:00:00")
    (task / "versions" / "v2" / "events.jsonl").touch()
    with locked(task):
        found = told(invoke("status", task, "--json", "--lang", "en"))
    assert [row["state"] for row in found["versions"]] == ["stopped", "running", "trained", "pruned"]
    assert found["next"] == ["a run is at work; wait for its end"]


def test_next_steps_lead_from_a_score_to_its_adoption(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    def next_steps(*options: str) -> list[str]:
        found: list[str] = told(invoke("status", task, "--json", "--lang", "en", *options))["next"]
        return found

    complete(make_version("v1", 0.5), task)
    [improve] = next_steps()
    assert "train the next version with tune run" in improve
    complete(make_version("v2", 0.8), task)
    assert next_steps() == [f"v2 meets the target: tune adopt {task} v2 takes it into use"]
    invoke("adopt", task, "v2")
    assert next_steps() == [f"the target is met and v2 is adopted: tune predict {task} asks it"]
    complete(make_version("v3", 0.75), task)
    assert next_steps() == [f"the target is met and v2 is adopted: tune predict {task} asks it"]
    complete(make_version("v4", 0.85), task)
    assert next_steps() == [f"v4 meets the target: tune adopt {task} v4 takes it into use"]
    make_version("v5", stages=("prepare",))
    assert next_steps()[0] == f"v5 is not finished: tune run {task} goes on"


def test_a_finding_of_the_evaluation_says_what_to_improve(
    task: Path, make_version: MakeVersion, invoke: Invoke
) -> None:
    version = complete(make_version("v1", 0.5), task)
    path = version.evaluation / "metrics.json"
    value = json.loads(path.read_text("utf-8"))
    action = {"title": "label more rows", "expected_effect": "more", "effort": "low"}
    value["findings"] = [{"code": "c", "severity": "error", "message": "m", "actions": [action]}]
    path.write_text(json.dumps(value), "utf-8")
    found = told(invoke("status", task, "--json", "--lang", "en"))
    assert found["next"] == ["label more rows, then train the next version with tune run"]


def test_changed_data_and_too_many_versions_are_told(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    for name in ("v1", "v2"):
        complete(make_version(name), task)
    invoke("adopt", task, "v2")
    file = task / "data" / "train.jsonl"
    file.write_text(file.read_text("utf-8") + '{"text": "多了一筆", "rating": 4}\n', "utf-8")
    (task / "task.yaml").write_text((task / "task.yaml").read_text("utf-8") + "versioning: {retention: 1}\n", "utf-8")
    found = told(invoke("status", task, "--json", "--lang", "en"))
    assert found["scores"]["changed"] == ["data/train.jsonl"]
    assert found["next"][1:] == [
        f"the data have changed since: tune run {task} trains the next version",
        f"more versions than versioning.retention (1) have weights: tune prune {task} frees their space",
    ]


def test_decisions_are_shown_the_last_first(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    for name in ("v1", "v2", "v3"):
        complete(make_version(name, 0.8 if name != "v2" else 0.6), task)
    invoke("adopt", task, "v1", "--by", "amy")
    invoke("adopt", task, "v2", "--by", "bo", "--force", "--reason", "試一試")
    invoke("rollback", task, "--by", "amy", "--reason", "worse")
    invoke("prune", task, "--keep", "1", "--yes", "--by", "cy")
    invoke("rollback", task, "--by", "di")
    complete(make_version("v4"), task)
    invoke("prune", task, "--keep", "1", "--all", "--yes", "--by", "ed")
    lines = invoke("status", task, "--lang", "en").stdout.split("Last decisions\n")[1].splitlines()[:5]
    said = [line.split(" ", 3)[3] for line in lines]
    assert said[0].startswith("ed deleted v1, v2, v3 (")
    assert said[1:] == [
        "di rolled back from v1 to none",
        "cy pruned the weights of v2 (12.0 KB)",
        "amy rolled back from v2 to v1: worse",
        "bo adopted v2 (forced): 試一試",
    ]


def test_what_is_not_as_it_should_be_is_remarked(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    complete(make_version("v1"), task)
    complete(make_version("v2"), task)
    invoke("adopt", task, "v1")
    (task / "versions" / "current").write_text("v2\n", "utf-8")
    (task / "versions" / "v2" / "evaluation" / "metrics.json").write_text("{", "utf-8")
    found = told(invoke("status", task, "--json", "--lang", "en"))
    assert found["remarks"][0] == "versions/current says v2, and the decisions say v1; the decisions hold"
    assert "is damaged" in found["remarks"][1]
    assert found["versions"][1]["verdict"] is None
    shutil.rmtree(task / "versions" / "v1")
    gone = told(invoke("status", task, "--json", "--lang", "en"))
    assert gone["remarks"][0] == "the adopted version v1 is not there"
    assert (gone["scores"], "⚠️ the adopted version" in invoke("status", task, "--lang", "en").stdout) == (None, True)


def test_rows_of_a_version_that_are_gone_are_remarked(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    record(make_version("v1"), task)
    found = told(invoke("status", task, "--json", "--lang", "en"))
    assert found["rows"] is None
    assert "train.jsonl does not exist" in found["remarks"][0]


def test_the_words_are_those_of_the_requirements(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    complete(make_version("v1", 0.65), task, "112")
    shown = invoke("status", task, "--lang", "zh-TW").stdout
    for said in (
        "任務：review-stars",
        "- 基礎模型：",
        "- 訓練方法：SFT + LoRA r=16",
        "指標",
        "差距",
        "-5.0 個百分點 ❌",
        "資料統計（v1 所用）",
        "- 訓練集類別分佈：1 66.7%、2 33.3%",
        "下一步：",
    ):
        assert said in shown


def test_a_folder_of_tasks_lists_them(
    task: Path, make_version: MakeVersion, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(make_version("v1"), task)
    invoke("adopt", task, "v1")
    shown = invoke("status", task.parent, "--lang", "en").stdout
    assert "review-stars  rating  1 (v1), adopted v1" in shown
    assert [row["name"] for row in told(invoke("status", task.parent, "--json"))["tasks"]] == ["review-stars"]
    monkeypatch.chdir(task)
    assert "Task: review-stars" in invoke("status", "--lang", "en").stdout
    monkeypatch.chdir(task.parent)
    assert "review-stars  rating" in invoke("status", "--lang", "en").stdout
    assert "Task: review-stars" in invoke("status", "review-stars/task.yaml", "--lang", "en").stdout


def test_a_misspelt_task_is_told_the_nearest(
    task: Path, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move(task, tmp_path / "tasks" / "review-stars")
    monkeypatch.chdir(tmp_path)
    for word in ("review-star", "tasks/review-stats"):
        done = invoke("status", word, "--lang", "en")
        assert (done.exit_code, "did you mean tasks/review-stars?" in done.stderr) == (2, True)
    done = invoke("status", "nothing-like-it", "--lang", "en")
    assert (done.exit_code, "did you mean" in done.stderr) == (2, False)


def test_a_broken_definition_has_its_problems_listed(task: Path, invoke: Invoke) -> None:
    (task / "task.yaml").write_text("task_name: a\ntask_type: ratin\n", "utf-8")
    done = invoke("status", task, "--lang", "en")
    assert (done.exit_code, "ratin" in done.stderr) == (2, True)
