"""However a step is cut and its rows are laid out, the same is learnt: by tokens, with branches, disturbed or short of
memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tasktune.definition import Task
from tasktune.errors import RunError
from tasktune.pipeline import run
from tasktune.training.at_once import AtOnce, reduced
from tasktune.training.interruption import Interruption
from tasktune.training.out_of_memory import FewerRows
from tasktune.training.record import TrainingRecord, read_record
from tasktune.training.shared_prefix import Way
from tasktune.training.worker import train_version
from tasktune.workspace.events import EventReader
from tasktune.workspace.versions import Version

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
TRAINING = {"learning_rate": 0.003, "checkpoint_steps": 4, "max_steps": 12, "batch_size": 8}
ABOUT = ("the price", "the taste", "the people there", "the way to it")


def about_texts(folder: Path, count: int = 30) -> None:
    """Four questions about each of so many texts, and words of many lengths."""
    rows = []
    for number in range(count):
        text = f"{number} was seen by {'very ' * (number % 7)}many, and they say that it is "
        rows += [
            {"text": f"{text}good. What of {about}?", "label": ("yes", "no")[(number + place) % 2]}
            for place, about in enumerate(ABOUT)
        ]
    (folder / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


class Layouts:
    """Remembers the batches of a run, and may run out of memory at some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.training: list[tuple[int, int]] = []
        """Of every batch with gradients: its sequences and their width."""
        self.limit: int | None = None
        compute = Way.__call__

        def remembered(way: Way, model: Any, batch: Any) -> torch.Tensor:
            if torch.is_grad_enabled():
                self.training.append(tuple(batch["input_ids"].shape))
                if self.limit is not None and len(self.training) > 8 and batch["input_ids"].numel() > self.limit:
                    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
            return compute(way, model, batch)

        monkeypatch.setattr(Way, "__call__", remembered)

    @property
    def tokens(self) -> list[int]:
        return [sequences * width for sequences, width in self.training]


@pytest.fixture
def layouts(monkeypatch: pytest.MonkeyPatch) -> Layouts:
    return Layouts(monkeypatch)


def prepared(make_task: MakeTask, folder: Path, **keys: Any) -> tuple[Task, Version]:
    make_task(folder)
    about_texts(folder)
    # Once written, the rows stay: make_task would write its own.
    rows = (folder / "data" / "train.jsonl").read_text("utf-8")
    training = {**TRAINING, **keys.pop("training", {})}
    data = {"split": {"valid": 0.1, "test": 0.1}, **keys.pop("data", {})}
    task = make_task(folder, training=training, data=data, **keys)
    (folder / "data" / "train.jsonl").write_text(rows, "utf-8")
    return task, Version(run(task, stages=("prepare",)).version_dir)


def trained(make_task: MakeTask, folder: Path, **keys: Any) -> Version:
    task, version = prepared(make_task, folder, **keys)
    train_version(task, version, Interruption())
    return version


def same(one: Version, other: Version) -> None:
    first, second = read_record(one.training), read_record(other.training)
    assert second.steps == first.steps
    for name in ("loss", "eval_loss", "grad_norm"):
        assert values(first, name)
        assert values(second, name) == pytest.approx(values(first, name), rel=2e-4), name
    expected = load_file(one.adapter / "adapter_model.safetensors")
    for name, weight in load_file(other.adapter / "adapter_model.safetensors").items():
        assert (weight - expected[name]).norm() <= 2e-3 * expected[name].norm() + 1e-5, name


def values(record: TrainingRecord, name: str) -> list[float]:
    return [value for _step, value in record.curve(name)]


def branches(version: Version) -> bool:
    [started] = [e.data for e in EventReader(version.events).new() if e.stage == "train" and "branches" in e.data]
    return bool(started["branches"])


@pytest.mark.parametrize("keys", [{}, {"gradient_accumulation": 3, "batch_size": 3}], ids=["one", "accumulated"])
def test_a_step_that_is_cut_by_tokens_is_the_same_step(
    make_task: MakeTask, tmp_path: Path, layouts: Layouts, keys: dict[str, Any]
) -> None:
    # Evaluated after each epoch, whose last step is short.
    off = {**keys, "prefix_sharing": "off"}
    whole = trained(make_task, tmp_path / "whole", training=off)
    longest = max(width for _sequences, width in layouts.training)
    layouts.training.clear()
    cut = trained(make_task, tmp_path / "cut", training={**off, "batch_tokens": 3 * longest})
    same(whole, cut)
    assert max(layouts.tokens) <= 3 * longest
    assert max(sequences for sequences, _width in layouts.training) >= 3


