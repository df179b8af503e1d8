"""``tune run --reproduce``: a version is made again of what it was made of, or what is missing is said."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tasktune.cli.root import tune
from tasktune.definition import load_task
from tasktune.pipeline import run
from tasktune.pipeline.comparison import compare
from tasktune.pipeline.reproduce import as_it_was
from tasktune.workspace.provenance import read_provenance
from tasktune.workspace.versions import Version, get_version, locked, versions

pytestmark = pytest.mark.slow
Reproduce = Callable[..., Result]
# conftest.Finished, which importlib mode gives no name to import it by.
Finished = Any


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the task with the versions v1 and v2."""
    return Path(shutil.copytree(made, tmp_path / "task"))


@pytest.fixture
def reproduce(folder: Path, no_child: None, monkeypatch: pytest.MonkeyPatch) -> Reproduce:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def call(*words: object) -> Result:
        return CliRunner().invoke(tune, ["run", "--lang", "en", *map(str, words)], prog_name="tune")

    return call


@pytest.fixture
def no_worker(reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch) -> Reproduce:
    """As ``reproduce``, where nothing may be trained or generated."""

    def refuse(*_arguments: Any, **_keywords: Any) -> None:
        pytest.fail("a worker was started")

    monkeypatch.setattr("tasktune.pipeline.stages.run_worker", refuse)
    return reproduce


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def change(file: Path, edit: Callable[[Any], None]) -> None:
    """Change the value in a JSON file."""
    value = json.loads(file.read_text("utf-8"))
    edit(value)
    file.write_text(json.dumps(value), "utf-8")


def reproduction(folder: Path, name: str = "v1") -> Version:
    return Version(folder / "versions" / "reproductions" / name)


