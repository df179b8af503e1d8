"""``tune data generate --pairs``: a version's mistakes beside the right answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktune.definition import dump_task, load_task
from tasktune.evaluation.predictions import Prediction, write_predictions
from tasktune.types import Answer
from tasktune.workspace.versions import State, Version

Invoke = Callable[..., Result]
ROWS = [("a", "yes", '{"label": "yes"}'), ("b", "yes", '{"label": "no"}'), ("c", "no", "I think not")]


@pytest.fixture
def version(task: Path) -> Version:
    """A trained version with three predictions on train: a right one, a wrong one, one that cannot be read."""
    version = Version(task / "versions" / "v1")
    version.folder.mkdir(parents=True)
    version.definition.write_text(dump_task(load_task(task)), "utf-8")
    version.set_state(State(fingerprint="x", stages_done=("check", "prepare", "train")))
    predict(version, "train", ROWS)
    return version


def predict(version: Version, split: str, rows: list[tuple[str, str, str]]) -> None:
    predictions = []
    for number, (text, target, output) in enumerate(rows, 1):
        label = json.loads(output)["label"] if output.startswith("{") else None
        predictions.append(
            Prediction(
                id=f"data/{split}.jsonl:{number}",
                inputs={"text": text},
                target=target,
                output=output,
                answer=Answer(value=label) if label else Answer(error="not JSON"),
                correct=label == target,
            )
        )
    write_predictions(version.evaluation_of(split) / "predictions.jsonl", predictions)


def test_a_pair_for_each_wrong_prediction(task: Path, version: Version, invoke: Invoke) -> None:
    done = invoke("data", "generate", task, "--pairs", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert [report[name] for name in ("predictions", "wrong", "unreadable", "held_out", "pairs")] == [3, 2, 1, 0, 2]
    pairs: list[Any] = [json.loads(line) for line in (task / report["file"]).read_text("utf-8").splitlines()]
    assert report["file"] == "data/raw/pairs_v1_train.jsonl"
    assert pairs == [
        {"text": "b", "chosen": "yes", "rejected": '{"label": "no"}', "id": "data/train.jsonl:2", "version": "v1"},
        {"text": "c", "chosen": "no", "rejected": "I think not", "id": "data/train.jsonl:3", "version": "v1"},
    ]


def test_pairs_that_were_made_can_be_trained_on(task: Path, version: Version, invoke: Invoke) -> None:
    assert invoke("data", "generate", task, "--pairs").exit_code == 0
    wanted = ("--set", "training.method=dpo", "--set", "data.pairs=data/raw/pairs_v1_train.jsonl")
    done = invoke("check", task, *wanted)
    assert done.exit_code == 0, done.output


def test_rows_that_are_in_test_by_now_make_no_pairs(task: Path, version: Version, invoke: Invoke) -> None:
    (task / "data" / "test.jsonl").write_text('{"text": "B", "label": "yes"}\n')
    done = invoke("data", "generate", task, "--pairs")
    assert "1 of them are test rows by now, and left out" in done.output
    assert "1 pairs in data/raw/pairs_v1_train.jsonl" in done.output
    (task / "data" / "test.jsonl").write_text('{"text": 3}\n')
    done = invoke("data", "generate", task, "--pairs", "--force")
    assert (done.exit_code, "data/test.jsonl:1: text: missing" in done.output) == (2, True)


def test_a_file_is_replaced_only_when_told_to(task: Path, version: Version, invoke: Invoke) -> None:
    assert "2 pairs in data/raw/pairs_v1_train.jsonl" in invoke("data", "generate", task, "--pairs").output
    done = invoke("data", "generate", task, "--pairs")
    assert (done.exit_code, "--force replaces them" in done.output) == (2, True)
    done = invoke("data", "generate", task, "--pairs", "--force")
    assert (done.exit_code, "data/backup" in done.output) == (0, True)


def test_a_split_that_was_not_evaluated(task: Path, version: Version, invoke: Invoke) -> None:
    done = invoke("data", "generate", task, "--pairs", "--version", "v1", "--split", "valid")
    assert done.exit_code == 2
    assert "tune evaluate --version v1 --split valid" in done.output
    done = invoke("data", "generate", task, "--pairs", "--split", "test")
    assert done.exit_code == 2


def test_without_mistakes_there_is_no_file(task: Path, version: Version, invoke: Invoke) -> None:
    predict(version, "valid", ROWS[:1])
    done = invoke("data", "generate", task, "--pairs", "--split", "valid")
    assert done.exit_code == 0
    assert "no pairs were written" in done.output
    assert not list((task / "data" / "raw").iterdir())


@pytest.mark.parametrize("option", [("--model", "m"), ("--class", "yes"), ("--yes",), ("--set", "training.epochs=1")])
def test_what_has_no_meaning_here_is_refused(
    task: Path, version: Version, invoke: Invoke, option: tuple[str, ...]
) -> None:
    done = invoke("data", "generate", task, "--pairs", *option)
    assert done.exit_code == 2
    assert f"{option[0]} does not go with --pairs" in done.output