def test_rows_that_share_a_text_are_learnt_as_if_alone(make_task: MakeTask, tmp_path: Path, layouts: Layouts) -> None:
    plain = trained(make_task, tmp_path / "plain", training={"prefix_sharing": "off"})
    assert not branches(plain)
    layouts.training.clear()
    natural = trained(make_task, tmp_path / "natural")
    same(plain, natural)
    assert branches(natural)
    computed = sum(layouts.tokens)
    layouts.training.clear()
    grouped = trained(make_task, tmp_path / "grouped", training={"sampling": "grouped"})
    assert branches(grouped)
    assert sum(layouts.tokens) < 0.9 * computed
    assert read_record(grouped.training).steps == read_record(plain.training).steps


@pytest.mark.parametrize("method", ["dpo", "orpo"])
def test_pairs_of_one_text_share_it_too(
    make_task: MakeTask, tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name, keys in (("plain", {"prefix_sharing": "off"}), ("cut", {"batch_tokens": 400})):
        folder = tmp_path / name
        make_task(folder)
        about_texts(folder)
        rows = [json.loads(line) for line in (folder / "data" / "train.jsonl").read_text("utf-8").splitlines()]
        other = {"yes": "no", "no": "yes"}
        pairs = [{"text": r["text"] + "!", "chosen": r["label"], "rejected": other[r["label"]]} for r in rows[:64]]
        (folder / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs), "utf-8")
        training = {**keys, "method": method}
        found.append(trained(make_task, folder, training=training, data={"pairs": "pairs.jsonl"}))
    same(*found)


def test_a_run_cut_by_tokens_goes_on_exactly_where_it_stopped(
    make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"training": {"batch_tokens": 300, "sampling": "grouped"}}
    undisturbed = trained(make_task, tmp_path / "undisturbed", **keys)
    task, version = prepared(make_task, tmp_path / "disturbed", **keys)
    interruption = Interruption()
    compute, batches = Way.__call__, 0

    def counted(way: Way, model: Any, batch: Any) -> torch.Tensor:
        nonlocal batches
        batches += torch.is_grad_enabled()
        interruption.requested = batches > 20
        return compute(way, model, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Way, "__call__", counted)
        with pytest.raises(KeyboardInterrupt):
            train_version(task, version, interruption)
    assert not version.training.exists()
    train_version(task, version, Interruption())
    name = "adapter/adapter_model.safetensors"
    assert (version.folder / name).read_bytes() == (undisturbed.folder / name).read_bytes()
    for kind in ("loss", "eval_loss", "grad_norm"):
        assert values(read_record(version.training), kind) == values(read_record(undisturbed.training), kind)


def test_where_memory_runs_out_half_the_tokens_learn_the_same(
    make_task: MakeTask, tmp_path: Path, layouts: Layouts
) -> None:
    keys = {"training": {"batch_tokens": 800, "prefix_sharing": "off"}}
    whole = trained(make_task, tmp_path / "whole", **keys)
    layouts.training.clear()
    layouts.limit = 450
    task, version = prepared(make_task, tmp_path / "little", **keys)
    with pytest.raises(FewerRows):
        train_version(task, version, Interruption())
    assert reduced(version) == AtOnce(tokens=400)
    layouts.training.clear()
    train_version(task, version, Interruption())
    assert max(layouts.tokens) <= 400
    same(whole, version)


def test_when_a_row_alone_is_too_much_it_says_what_would_fit(
    make_task: MakeTask, tmp_path: Path, layouts: Layouts
) -> None:
    layouts.limit = 10
    task, version = prepared(make_task, tmp_path / "task", training={"batch_tokens": 30})
    with pytest.raises(RunError, match=r"1 rows of up to \d+ tokens at a time; by tune plan they take"):
        train_version(task, version, Interruption())
    assert reduced(version) is None


def test_where_no_rows_share_more_grouping_is_told_to_be_of_no_use(make_task: MakeTask, tmp_path: Path) -> None:
    # Every text of this task begins with a number of its own.
    task = make_task(tmp_path / "task", training={**TRAINING, "max_steps": 2, "sampling": "grouped"})
    version = Version(run(task, stages=("prepare",)).version_dir)
    train_version(task, version, Interruption())
    said = [event.data["text"] for event in EventReader(version.events).new() if event.kind == "message"]
    assert "no rows can be computed behind one copy of what only they share; sampling is natural" in said
    assert not branches(version)