class TestMadeAgain:
    def test_bit_for_bit_and_the_version_stays_as_it_is(self, folder: Path, reproduce: Reproduce) -> None:
        before = contents(folder / "versions" / "v1")
        done = reproduce("--reproduce", "v1")
        assert done.exit_code == 0, done.output
        assert "v1 is reproduced bit for bit" in done.stdout
        assert "environment" not in done.stdout
        assert "results may differ" not in done.stderr
        assert contents(folder / "versions" / "v1") == before
        again = reproduction(folder)
        for name in ("adapter/adapter_model.safetensors", "evaluation/predictions.jsonl", "prepared/train.jsonl"):
            assert (again.folder / name).read_bytes() == before[name]
        # It was trained, not taken over, and is no version that anything is taken over from.
        assert "trained_in" not in json.loads(again.training.read_text("utf-8"))
        assert [event for event in again.events.read_text("utf-8").splitlines() if '"progress"' in event]
        assert [version.name for version in versions(folder)] == ["v1", "v2"]
        assert run(load_task(folder)).status == "unchanged"

    def test_what_is_kept_says_what_was_compared(self, folder: Path, reproduce: Reproduce) -> None:
        done = reproduce("--reproduce", "versions/v1", "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        kept = json.loads((reproduction(folder).evaluation / "reproduction.json").read_text("utf-8"))
        assert told == {"status": "finished", "reproduced": True, "folder": str(reproduction(folder).folder), **kept}
        assert kept["level"] == "identical"
        assert kept["rows"] == {"train": True, "valid": True, "test": True}
        assert kept["weights"] == kept["weights_now"]
        assert kept["weights"].keys() == {"adapter/adapter_model.safetensors"}
        assert (kept["loss"]["steps"], kept["loss"]["largest"]) == (6, 0.0)
        assert {metric["name"] for metric in kept["metrics"]} == {"accuracy", "parsed", "wrong"}
        assert (kept["predictions"]["rows"], kept["predictions"]["different"]) == (48, 0)
        assert kept["environment"] == []
        page = (reproduction(folder).evaluation / "reproduction.md").read_text("utf-8")
        assert page.startswith("# Reproduction of v1\n")
        assert "bit for bit" in page
        assert (reproduction(folder).evaluation / "report.md").exists()

    def test_a_second_time_there_is_nothing_to_train(
        self, folder: Path, reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert reproduce("--reproduce", "v1").exit_code == 0
        before = contents(reproduction(folder).folder)
        program = (
            "import sys; from tasktune.cli import main\n"
            "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
            "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
        )
        words = [sys.executable, "-c", program, "run", "--lang", "en", "--reproduce", "v1"]
        said = subprocess.run(words, capture_output=True, check=True, text=True).stdout
        assert said.startswith("v1 was made again in this environment already")
        assert "v1 is reproduced bit for bit" in said
        modules = set(said.splitlines()[-1].split())
        assert not modules & {"torch", "transformers", "trl", "datasets", "sklearn", "fabric"}
        assert contents(reproduction(folder).folder) == before

    def test_a_version_that_goes_on_from_another(self, folder: Path, reproduce: Reproduce) -> None:
        recorded = read_provenance(get_version(folder, "v2"))
        assert recorded.start_from is not None
        assert recorded.start_from.version == "v1"
        assert recorded.seeds["training.seed"] == 7
        done = reproduce("--reproduce", folder / "versions" / "v2")
        assert done.exit_code == 0, done.output
        assert "v2 is reproduced bit for bit" in done.stdout

    def test_a_model_that_was_taken_over_is_trained(self, folder: Path, reproduce: Reproduce) -> None:
        taken = run(load_task(folder, overrides=["evaluation.batch_size=3"]))
        assert json.loads((taken.version_dir / "training.json").read_text("utf-8"))["trained_in"] == "v1"
        done = reproduce("--reproduce", "v3", "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["level"] == "identical"
        assert "trained_in" not in json.loads(reproduction(folder, "v3").training.read_text("utf-8"))

    def test_interrupted_it_goes_on(self, folder: Path, reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch) -> None:
        import tasktune.pipeline.stages as stages

        work = stages.run_worker
        stopped: list[str] = []

        def stop_once(stage: Any, *arguments: Any, **keywords: Any) -> None:
            if stage == "evaluate" and not stopped:
                stopped.append(stage)
                raise KeyboardInterrupt
            work(stage, *arguments, **keywords)

        monkeypatch.setattr(stages, "run_worker", stop_once)
        done = reproduce("--reproduce", "v1")
        assert done.exit_code == 130
        assert "the same command goes on where this one stopped" in done.stderr
        weights = reproduction(folder).adapter / "adapter_model.safetensors"
        written = weights.stat().st_mtime_ns
        done = reproduce("--reproduce", "v1")
        assert done.exit_code == 0, done.output
        assert "train: already done" in done.stderr
        assert weights.stat().st_mtime_ns == written
        assert [each.stage for each in read_provenance(reproduction(folder)).sessions] == ["train", "evaluate"]

    def test_half_of_it_in_another_environment_is_not_gone_on_with(
        self, folder: Path, reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert reproduce("--reproduce", "v1").exit_code == 0
        again = reproduction(folder)
        state = again.state()
        assert state is not None
        again.set_state(state.model_copy(update={"finished": False, "stages_done": ("prepare",)}))
        monkeypatch.setenv("TASKTUNE_ELSEWHERE", "yes")
        done = reproduce("--reproduce", "v1")
        assert done.exit_code == 0, done.output
        assert "what was begun in another environment is left" in done.stderr
        assert "train: finished" in done.stderr
        assert len(read_provenance(again).sessions) == 2


def test_by_workers_of_its_own(finished: Finished, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.task.folder, tmp_path / "task")
    done = CliRunner().invoke(tune, ["run", str(folder), "--reproduce", "v1", "--json"], prog_name="tune")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["status"], told["level"], told["environment"]) == ("finished", "identical", [])
    weights = reproduction(folder).adapter / "adapter_model.safetensors"
    assert weights.read_bytes() == finished.file("adapter/adapter_model.safetensors")


class TestAnotherEnvironment:
    def test_every_difference_is_said(self, folder: Path, reproduce: Reproduce) -> None:
        def older(provenance: Any) -> None:
            for session in provenance["sessions"]:
                session["environment"]["packages"]["torch"] = "1.0.0"
                session["environment"]["device"]["threads"] = 77

        change(folder / "versions" / "v1" / "provenance.json", older)
        done = reproduce("--reproduce", "v1")
        assert done.exit_code == 0, done.output
        assert "warning: this is not the environment in which v1 was made, so results may differ" in done.stderr
        assert "torch: 1.0.0 then, " in done.stderr
        # Threads are torch's to tell: the command does not import it, the worker does.
        assert "CPU threads" not in done.stderr
        kept = json.loads((reproduction(folder).evaluation / "reproduction.json").read_text("utf-8"))
        assert {(each["name"], each["then"]) for each in kept["environment"]} == {
            ("torch", "1.0.0"),
            ("CPU threads", "77"),
        }
        assert "1.0.0" in done.stdout
        assert "CPU threads" in done.stdout
        assert "| torch | 1.0.0 |" in (reproduction(folder).evaluation / "reproduction.md").read_text("utf-8")

    def test_a_base_of_unknown_commit_is_said(
        self, folder: Path, reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        version = get_version(folder, "v1")
        name = read_provenance(version).base.name
        version.definition.write_text(version.definition.read_text("utf-8").replace(name, "org/name"), "utf-8")
        change(version.provenance, lambda provenance: provenance.update(base={"name": "org/name"}))

        def stop(*_arguments: Any, **_keywords: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("tasktune.pipeline.stages.run_worker", stop)
        done = reproduce("--reproduce", "v1")
        assert done.exit_code == 130
        assert "warning: which commit of org/name v1 was made of is not known" in done.stderr

    @pytest.mark.parametrize("commit", ["0123456789" * 4, "abcdef0123" * 4, "1e10" * 10])
    def test_a_base_on_the_hub_is_pinned_to_its_commit(self, folder: Path, commit: str) -> None:
        version = get_version(folder, "v1")
        change(version.provenance, lambda provenance: provenance["base"].update(files=None, commit=commit))
        assert as_it_was(version).spec.training.revision == commit


class TestRefused:
    def refused(self, done: Result, folder: Path) -> str:
        assert done.exit_code == 2, done.output
        assert done.stdout == ""
        assert not (folder / "versions" / "reproductions").exists()
        return done.stderr

    def test_everything_that_changed_is_named_at_once(self, folder: Path, no_worker: Reproduce) -> None:
        data = folder / "data" / "train.jsonl"
        recorded = read_provenance(get_version(folder, "v2"))
        data.write_text(data.read_text("utf-8") + '{"text": "new", "label": "yes"}\n', "utf-8")
        (folder / "data" / "test.jsonl").write_text('{"text": "unseen", "label": "yes"}\n', "utf-8")
        weights = folder / "versions" / "v1" / "adapter" / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes() + b" ")

        def other(provenance: Any) -> None:
            provenance["base"]["files"]["config.json"] = "ab" * 32
            provenance["base"]["files"]["gone.json"] = "cd" * 32
            provenance["task_type"]["code"] = "ef" * 32

        change(folder / "versions" / "v2" / "provenance.json", other)
        said = self.refused(no_worker("--reproduce", "v2"), folder)
        assert "version v2 cannot be made again from what is here" in said
        then = recorded.data["data/train.jsonl"]
        assert f"data/train.jsonl: has changed: v2 was made with SHA-256 {then}, now it is " in said
        assert "data/test.jsonl: was not there when v2 was made (move it away" in said
        assert f"config.json of the base model is not that of v2: SHA-256 {'ab' * 32} then" in said
        assert "gone.json of the base model is not that of v2" in said
        assert "the weights of v1 are not what they were" in said
        assert "the code of the task type toy has changed since v2" in said
        assert "tasktune-toy 0.1.0 (SHA-256 efefefefefef…)" in said
        assert said.count("\n  ") == 6

    def test_a_file_that_is_gone(self, folder: Path, no_worker: Reproduce) -> None:
        then = read_provenance(get_version(folder, "v1")).data["data/train.jsonl"]
        (folder / "data" / "train.jsonl").unlink()
        said = self.refused(no_worker("--reproduce", "v1"), folder)
        assert f"data/train.jsonl: is not there; v1 was made with SHA-256 {then} (bring back the file" in said

    def test_a_base_that_was_on_the_hub_and_is_a_folder(self, folder: Path, no_worker: Reproduce) -> None:
        version = get_version(folder, "v1")
        change(version.provenance, lambda provenance: provenance["base"].update(files=None))
        assert "was found in another place when v1 was made" in self.refused(no_worker("--reproduce", "v1"), folder)

    def test_a_base_and_a_start_that_are_gone(self, folder: Path, no_worker: Reproduce) -> None:
        definition = folder / "versions" / "v2" / "task.yaml"
        name = read_provenance(get_version(folder, "v2")).base.name
        definition.write_text(definition.read_text("utf-8").replace(name, "./nowhere"), "utf-8")
        shutil.rmtree(folder / "versions" / "v1")
        said = self.refused(no_worker("--reproduce", "v2"), folder)
        assert "./nowhere is no folder with a model" in said
        assert "has no version v1; versions: v2" in said

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["--reproduce", "v1", "--set", "training.seed=1", "--version", "v9"], "without --set, --version"),
            (["--reproduce", "v7"], "has no version v7; versions: v1, v2"),
            (["--reproduce", "data/v1"], "data/v1 is no version's folder"),
            (["--reproduce", "../v1"], "../v1 is no version's folder"),
            (["--reproduce", ".."], "cannot be a version's name"),
        ],
    )
    def test_a_command_line_that_means_no_version(
        self, folder: Path, no_worker: Reproduce, words: list[str], says: str
    ) -> None:
        assert says in self.refused(no_worker(*words), folder)

    def test_a_version_of_another_task(self, folder: Path, no_worker: Reproduce, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "other")
        done = no_worker(folder, "--reproduce", tmp_path / "other" / "versions" / "v1")
        assert "is no version of" in self.refused(done, folder)

    def test_a_version_that_is_not_finished(self, folder: Path, no_worker: Reproduce) -> None:
        version = get_version(folder, "v1")
        state = version.state()
        assert state is not None
        version.set_state(state.model_copy(update={"finished": False}))
        assert "version v1 is not finished" in self.refused(no_worker("--reproduce", "v1"), folder)

    def test_a_provenance_that_cannot_be_read(self, folder: Path, no_worker: Reproduce) -> None:
        (folder / "versions" / "v1" / "provenance.json").write_text('{"plugin": "x"}', "utf-8")
        said = self.refused(no_worker("--reproduce", "v1"), folder)
        assert "started: Field required" in said
        assert "tune run" in said

    def test_another_run_at_work(self, folder: Path, no_worker: Reproduce) -> None:
        with locked(folder):
            assert "another run is at work" in self.refused(no_worker("--reproduce", "v1"), folder)


class TestCompared:
    """What a reproduction is not, shown on copies of a version that are changed."""

    @pytest.fixture
    def pair(self, folder: Path) -> tuple[Version, Version]:
        copy = reproduction(folder)
        shutil.copytree(folder / "versions" / "v1", copy.folder)
        return get_version(folder, "v1"), copy

    def test_a_copy_is_identical(self, pair: tuple[Version, Version]) -> None:
        assert compare(*pair, ()).level == "identical"

    def test_other_weights_with_the_same_answers_are_equal(self, pair: tuple[Version, Version]) -> None:
        weights = pair[1].adapter / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes() + b" ")
        found = compare(*pair, ())
        assert found.level == "equal"
        assert found.reproduced

    def test_no_weights_are_not_the_same_weights(self, pair: tuple[Version, Version]) -> None:
        for each in pair:
            shutil.rmtree(each.adapter)
        assert compare(*pair, ()).level == "equal"

    def test_another_loss_is_told_with_its_step(self, pair: tuple[Version, Version]) -> None:
        change(pair[1].training, lambda training: training["history"][2].update(loss=100.0))
        found = compare(*pair, ())
        assert found.loss.at_step == 3
        assert found.loss.largest == pytest.approx(100, abs=20)

    def test_a_metric_of_another_value_is_no_reproduction(self, pair: tuple[Version, Version]) -> None:
        change(pair[1].evaluation / "metrics.json", lambda kept: kept["metrics"]["values"].update(parsed=0.125))
        found = compare(*pair, ())
        assert found.level == "different"
        [parsed] = [metric for metric in found.metrics if metric.name == "parsed"]
        assert parsed.now == 0.125

    def test_rows_that_were_prepared_otherwise_are_told(self, pair: tuple[Version, Version]) -> None:
        with (pair[1].prepared / "valid.jsonl").open("a", encoding="utf-8") as file:
            file.write("\n")
        assert compare(*pair, ()).rows == {"train": True, "valid": False, "test": True}

    def test_another_answer_ends_in_1(self, folder: Path, reproduce: Reproduce) -> None:
        path = folder / "versions" / "v1" / "evaluation" / "predictions.jsonl"
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        lines[3]["output"] += "!"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        done = reproduce("--reproduce", "v1")
        assert done.exit_code == 1, done.output
        assert "1 of 48 differ" in done.stdout
        assert "v1 is not reproduced" in done.stdout
        page = (reproduction(folder).evaluation / "reproduction.md").read_text("utf-8")
        assert f"- {lines[3]['id'].replace('_', chr(92) + '_')}" in page


def test_in_traditional_chinese(folder: Path, no_child: None) -> None:
    done = CliRunner().invoke(tune, ["run", str(folder), "--reproduce", "v1", "--lang", "zh-TW"], prog_name="tune")
    assert done.exit_code == 0, done.output
    assert "v1 完全重現" in done.stdout
    assert "每一步都相同（6 步）" in done.stdout
