"""The base model and earlier versions beside a version, measured once for all versions that they fit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tasktune.cli.root import tune
from tasktune.definition import Split, Task, load_task
from tasktune.errors import InputError
from tasktune.evaluation.outputs import read_evaluation
from tasktune.evaluation.predictions import FILE_NAME, read_predictions
from tasktune.inference.base_answers import SHOTS
from tasktune.inference.evaluate import predict_records
from tasktune.inference.predict import read_scratch_records
from tasktune.pipeline import run
from tasktune.pipeline.baselines import noted
from tasktune.training.interruption import Interruption
from tasktune.training.worker import base_answers
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version

MakeTask = Callable[..., Task]
FEW_STEPS = {"max_steps": 2, "checkpoint_steps": 100}


@pytest.fixture
def asked(no_child: None, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Which models were asked for a baseline, and of which version; they answer in this process."""
    seen: list[tuple[str, str]] = []

    def work_here(
        stage: str,
        version: Version,
        task: Task,
        on_event: Callable[[Event], None],
        *,
        split: Split = "test",
        scratch: Path,
    ) -> None:
        seen.append((stage, version.name))
        loaded = load_task(version.definition, folder=task.folder)
        if stage == "predict":
            predict_records(loaded, version, read_scratch_records(scratch), scratch, Interruption())
        else:
            base_answers(loaded, version, scratch, Interruption(), few_shot=stage == "few_shot")

    monkeypatch.setattr("tasktune.pipeline.baselines.run_worker", work_here)
    return seen


@pytest.fixture
def task(make_task: MakeTask, asked: list[tuple[str, str]]) -> Task:
    return make_task(count=60, training=FEW_STEPS, success_criteria={"baseline": "rules_0.40"})


def beside(task: Task, *names: str) -> Task:
    return load_task(task.file, overrides=[f"evaluation.baselines=[{', '.join(names)}]"])


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(tune, [*map(str, arguments), "--lang", "en"], prog_name="tune")


def test_the_base_model_stands_beside_and_is_paid_for_once(task: Task, asked: list[tuple[str, str]]) -> None:
    first = run(beside(task, "zero_shot", "few_shot"))
    assert asked == [("zero_shot", "v1"), ("few_shot", "v1")]
    version = Version(first.version_dir)
    evaluation = read_evaluation(version)
    assert list(evaluation.baselines) == ["majority", "zero_shot", "few_shot"]
    assert list(evaluation.baseline_intervals) == ["zero_shot", "few_shot"]
    value = evaluation.baselines["zero_shot"].values["accuracy"]
    assert evaluation.baseline_intervals["zero_shot"]["accuracy"].holds(value)
    results = json.loads(version.results.read_text("utf-8"))
    assert set(results["baseline_intervals"]["few_shot"]) == {"accuracy", "parsed", "wrong"}
    table = (version.evaluation / "report.md").read_text("utf-8").split("## Against baselines\n")[1]
    header = table.strip().splitlines()[0]
    assert header == (
        "| Metric | Model | majority | Base model, zero-shot | Base model, few-shot | rules (stated in task.yaml) |"
    ).replace("_", "\\_")
    assert run(beside(task, "zero_shot", "few_shot")).status == "unchanged"
    second = run(load_task(task.file, overrides=["training.seed=7", "evaluation.baselines=[zero_shot, few_shot]"]))
    assert second.version == "v2"
    assert len(asked) == 2, "the second version pays nothing"
    assert read_evaluation(Version(second.version_dir)).baselines["zero_shot"] == evaluation.baselines["zero_shot"]
    text = invoke("status", task.folder).stdout
    assert "Base model, zero-shot" in text
    assert "rules (stated in task.yaml)" in text
    told = json.loads(invoke("status", task.folder, "--json").stdout)["baselines"]
    assert [row["name"] for row in told] == ["majority", "zero_shot", "few_shot", "rules"]
    assert [row["interval"] is not None for row in told] == [False, True, True, False]
    assert told[-1]["stated"]


