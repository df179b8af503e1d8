"""What a run starts from: bad input leaves nothing behind, the same start is gone on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.pipeline import evaluate, run
from tasktune.workspace.events import Event
from tasktune.workspace.provenance import read_provenance
from tasktune.workspace.versions import get_version, locked, new_version, versions


@pytest.fixture
def make_task(toy_task_type: str, tmp_path: Path) -> Callable[..., Task]:
    """A toy task over a base that nothing here loads: only the stage ``prepare`` is run."""
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text("{}", "utf-8")
    (tmp_path / "task" / "data").mkdir(parents=True)

    def make(train: Any = 60, **keys: Any) -> Task:
        folder = tmp_path / "task"
        if isinstance(train, int):
            labels = ("yes", "no")
            train = "".join(json.dumps({"text": f"t {n}", "label": labels[n % 2]}) + "\n" for n in range(train))
        (folder / "data" / "train.jsonl").write_text(train, "utf-8")
        definition = {
            "task_name": "example",
            "task_type": toy_task_type,
            "options": {"classes": ["yes", "no"]},
            "training": {"base_model": "../base"},
            **keys,
        }
        (folder / "task.yaml").write_text(json.dumps(definition), "utf-8")
        return load_task(folder)

    return make


MakeTask = Callable[..., Task]


def prepare(task: Task, **keys: Any) -> tuple[str, str]:
    result = run(task, stages=("prepare",), **keys)
    return result.version, result.status


class TestVersions:
    def test_the_same_start_is_unchanged(self, make_task: MakeTask) -> None:
        assert prepare(make_task()) == ("v1", "finished")
        assert prepare(make_task()) == ("v1", "unchanged")

    @pytest.mark.parametrize(
        "change",
        [
            {"train": 61},
            {"options": {"classes": ["yes", "no"], "shout": True}},
            {"training": {"base_model": "../base", "epochs": 1.0}},
            {"data": {"split": {"seed": 1}}},
            {"evaluation": {"decoding": "constrained"}},
        ],
    )
    def test_other_data_or_another_definition_is_a_new_version(
        self, make_task: MakeTask, change: dict[str, Any]
    ) -> None:
        prepare(make_task())
        assert prepare(make_task(**change)) == ("v2", "finished")
        assert prepare(make_task()) == ("v1", "unchanged")

    @pytest.mark.parametrize("change", [{"description": "other words"}, {"versioning": {"strategy": "date"}}])
    def test_what_does_not_change_the_outcome_makes_no_version(
        self, make_task: MakeTask, change: dict[str, Any]
    ) -> None:
        prepare(make_task())
        assert prepare(make_task(**change)) == ("v1", "unchanged")

    def test_another_base_is_a_new_version(self, make_task: MakeTask, tmp_path: Path) -> None:
        prepare(make_task())
        (tmp_path / "base" / "config.json").write_text('{"other": 1}', "utf-8")
        assert prepare(make_task()) == ("v2", "finished")

    def test_a_split_file_that_appears_is_a_new_version(self, make_task: MakeTask, tmp_path: Path) -> None:
        prepare(make_task())
        (tmp_path / "task" / "data" / "test.jsonl").write_text('{"text": "new", "label": "no"}\n', "utf-8")
        assert prepare(make_task())[0] == "v2"

    def test_names_can_be_chosen_and_are_kept(self, make_task: MakeTask) -> None:
        assert prepare(make_task(), version="first") == ("first", "finished")
        assert prepare(make_task(), version="first") == ("first", "unchanged")
        assert prepare(make_task(version="second")) == ("second", "finished")

    def test_a_name_that_is_taken_by_another_start_is_refused(self, make_task: MakeTask) -> None:
        prepare(make_task(), version="first")
        with pytest.raises(InputError) as caught:
            prepare(make_task(61), version="first")
        assert "first exists and started from something else" in caught.value.message
        assert "--version" in str(caught.value.hint)
        assert [version.name for version in versions(make_task().folder)] == ["first"]

    def test_a_version_that_was_never_begun_is_begun_anew(self, make_task: MakeTask) -> None:
        task = make_task()
        (new_version(task.folder, "v1").folder / "rubbish").write_text("x", "utf-8")
        assert prepare(task) == ("v1", "finished")
        assert not (task.folder / "versions" / "v1" / "rubbish").exists()

    def test_the_start_is_recorded(self, make_task: MakeTask) -> None:
        task = make_task()
        prepare(task)
        version = get_version(task.folder, "v1")
        recorded = read_provenance(version)
        rows = (task.folder / "data" / "train.jsonl").read_bytes()
        assert recorded.data == {"data/train.jsonl": hashlib.sha256(rows).hexdigest()}
        assert (recorded.task_type.name, recorded.task_type.origin) == ("toy", "tasktune-toy 0.1.0")
        assert recorded.seeds == {"training.seed": 42, "data.split.seed": 42}
        # Nothing has been computed yet, and the base not been opened.
        assert (recorded.sessions, recorded.finished, recorded.base.files) == ((), None, None)
        assert load_task(version.definition, folder=task.folder).spec == task.spec

    def test_events_of_the_check_are_heard(self, make_task: MakeTask) -> None:
        events: list[Event] = []
        prepare(make_task(versioning={"deploy_target": "ollama"}), on_event=events.append)
        messages = [event.data["text"] for event in events if event.kind == "message"]
        assert any("versioning.deploy_target" in text for text in messages)
        assert any("collect at least 100" in text for text in messages)


class TestRefusals:
    def refused(self, task: Task, **keys: Any) -> InputError:
        with pytest.raises(InputError) as caught:
            run(task, **keys)
        assert caught.value.exit_code == 2
        return caught.value

    def nothing_written(self, folder: Path) -> bool:
        return sorted(path.name for path in folder.iterdir()) == ["data", "task.yaml"]

    def test_bad_rows(self, make_task: MakeTask) -> None:
        task = make_task('{"text": "a", "label": "maybe"}\noops\n')
        error = self.refused(task)
        assert [(problem.file, problem.line) for problem in error.problems] == [
            ("data/train.jsonl", 1),
            ("data/train.jsonl", 2),
        ]
        assert self.nothing_written(task.folder)

    def test_missing_files_are_all_named(self, make_task: MakeTask, tmp_path: Path) -> None:
        task = make_task(data={"train": ["a.jsonl", "data/train.jsonl"], "test": "b.csv"})
        error = self.refused(task)
        assert [problem.message for problem in error.problems] == [
            "a.jsonl is not there",
            "b.csv is not there",
        ]
        assert all(problem.file == str(task.file) for problem in error.problems)
        assert self.nothing_written(task.folder)

    @pytest.mark.parametrize(
        ("base", "says"),
        [
            ("../nowhere", "no folder with a model"),
            ("/nowhere/at/all", "no folder with a model"),
            ("~/no-such-model-here", "no folder with a model"),
            ("Qwen3-4B", "no folder with a model"),
            ("builtin:huge", "no installed distribution offers builtin:huge"),
        ],
    )
    def test_no_such_base(self, make_task: MakeTask, base: str, says: str) -> None:
        task = make_task(training={"base_model": base})
        [problem] = self.refused(task).problems
        assert says in problem.message
        assert problem.path == "training.base_model"
        assert problem.file == str(task.file)
        assert self.nothing_written(task.folder)

    def test_what_this_version_cannot_do(self, make_task: MakeTask) -> None:
        task = make_task(training={"base_model": "../base", "method": "dpo"})
        assert "dpo" in str(self.refused(task))
        assert self.nothing_written(task.folder)

    @pytest.mark.parametrize("name", ["../out", "current", "reproductions", "a b"])
    def test_a_name_that_cannot_be(self, make_task: MakeTask, name: str) -> None:
        task = make_task()
        assert "cannot be a version's name" in self.refused(task, version=name).message
        assert versions(task.folder) == []

    def test_another_run_at_work(self, make_task: MakeTask) -> None:
        task = make_task()
        with locked(task.folder):
            assert "another run is at work" in self.refused(task).message
        assert versions(task.folder) == []


class TestBeginning:
    def test_a_version_begun_by_another_run_in_the_meantime_is_gone_on_with(self, make_task: MakeTask) -> None:
        task = make_task()

        def other_run(event: Event) -> None:
            if event.stage == "check" and event.data.get("status") == "finished":
                assert prepare(task) == ("v1", "finished")

        assert prepare(task, on_event=other_run)[0] == "v1"
        assert [version.name for version in versions(task.folder)] == ["v1"]

    @pytest.mark.parametrize("trained_a_little", [True, False])
    def test_input_that_a_worker_refuses_costs_no_finished_work(
        self, make_task: MakeTask, monkeypatch: pytest.MonkeyPatch, trained_a_little: bool
    ) -> None:
        task = make_task()
        prepare(task)
        if trained_a_little:
            (get_version(task.folder, "v1").checkpoints / "checkpoint-10").mkdir(parents=True)

        def refuse(*_arguments: Any, **_keywords: Any) -> None:
            raise InputError("the network is down")

        monkeypatch.setattr("tasktune.pipeline.stages.run_worker", refuse)
        with pytest.raises(InputError, match="network"):
            run(task)
        assert len(versions(task.folder)) == trained_a_little

    def test_data_that_change_under_the_run_leave_no_version(self, make_task: MakeTask) -> None:
        task = make_task()

        def change(event: Event) -> None:
            if event.stage == "check" and event.data.get("status") == "finished":
                make_task(61)

        with pytest.raises(InputError, match="changed while they were read"):
            prepare(task, on_event=change)
        assert [path.name for path in (task.folder / "versions").iterdir()] == [".lock"]


class TestEvaluate:
    def test_an_untrained_version_is_refused(self, make_task: MakeTask) -> None:
        task = make_task()
        prepare(task)
        with pytest.raises(InputError, match="v1 is not trained yet"):
            evaluate(task, get_version(task.folder, "v1"), "test")

    def test_an_empty_split_is_refused(self, make_task: MakeTask) -> None:
        task = make_task(data={"split": {"valid": 0.0}})
        prepare(task)
        version = get_version(task.folder, "v1")
        version.finish_stage("train")
        with pytest.raises(InputError, match="the valid split of version v1 has no rows"):
            evaluate(task, version, "valid")
