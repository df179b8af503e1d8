"""The trainings of a learning curve, for real: which rows they get, where they lie, and how they go on."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.evaluation.outputs import read_evaluation
from tasktune.improve.learning_curve.runs import learning_curve
from tasktune.pipeline import stages
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version, versions

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
FRACTIONS = [0.2, 0.5, 1.0]
TRAINING = {"max_steps": 4, "checkpoint_steps": 100}


class Spy:
    """Does the worker's work, and remembers the rows that each training was given."""

    def __init__(self, work: Any) -> None:
        self._work = work
        self.rows: dict[str, dict[str, list[str]]] = {}
        self.stop_at: int | None = None

    def __call__(self, stage: str, version: Version, task: Task, on_event: Callable[[Event], None], **how: Any) -> None:
        if stage == "train":
            if self.stop_at == len(self.rows):
                raise KeyboardInterrupt
            files = {path.stem: path for path in version.prepared.glob("*.jsonl")}
            self.rows[version.name] = {name: path.read_text("utf-8").splitlines() for name, path in files.items()}
        self._work(stage, version, task, on_event, **how)


@pytest.fixture
def spy(no_child: None, monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy(stages.run_worker)
    monkeypatch.setattr(stages, "run_worker", spy)
    return spy


def test_parts_grow_nested_and_stratified_beside_the_same_test_rows(make_task: MakeTask, spy: Spy) -> None:
    task = make_task(training=TRAINING)
    curve, folder = learning_curve(task, FRACTIONS, 2)
    assert folder.parent == task.folder / "curve"
    assert versions(task.folder) == []
    sizes = [20, 50, 100]
    assert [(point.rows, point.seed) for point in curve.points] == [(n, s) for n in sizes for s in (42, 43)]
    assert list(spy.rows) == [f"rows-{n}-seed-{s}" for n in sizes for s in (42, 43)]
    for seed in (42, 43):
        parts = [spy.rows[f"rows-{n}-seed-{seed}"] for n in sizes]
        for part, size in zip(parts, sizes, strict=True):
            assert len(part["train"]) == size
            classes = Counter(json.loads(line)["target"] for line in part["train"])
            assert abs(classes["yes"] - size / 2) <= 1
            assert part["test"] == parts[0]["test"]
            assert part["valid"] == parts[0]["valid"]
        for smaller, larger in itertools.pairwise(parts):
            assert set(smaller["train"]) < set(larger["train"])
    assert set(spy.rows["rows-20-seed-42"]["train"]) != set(spy.rows["rows-20-seed-43"]["train"])
    for point in curve.points:
        version = Version(folder / f"rows-{point.rows}-seed-{point.seed}")
        assert read_evaluation(version).metrics.values["accuracy"] == point.score
        assert point.low <= point.score <= point.high
        assert load_task(version.definition, folder=task.folder).spec.training.seed == point.seed
        assert not version.adapter.exists()
        assert not version.prepared.exists()
        state = version.state()
        assert state is not None
        assert state.finished
    assert curve.verdict.why == "few points" or curve.verdict.answer == "reached"


def test_what_is_done_is_not_done_again(make_task: MakeTask, spy: Spy) -> None:
    task = make_task(training=TRAINING)
    spy.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        learning_curve(task, FRACTIONS, 1)
    assert list(spy.rows) == ["rows-20-seed-42", "rows-50-seed-42"]
    spy.stop_at = None
    curve, _folder = learning_curve(task, FRACTIONS, 1)
    assert list(spy.rows) == ["rows-20-seed-42", "rows-50-seed-42", "rows-100-seed-42"]
    again, _folder = learning_curve(task, FRACTIONS, 1)
    assert again == curve
    assert len(spy.rows) == 3
    # More seeds and parts only add to what is there; what trains differently is another curve.
    learning_curve(task, [0.2, 0.5], 2)
    assert len(spy.rows) == 5
    other = load_task(task.file, overrides=["training.learning_rate=0.002"])
    learning_curve(other, [0.2], 1)
    assert len(list((task.folder / "curve").iterdir())) == 2


def test_pairs_grow_where_they_are_what_is_learnt(make_task: MakeTask, spy: Spy, tmp_path: Path) -> None:
    task = make_task(training=TRAINING)
    rows = [json.loads(line) for line in (task.folder / "data" / "train.jsonl").read_text("utf-8").splitlines()]
    other = {"yes": "no", "no": "yes"}
    pairs = [{"text": f"{r['text']} so", "chosen": r["label"], "rejected": other[r["label"]]} for r in rows[:60]]
    (task.folder / "data" / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs), "utf-8")
    preferring = load_task(task.file, overrides=["training.method=dpo", "data.pairs=data/pairs.jsonl"])
    curve, _folder = learning_curve(preferring, [0.5], 1)
    assert curve.rows == 60
    [given] = spy.rows.values()
    assert len(given["pairs"]) == 30
    assert len(given["train"]) == 100


def test_too_few_rows_leave_nothing(make_task: MakeTask, spy: Spy) -> None:
    task = make_task(count=60, training=TRAINING)
    with pytest.raises(InputError, match="30 training rows are too few for a learning curve"):
        learning_curve(task, FRACTIONS, 1)
    assert list((task.folder / "curve").iterdir()) == []
    assert spy.rows == {}
