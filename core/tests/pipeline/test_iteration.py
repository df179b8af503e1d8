"""What a new version says of its changes against the one before, and what becomes of versions without weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.locale import use_language
from tasktune.pipeline import RunResult, run
from tasktune.pipeline.iteration import changed_keys
from tasktune.workspace.versions import get_version

MakeTask = Callable[..., Task]
pytestmark = pytest.mark.usefixtures("no_child")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A task with two versions, v2 going on from v1."""
    return Path(shutil.copytree(made, tmp_path / "task"))


def begun(folder: Path, *overrides: str) -> RunResult:
    """A new version that is prepared and no more."""
    return run(load_task(folder, overrides=overrides), stages=("prepare",))


def changes(result: RunResult) -> str:
    return (result.version_dir / "changes.md").read_text("utf-8")


def test_the_first_version_has_notes_and_no_changes(folder: Path) -> None:
    first = get_version(folder, "v1")
    assert not first.changes.exists()
    text = first.notes.read_text("utf-8")
    assert text.startswith("# v1: notes\n\n<!-- Yours to write")


def test_changed_settings_are_told_against_the_newest_trained_version(folder: Path) -> None:
    done = begun(folder, "training.epochs=2", "training.learning_rate=0.002")
    assert done.version == "v3"
    text = changes(done)
    assert text.startswith("# v3: changes against v2\n")
    assert "| training.epochs | 8.0 | 2.0 |" in text
    assert "| training.learning\\_rate | 0.001 | 0.002 |" in text
    # v2 went on from v1, with another seed.
    assert "| training.seed | 7 | 42 |" in text
    assert "| training.start\\_from | v1 | — |" in text
    assert "batch" not in text
    assert "write it here" in text


def test_a_version_that_goes_on_from_another_is_set_beside_that(folder: Path) -> None:
    text = changes(begun(folder, "training.start_from=v1", "training.epochs=2"))
    assert text.startswith("# v3: changes against v1\n")
    assert "seed" not in text


def test_an_unfinished_version_is_no_parent(folder: Path) -> None:
    assert begun(folder, "training.epochs=2").version == "v3"
    done = begun(folder, "training.epochs=3")
    assert changes(done).startswith("# v4: changes against v2\n")


def test_changed_data_are_told_with_rows(folder: Path) -> None:
    path = folder / "data" / "train.jsonl"
    more = [{"text": f"{number} is new and good", "label": "yes"} for number in range(500, 540)]
    path.write_text(path.read_text("utf-8") + "".join(json.dumps(row) + "\n" for row in more), "utf-8")
    text = changes(begun(folder, "training.start_from=v1", "training.seed=7"))
    assert text.startswith("# v3: changes against v1\n")
    assert "| data/train.jsonl | SHA-256 " in text
    assert "| train rows | 60 | 80 |" in text
    assert "| test rows | 48 | 64 |" in text


@pytest.mark.parametrize("damage", ["provenance.json", "task.yaml", "prepared/train.jsonl"])
def test_a_damaged_parent_keeps_no_version_from_being_made(folder: Path, damage: str) -> None:
    (folder / "versions" / "v2" / damage).unlink()
    text = changes(begun(folder, "training.epochs=2"))
    assert text.startswith("# v3: changes against v2\n\nv2 cannot be read: ")
    assert Path(damage).name in text.replace("\\", "")


def test_the_language_is_the_tasks(folder: Path) -> None:
    use_language("en")
    done = begun(folder, "language=zh-TW")
    assert changes(done).startswith("# v3：相對於 v2 的改動\n")
    assert "由你書寫" in (done.version_dir / "notes.md").read_text("utf-8")


def test_notes_are_kept_when_a_run_goes_on(folder: Path) -> None:
    done = begun(folder, "training.epochs=2")
    notes = done.version_dir / "notes.md"
    notes.write_text("mine\n", "utf-8")
    again = run(load_task(folder, overrides=["training.epochs=2"]))
    assert (again.version, again.status, notes.read_text("utf-8")) == ("v3", "finished", "mine\n")


@pytest.mark.parametrize(
    ("then", "now", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1, "c": [1]}}, {"a": {"b": 2, "c": [1]}}, [("a.b", "1", "2")]),
        ({"a": {"b": 1}}, {"a": None}, [("a.b", "1", "—")]),
        ({}, {"a": {"b": True}}, [("a.b", "—", "true")]),
        ({"a": {}}, {"a": {"b": "x"}}, [("a.b", "—", "x")]),
        ({"version": "v1", "versioning": {"strategy": "date"}}, {"version": None}, []),
        ({"a": "x" * 100}, {"a": "y"}, [("a", "x" * 59 + "…", "y")]),
    ],
)
def test_keys_that_changed(then: dict[str, Any], now: dict[str, Any], found: list[tuple[str, str, str]]) -> None:
    assert changed_keys(then, now) == found


class TestPruned:
    @pytest.fixture
    def pruned(self, folder: Path) -> Path:
        version = get_version(folder, "v1")
        version.pruned.write_text("{}", "utf-8")
        shutil.rmtree(version.adapter)
        return folder

    def test_its_definition_is_trained_anew(self, pruned: Path) -> None:
        done = run(load_task(pruned))
        assert (done.version, done.status) == ("v3", "finished")
        assert (done.version_dir / "adapter").is_dir()
        assert "trained_in" not in json.loads((done.version_dir / "training.json").read_text("utf-8"))

    def test_its_name_is_refused(self, pruned: Path) -> None:
        with pytest.raises(InputError, match="the weights of version v1 were pruned"):
            run(load_task(pruned), version="v1")

    def test_nothing_starts_from_it(self, pruned: Path) -> None:
        with pytest.raises(InputError) as caught:
            run(load_task(pruned, overrides=["training.start_from=v1"]))
        [problem] = caught.value.problems
        assert problem.message == "the weights of version v1 were pruned"
        assert problem.hint == "trained versions: v2"
