"""Causes of failure, planted one at a time into a task that the built-in model learns: the diagnosis names each."""

from __future__ import annotations

import json
import random
import re
import runpy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.records import Split
from tasktune.definition import Task, load_task
from tasktune.evaluation.score import Evaluation
from tasktune.improve.diagnosis import diagnosis_of
from tasktune.locale import current_language, use_language
from tasktune.pipeline import evaluate, run
from tasktune.training.interruption import Interruption
from tasktune.training.session import recorded
from tasktune.training.worker import evaluate_version, train_version
from tasktune.types import Finding
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version, get_version

pytestmark = [
    pytest.mark.slow,
    pytest.mark.causes,
    # peft looks for the base's configuration under the name that we give it, with a network or without.
    pytest.mark.filterwarnings("ignore:Could not find a config file"),
    pytest.mark.filterwarnings("ignore:Unable to fetch remote file"),
]
ROOT = Path(__file__).resolve().parent.parent

WORDS = {
    "交通": ("公車", "捷運", "路口", "渡輪"),
    "天氣": ("颱風", "豪雨", "寒流", "濃霧"),
    "飲食": ("便當", "豆漿", "火鍋", "麵線"),
}
PLACES = ("東區", "西岸", "南門", "北街", "中山路", "河濱", "港邊", "山腳")
TIMES = ("今早", "昨晚", "上週", "週末", "前天", "午後")
FORMS = (
    "{time}在{place}聽人說起{word}的事",
    "{place}的讀者{time}來信談{word}",
    "關於{word}，{place}{time}有新消息",
    "{time}{place}的{word}讓大家議論紛紛",
    "請問{place}{time}的{word}情況如何",
    "{word}成了{place}{time}的話題",
)
Rows = list[dict[str, Any]]
SIZES: Mapping[Split, int] = {"train": 192, "valid": 18, "test": 48}


def letters(count: int, seed: int = 0) -> Rows:
    """Readers' letters, each about one of three subjects; no two are alike."""
    dice = random.Random(seed)
    of = {}
    for label, words in WORDS.items():
        of[label] = [
            form.format(word=word, place=place, time=time)
            for word in words
            for place in PLACES
            for time in TIMES
            for form in FORMS
        ]
        dice.shuffle(of[label])
    labels = list(WORDS)
    return [{"text": of[labels[n % 3]].pop(), "label": labels[n % 3]} for n in range(count)]


@dataclass
class Plan:
    """A task that is learnt, to be spoiled: its definition and its rows."""

    definition: dict[str, Any]
    splits: dict[Split, Rows] = field(default_factory=dict)
    before: Callable[[Path], Path] | None = None
    """Makes the folder ``base`` of the task."""
    after_training: Callable[[Version], None] | None = None

    @property
    def training(self) -> dict[str, Any]:
        found: dict[str, Any] = self.definition["training"]
        return found

    @property
    def train(self) -> Rows:
        return self.splits["train"]

    @property
    def test(self) -> Rows:
        return self.splits["test"]


def healthy() -> Plan:
    """A task whose rows, rate and length are as they should be."""
    rows = letters(sum(SIZES.values()))
    splits: dict[Split, Rows] = {}
    for split, size in SIZES.items():
        splits[split], rows = rows[:size], rows[size:]
    definition = {
        "task_name": "letters",
        "task_type": "classification",
        "language": "en",
        "options": {"labels": list(WORDS)},
        "training": {
            "base_model": "builtin:tiny",
            "epochs": 4,
            "learning_rate": 2e-3,
            "batch_size": 8,
            "precision": "fp32",
            "max_length": 256,
            "checkpoint_steps": 1000,
        },
        "success_criteria": {"primary_metric": "macro_f1", "threshold": 0.9},
    }
    return Plan(definition, splits)


def too_few_rows(plan: Plan) -> None:
    plan.splits["train"] = plan.train[:18]


def one_starved_class(plan: Plan) -> None:
    starved = [row for row in plan.train if row["label"] == "飲食"][3:]
    plan.splits["train"] = [row for row in plan.train if row not in starved]


def rate_too_high(plan: Plan) -> None:
    plan.training["learning_rate"] *= 100


def rate_too_low(plan: Plan) -> None:
    plan.training["learning_rate"] /= 1000


def one_epoch(plan: Plan) -> None:
    plan.training["epochs"] = 1
    plan.training["learning_rate"] = 5e-4


def rank_one(plan: Plan) -> None:
    plan.training["lora"] = {"r": 1, "target_modules": ["q_proj"]}


def rows_left_out(plan: Plan) -> None:
    """Letters on one subject are long, and the limit leaves them out."""
    for row in plan.train:
        if row["label"] == "天氣":
            row["text"] += "，" + row["text"] * 3
    plan.training["max_length"] = 160
    plan.definition["data"] = {"over_length": "drop"}


def leaked_test_rows(plan: Plan) -> None:
    plan.train.extend({**row, "text": row["text"] + "！"} for row in plan.test[:12])


def another_template_since(plan: Plan) -> None:
    def change(version: Version) -> None:
        text = version.definition.read_text("utf-8")
        changed = re.sub("(?m)^system_prompt:.*$", "system_prompt: 請回答。", text)
        assert changed != text
        version.definition.write_text(changed, "utf-8")

    plan.after_training = change


def contradicting_copies(plan: Plan) -> None:
    other = {"交通": "天氣", "天氣": "飲食", "飲食": "交通"}
    plan.train.extend({"text": row["text"] + "。", "label": other[row["label"]]} for row in plan.train[:120])


def labels_flipped(plan: Plan) -> None:
    """One label in ten is another one."""
    other = {"交通": "天氣", "天氣": "飲食", "飲食": "交通"}
    for row in plan.train[::10]:
        row["label"] = other[row["label"]]


