"""``check(tokens=True)``: the tokens of training, against max_length and by class."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.check import CheckReport, check
from tasktune.data.encode import Encoder
from tasktune.data.rows import chat
from tasktune.definition import Task
from tasktune.types import Record

MakeTask = Callable[..., Task]
TINY = runpy.run_path(str(Path(__file__).parents[2] / "tiny_base.py"))
TRAIN = [{"text": "好" * length, "label": label} for length, label in ((1, "yes"), (2, "no"), (40, "no"), (3, "yes"))]
TEST = [{"text": "壞", "label": "yes"}, {"text": "差", "label": "no"}]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tokenizer, which is all of a base model that is needed here."""
    folder = tmp_path_factory.mktemp("base")
    TINY["make_tokenizer"]().save_pretrained(folder)
    (folder / "config.json").write_text('{"model_type": "qwen3"}', "utf-8")
    return folder


@pytest.fixture
def checked(make_task: MakeTask, base: Path) -> Callable[..., CheckReport]:
    def run(limit: int, **keys: Any) -> CheckReport:
        training = {"base_model": str(base), "max_length": limit}
        keys = {"train": TRAIN, "test": TEST, "data": {"split": {"valid": 0.0}}, **keys}
        return check(make_task(training=training, **keys), tokens=True)

    return run


def lengths(task: Task) -> list[tuple[int, int]]:
    """The tokens of every training row's prompt and answer, as training encodes them."""
    encoder = Encoder(TINY["make_tokenizer"]())
    chats = []
    for row in TRAIN:
        record = Record(id="x:1", inputs={"text": row["text"]}, target=row["label"])
        chats.append(chat(task.plugin.build_prompt(record, task.options)))
    return [(len(row.prompt), len(row.completion)) for row in encoder.rows(chats)]


def test_the_loss_of_each_class_is_what_training_encodes(
    checked: Callable[..., CheckReport], make_task: MakeTask
) -> None:
    report = checked(2048)
    assert report.tokens is not None
    rows = lengths(make_task())
    assert report.tokens.longest == max(map(sum, rows))
    for label in ("yes", "no"):
        of_class = report.tokens.classes[label]
        assert (of_class.rows, of_class.lost) == (2, 0)
        assert of_class.answer_tokens == sum(
            a for (_p, a), row in zip(rows, TRAIN, strict=True) if row["label"] == label
        )
    assert not {"too_long", "classes_without_loss"} & {finding.code for finding in report.findings}


def test_a_row_that_is_too_long_is_named_and_refused(checked: Callable[..., CheckReport], make_task: MakeTask) -> None:
    limit = sorted(map(sum, lengths(make_task())))[-2]
    report = checked(limit)
    [finding] = [each for each in report.findings if each.code == "too_long"]
    assert (finding.severity, finding.count, finding.ids) == ("error", 1, ("data/train.jsonl:3",))
    assert not report.ok
    assert report.tokens is not None
    assert (report.tokens.classes["no"].rows, report.tokens.classes["no"].lost) == (1, 1)


def test_a_row_that_will_be_dropped_is_a_warning(checked: Callable[..., CheckReport], make_task: MakeTask) -> None:
    limit = sorted(map(sum, lengths(make_task())))[-2]
    report = checked(limit, data={"split": {"valid": 0.0}, "over_length": "drop"})
    [finding] = [each for each in report.findings if each.code == "too_long"]
    assert finding.severity == "warning"
    assert "left out" in finding.message
    assert report.ok


def test_a_class_of_which_no_row_is_left_is_an_error(checked: Callable[..., CheckReport], make_task: MakeTask) -> None:
    limit = sorted(map(sum, lengths(make_task())))[-2]
    train = [row for row in TRAIN if row["label"] == "yes" or len(row["text"]) > 9]
    report = checked(limit, train=train, data={"split": {"valid": 0.0}, "over_length": "drop"})
    [finding] = [each for each in report.findings if each.code == "classes_without_loss"]
    assert finding.severity == "error"
    assert "no" in finding.message


def test_broken_rows_are_mended_before_tokens_are_counted(checked: Callable[..., CheckReport]) -> None:
    report = checked(2048, train=[*TRAIN, {"text": "x", "label": "maybe"}])
    assert report.problem_count == 1
    assert report.tokens is None


def test_they_are_counted_only_when_asked_for(make_task: MakeTask) -> None:
    assert check(make_task(train=TRAIN, test=TEST)).tokens is None