def test_few_shot_shows_a_row_of_each_class(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasktune.data.encode import Encoder

    prompts: list[str] = []
    original = Encoder.prompts

    def spied(self: Encoder, chats: list[list[dict[str, str]]]) -> list[list[int]]:
        prompts.extend(self.render(chat) for chat in chats)
        return original(self, chats)

    version = Version(run(task).version_dir)
    monkeypatch.setattr(Encoder, "prompts", spied)
    assert invoke("baseline", task.folder, "few_shot").exit_code == 0
    folder = task.folder / "versions" / "baselines" / noted(version)["few_shot"]
    shown = json.loads((folder / SHOTS).read_text("utf-8"))
    assert len(shown) == 2
    last = prompts[-1]
    assert last.count('{"label": "yes"}') == last.count('{"label": "no"}') == 1
    assert last.index('{"label"') > last.index("Answer with one of")
    assert len(list(read_predictions(folder / FILE_NAME))) == 24


def test_baselines_are_added_to_a_finished_version(task: Task, asked: list[tuple[str, str]]) -> None:
    run(task)
    added = run(beside(task, "zero_shot"))
    assert (added.version, added.status) == ("v1", "unchanged")
    assert asked == [("zero_shot", "v1")]
    assert added.evaluation is not None
    assert "zero_shot" in added.evaluation.baselines
    again = run(load_task(task.file, overrides=["success_criteria.threshold=0.9"]))
    assert again.evaluation is not None
    assert "zero_shot" in again.evaluation.baselines, "judging anew keeps what was measured"


def test_an_earlier_version_is_asked_only_about_rows_that_it_does_not_know(
    task: Task, asked: list[tuple[str, str]]
) -> None:
    first = run(task)
    same_rows = run(load_task(task.file, overrides=["training.seed=7", "evaluation.baselines=v1"]))
    assert asked == []
    assert same_rows.evaluation is not None
    assert first.evaluation is not None
    assert same_rows.evaluation.baselines["v1"] == first.evaluation.metrics
    other = ["data.split.seed=5", "evaluation.baselines=[v1]"]
    other_rows = run(load_task(task.file, overrides=other))
    assert asked == [("predict", "v1")]
    assert other_rows.evaluation is not None
    assert set(other_rows.evaluation.baseline_intervals["v1"]) == {"accuracy", "parsed", "wrong"}
    assert run(load_task(task.file, overrides=[*other, "training.seed=9"])).version == "v4"
    assert len(asked) == 1
    Version(first.version_dir).pruned.write_text("{}")
    with pytest.raises(InputError, match="the weights of version v1 were pruned"):
        run(load_task(task.file, overrides=["data.split.seed=6", "evaluation.baselines=[v1]"]))


def test_a_deleted_answer_is_measured_again(task: Task, asked: list[tuple[str, str]]) -> None:
    run(beside(task, "zero_shot"))
    shutil.rmtree(task.folder / "versions" / "baselines")
    assert invoke("baseline", task.folder, "zero_shot").exit_code == 0
    assert len(asked) == 2


def test_a_name_that_is_none_is_refused_before_anything_is_done(task: Task, asked: list[tuple[str, str]]) -> None:
    definition = json.loads(task.file.read_text("utf-8"))
    definition["evaluation"]["baselines"] = ["zero_shots", "v7"]
    task.file.write_text(json.dumps(definition, indent=1), "utf-8")
    done = invoke("run", task.folder)
    assert done.exit_code == 2
    assert "evaluation.baselines: zero_shots is no baseline" in done.output
    assert "did you mean zero_shot?" in done.output
    assert "v7 is no baseline: neither the base model nor a trained version (one of zero_shot, few_shot)" in done.output
    assert not (task.folder / "versions").exists()


def test_the_command(task: Task, asked: list[tuple[str, str]]) -> None:
    version = Version(run(task).version_dir)
    done = invoke("baseline", task.folder, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["evaluation"]
    assert set(told["baseline_intervals"]) == {"zero_shot", "few_shot"}
    done = invoke("baseline", task.folder, "v1", "zero_shot")
    assert done.exit_code == 0
    assert "zero-shot" in done.output
    assert set(noted(version)) == {"zero_shot", "few_shot"}, "a version is no baseline of its own"
    assert len(asked) == 2
    done = invoke("baseline", task.folder, "v9")
    assert done.exit_code == 2
    assert "v9 is no baseline" in done.output
    state = version.state()
    assert state is not None
    version.set_state(state.model_copy(update={"stages_done": ("prepare", "train")}))
    done = invoke("baseline", task.folder, "zero_shot")
    assert done.exit_code == 2
    assert "version v1 is not evaluated yet" in done.output


def test_no_room_for_examples(
    make_task: MakeTask, asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_task(count=60, training=FEW_STEPS)
    run(task)
    monkeypatch.setattr("tasktune.inference.base_answers.MOST_TOKENS", 60)
    done = invoke("baseline", task.folder, "few_shot")
    assert done.exit_code == 2
    assert "no example fits into 60 tokens beside the longest question" in done.output
    assert "measure zero_shot only" in done.output