def label_not_in_train(plan: Plan) -> None:
    plan.splits["train"] = [row for row in plan.train if row["label"] != "飲食"]


def answers_cut_off(plan: Plan) -> None:
    plan.definition["evaluation"] = {"max_new_tokens": 2}


def texts_cut_off(plan: Plan) -> None:
    """An export kept the first characters only; what the letter is about comes later."""
    greeting = "編輯先生您好，我是貴報多年的忠實老讀者，每天都看，"
    number = 1000
    for rows in plan.splits.values():
        for row in rows:
            number += 1
            opening = f"第{number}號來信："
            # A few letters are short enough to come through whole.
            row["text"] = (opening + greeting + row["text"])[:28] if number % 5 else opening + row["text"][:15]


def long_prompts(plan: Plan) -> None:
    rule = "條：讀者來信請先看清楚全文再判斷，遇到不確定的情形時，以信中主要談論的事物為準。"
    rules = "".join(f"第{number}{rule}" for number in range(40))
    plan.definition["system_prompt"] = "你是報社的分信員。" + rules
    plan.training.update(max_length=2048, epochs=1)


def learnt_by_heart(plan: Plan) -> None:
    plan.splits["train"] = plan.train[:24]
    plan.training.update(epochs=30, monitor={"eval_steps": 15})


def base_of_another_language(plan: Plan) -> None:
    """A vocabulary of single bytes, three of which make a Chinese character."""
    make_base = runpy.run_path(str(ROOT / "core" / "tests" / "tiny_base.py"))["make_base"]
    plan.training.update(base_model="base", max_length=512, epochs=1)
    plan.before = make_base


CAUSES: dict[str, tuple[Callable[[Plan], None], set[str]]] = {
    "too few rows": (too_few_rows, {"few-training-rows"}),
    "one starved class": (one_starved_class, {"starved-class", "class-imbalance"}),
    "learning rate 100 times too high": (rate_too_high, {"learning-rate-too-high"}),
    "learning rate 1000 times too low": (rate_too_low, {"learning-rate-too-low"}),
    "one epoch": (one_epoch, {"undertrained"}),
    "rank 1": (rank_one, {"low-rank"}),
    "rows left out for their length": (rows_left_out, {"dropped-rows"}),
    "test rows in train": (leaked_test_rows, {"train-rows-in-test"}),
    "another template since training": (another_template_since, {"prompts-changed"}),
    "contradicting copies": (contradicting_copies, {"contradicting-rows"}),
    "one label in ten flipped": (labels_flipped, {"label-noise"}),
    "a label that train lacks": (label_not_in_train, {"unseen-classes"}),
    "answers cut off": (answers_cut_off, {"cut-answers"}),
    "texts cut off": (texts_cut_off, {"cut-texts"}),
    "long prompts": (long_prompts, {"long-prompts"}),
    "learnt by heart": (learnt_by_heart, {"overfitting"}),
    "a base of another language": (base_of_another_language, {"base-does-not-fit"}),
}


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    use_language("en")
    yield
    use_language(before)


def work_here(
    stage: str, version: Version, task: Task, on_event: Callable[[Event], None], *, split: Split = "test"
) -> None:
    """A worker's work in this process, which has imported torch already."""
    loaded = load_task(version.definition, folder=task.folder)
    if stage == "train":
        with recorded(loaded, version, "train"):
            train_version(loaded, version, Interruption())
    else:
        with recorded(loaded, version, "evaluate", split):
            evaluate_version(loaded, version, split, Interruption())


def run_it(plan: Plan, folder: Path) -> tuple[Version, Evaluation]:
    """Write the task down and run it from end to end."""
    (folder / "data").mkdir(parents=True)
    (folder / "task.yaml").write_text(json.dumps(plan.definition), "utf-8")
    for split, rows in plan.splits.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "data" / f"{split}.jsonl").write_text(lines, "utf-8")
    if plan.before is not None:
        plan.before(folder / "base")
    task = load_task(folder)
    if plan.after_training is None:
        result = run(task)
        assert result.evaluation is not None
        return Version(result.version_dir), result.evaluation
    version = Version(run(task, stages=("prepare", "train")).version_dir)
    plan.after_training(version)
    return version, evaluate(load_task(version.definition, folder=folder), version, "test")


def diagnosed(folder: Path, version: str) -> list[Finding]:
    """What `tune diagnose` finds."""
    return list(diagnosis_of(load_task(folder), get_version(folder, version)).findings)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasktune.pipeline.stages.run_worker", work_here)


def test_there_are_causes_enough() -> None:
    assert len(CAUSES) >= 15


@pytest.mark.parametrize("name", CAUSES)
def test_a_planted_cause_is_named_among_the_first_three(name: str, tmp_path: Path) -> None:
    plant, codes = CAUSES[name]
    plan = healthy()
    plant(plan)
    version, evaluation = run_it(plan, tmp_path / "letters")
    found = [finding.code for finding in evaluation.findings]
    assert codes & set(found[:3]), found
    named = next(finding for finding in evaluation.findings if finding.code in codes)
    assert named.actions
    assert named.reference is not None
    # The report and the command go by the same rules.
    assert [finding.code for finding in diagnosed(tmp_path / "letters", version.name)][:3] == found[:3]
    assert named.message in (version.evaluation / "report.md").read_text("utf-8").replace("\\", "")


def test_a_healthy_run_has_nothing_grave(tmp_path: Path) -> None:
    version, evaluation = run_it(healthy(), tmp_path / "letters")
    assert evaluation.met
    assert [finding for finding in evaluation.findings if finding.severity == "error"] == []
    assert [finding for finding in diagnosed(tmp_path / "letters", version.name) if finding.severity == "error"] == []
