"""``tune checklist``: ticks follow what was verified, and what cannot be is not ticked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from tasktune.checklist.verify import CHECKS, ITEMS

Invoke = Callable[..., Result]
Items = dict[str, Any]


@pytest.fixture
def items(task: Path, invoke: Invoke) -> Callable[[], Items]:
    """The state and evidence of each item of the task, by its text."""

    def read() -> Items:
        result = invoke("checklist", task, "--json", "--lang", "en", "--set", "training.base_model=builtin:tiny")
        assert result.exit_code == 0, result.stderr
        listed = json.loads(result.stdout)
        return {
            item["text"]: (item["state"], item["evidence"])
            for phase in listed["phases"]
            for section in phase["sections"]
            for item in section["items"]
        }

    return read


def every_item() -> list[dict[str, str]]:
    phases = yaml.safe_load(ITEMS.read_text("utf-8"))
    return [item for phase in phases for section in phase["sections"] for item in section["items"]]


def test_every_item_is_verified_or_says_why_not() -> None:
    for item in every_item():
        assert ("check" in item) != ("why" in item), item
        assert item.get("check", "task_name") in CHECKS
        assert item.get("why", "later") in ("later", "judgement")
        assert item["en"] != item["zh-TW"] or item["en"].startswith("data/")
    assert {item["check"] for item in every_item() if "check" in item} == set(CHECKS)


def test_the_whole_list_is_shown_in_both_languages(task: Path, invoke: Invoke) -> None:
    english = invoke("checklist", task, "--lang", "en").stdout
    chinese = invoke("checklist", task).stdout
    for text, shown in (("en", english), ("zh-TW", chinese)):
        for item in every_item():
            assert item[text] in shown
    assert "[x] The task type is clear: rating" in english
    assert "[?] The GGUF file is there: no command verifies it yet" in english
    assert "[x] 任務類型明確：rating" in chinese


def test_a_sound_task_has_its_data_ticked(items: Callable[[], Items]) -> None:
    found = items()
    for text in ("Every row can be read", "The chats are right", "No test row is in train", "All classes are covered"):
        assert found[text][0] == "done", text
    assert found["The amount of data is estimated"] == ("done", "30 rows")
    assert found["data/test.jsonl is there"][0] == "not_needed"
    assert found["The raw data are in data/raw/"][0] == "open"


def test_what_is_broken_is_not_ticked(task: Path, items: Callable[[], Items]) -> None:
    train = task / "data" / "train.jsonl"
    rows = train.read_text("utf-8").splitlines()
    broken = ['{"text": "好"', '{"text": "好", "rating": 9}', '{"rating": 1}']
    train.write_text("\n".join([*rows, *broken]) + "\n", "utf-8")
    found = items()
    assert found["Every row can be read"][0] == "open"
    assert "data/train.jsonl:31" in found["Every row can be read"][1]
    assert "data/train.jsonl:32" in found["The labels are of the label set"][1]
    assert "data/train.jsonl:33" in found["The required fields are there"][1]
    assert found["The chats are right"] == ("open", "3 problems")


def test_a_leak_is_not_ticked_and_is_no_broken_row(task: Path, items: Callable[[], Items]) -> None:
    train = task / "data" / "train.jsonl"
    (task / "data" / "test.jsonl").write_text(train.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    found = items()
    assert found["No test row is in train"][0] == "open"
    assert found["The test set is independent"][0] == "open"
    assert found["Every row can be read"][0] == "done"


def test_an_imbalance_is_not_ticked(task: Path, items: Callable[[], Items]) -> None:
    train = task / "data" / "train.jsonl"
    more = "".join(json.dumps({"text": f"又 {n} 則短評", "rating": 5}, ensure_ascii=False) + "\n" for n in range(40))
    train.write_text(train.read_text("utf-8") + more, "utf-8")
    found = items()
    assert found["The imbalance is under 3:1"][0] == "open"
    assert found["Rare classes are repeated or added to, if need be"][0] == "open"


def test_the_project_is_ticked_when_it_is_there(task: Path, items: Callable[[], Items]) -> None:
    assert items()["The folders are complete"] == ("open", "missing: docs, hf_cards, scripts")
    for name in ("docs", "hf_cards", "scripts", "data/raw", "data/chat_format"):
        (task / name).mkdir()
    (task / "README.md").touch()
    (task / "data" / "raw" / "rows.csv").touch()
    (task / "data" / "chat_format" / "train.jsonl").touch()
    script = task / "scripts" / "03_train.py"
    script.touch()
    script.chmod(0o644)
    found = items()
    assert found["The project is generated"][0] == "done"
    assert found["The raw data are in data/raw/"] == ("done", "rows.csv")
    assert found["data/chat_format/train.jsonl is there"][0] == "done"
    assert found["data/chat_format/valid.jsonl is there"][0] == "not_needed"
    assert found["The scripts are executable"] == ("open", "not executable: 03_train.py")
    script.chmod(0o755)
    assert os.access(script, os.X_OK)
    assert items()["The scripts are executable"] == ("done", "03_train.py")


def test_before_any_run_nothing_of_a_run_is_ticked(items: Callable[[], Items]) -> None:
    found = items()
    for text in ("The loss falls", "Memory suffices", "The primary metric is met", "The report is written"):
        assert found[text][0] == "unknown", text
    assert found["The model is evaluated"][0] == "open"


def version(task: Path, losses: list[float], value: float) -> None:
    """The files of a version that was trained and evaluated, as far as the checklist reads them."""
    folder = task / "versions" / "v1"
    (folder / "evaluation").mkdir(parents=True)
    history = [{"loss": loss, "step": step} for step, loss in enumerate(losses)]
    (folder / "training.json").write_text(json.dumps({"steps": len(losses), "history": history}), "utf-8")
    (folder / "state.json").write_text('{"fingerprint": "x", "stages_done": [], "finished": false}', "utf-8")
    (folder / "decoding.json").touch()
    for name in ("report.md", "predictions.jsonl"):
        (folder / "evaluation" / name).touch()
    evaluation = {
        "task_name": "stars",
        "task_type": "rating",
        "split": "test",
        "decoding": "free",
        "counts": {"scored": 3, "unlabelled": 0, "unparsed": 0, "correct": 3, "train": 24},
        "metrics": {"primary": "accuracy", "values": {"accuracy": value}},
        "criteria": [{"metric": "accuracy", "value": value, "threshold": 0.7, "met": value >= 0.7}],
    }
    (folder / "evaluation" / "metrics.json").write_text(json.dumps(evaluation), "utf-8")


def test_a_good_run_is_ticked(task: Path, items: Callable[[], Items]) -> None:
    version(task, [2.0, 1.5, 1.0, 0.5], 0.9)
    found = items()
    assert found["The loss falls"] == ("done", "2.000 → 0.500")
    assert found["No loss is NaN"][0] == "done"
    assert found["The validation loss does not keep rising"][0] == "unknown"
    assert found["The primary metric is met"] == ("done", "accuracy 0.900 / 0.70")
    assert found["The confusion matrix is there"][0] == "not_needed"
    assert found["The report is written"] == ("done", "v1/evaluation/report.md")
    assert found["Train again"][0] == "not_needed"
    assert found["The versions are on record"] == ("done", "v1; none is adopted")


def test_a_bad_run_is_not(task: Path, items: Callable[[], Items]) -> None:
    version(task, [1.0, 2.0, float("nan")], 0.2)
    found = items()
    assert found["The loss falls"][0] == "open"
    assert found["No loss is NaN"][0] == "open"
    assert found["The primary metric is met"][0] == "open"
    assert found["Add or improve training data"][0] == "open"


def test_counts_add_up_and_nothing_is_written(task: Path, invoke: Invoke) -> None:
    before = sorted(task.rglob("*"))
    listed = json.loads(invoke("checklist", task, "--json").stdout)
    assert sum(listed["counts"].values()) == len(every_item())
    assert sorted(task.rglob("*")) == before
