"""``tune adopt`` and ``tune rollback``, and which version other commands ask then."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import Result

from tasktune.cli.root import tune
from tasktune.definition import Task
from tasktune.evaluation.predictions import Prediction
from tasktune.types import Record, Scored
from tasktune.workspace.decisions import Adoption, read_decisions
from tasktune.workspace.versions import Version, locked

Invoke = Callable[..., Result]
MakeVersion = Callable[..., Version]
predict_module = importlib.import_module("tasktune.inference.predict")


def adopted(task: Path) -> str | None:
    path = task / "versions" / "current"
    return path.read_text("utf-8").strip() if path.exists() else None


def last(task: Path) -> Adoption:
    found = read_decisions(task)[-1]
    assert isinstance(found, Adoption)
    return found


def test_without_a_task_it_is_this_folders(
    task: Path, make_version: MakeVersion, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version("v1", 1.0)
    monkeypatch.chdir(task)
    assert invoke("adopt", "v1").exit_code == 0
    assert adopted(task) == "v1"
    assert invoke("rollback").exit_code == 0
    assert adopted(task) is None


@pytest.mark.parametrize("words", [(), ("v1", "v2")], ids=["none", "two"])
def test_one_version_is_to_be_named(
    task: Path, make_version: MakeVersion, invoke: Invoke, words: tuple[str, ...]
) -> None:
    make_version("v1", 1.0)
    done = invoke("adopt", task, *words, "--lang", "en")
    assert done.exit_code == 2
    assert "name one version to adopt" in done.stderr
    assert "v1" in done.stderr


def test_a_version_that_meets_the_target_is_adopted_with_who_and_why(
    task: Path, make_version: MakeVersion, invoke: Invoke
) -> None:
    make_version("v1")
    done = invoke("adopt", task, "v1", "--reason", "夠好了", "--by", "amy", "--lang", "en")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"v1 is adopted now; before: none\ntune rollback {task} undoes it\n"
    decision = last(task)
    assert (decision.version, decision.before, decision.reason, decision.who) == ("v1", None, "夠好了", "amy")
    assert decision.overruled == ()
    assert decision.verdict is not None
    assert (decision.verdict.value, decision.verdict.threshold, decision.verdict.met) == (0.9, 0.7, True)
    assert adopted(task) == "v1"


def test_who_decides_is_known_without_being_told(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    make_version("v1")
    invoke("adopt", task, "v1")
    assert "@" in last(task).who


def test_adopting_twice_changes_nothing_but_mends_what_a_crash_left(
    task: Path, make_version: MakeVersion, invoke: Invoke
) -> None:
    make_version("v1")
    invoke("adopt", task, "v1")
    (task / "versions" / "current").unlink()
    done = invoke("adopt", task, "v1", "--lang", "en")
    assert (done.exit_code, done.stdout) == (0, "nothing to do: v1 is adopted already\n")
    assert len(read_decisions(task)) == 1
    assert adopted(task) == "v1"


def test_a_run_at_work_is_no_hindrance(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    make_version("v1")
    with locked(task):
        assert invoke("adopt", task, "v1").exit_code == 0


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (
            lambda make: make("v1", 0.6),
            "unmet",
            "60.0%, target 70%, 10.0 percentage points short",
        ),
        (
            lambda make: make("v1", stages=("prepare", "train")),
            "unfinished",
            "it is not finished; still to do: evaluate",
        ),
        (
            lambda make: make("v1", stages=("prepare", "train")).failure.write_text("{}", "utf-8"),
            "failed",
            "its run failed; still to do: evaluate",
        ),
        (
            lambda make: (make("v1").evaluation / "metrics.json").write_text("{", "utf-8"),
            "unmeasured",
            "metrics.json is damaged",
        ),
    ],
)
def test_what_speaks_against_it_is_said_and_can_be_overruled_for_a_reason(
    task: Path,
    make_version: MakeVersion,
    invoke: Invoke,
    make: Callable[[MakeVersion], object],
    code: str,
    said: str,
) -> None:
    make(make_version)
    refused = invoke("adopt", task, "v1", "--lang", "en")
    assert refused.exit_code == 2
    assert "version v1 is not to be adopted" in refused.stderr
    assert said in refused.stderr
    assert "--force" in refused.stderr
    without = invoke("adopt", task, "v1", "--force", "--lang", "en")
    assert (without.exit_code, "--force needs a reason" in without.stderr) == (2, True)
    assert adopted(task) is None
    done = invoke("adopt", task, "v1", "--force", "--reason", "for the demo", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["status"], told["version"], told["before"]) == ("adopted", "v1", None)
    assert told["decision"]["overruled"] == [code]
    assert last(task).overruled == (code,)
    assert adopted(task) == "v1"


def test_force_is_not_recorded_where_nothing_speaks_against_it(
    task: Path, make_version: MakeVersion, invoke: Invoke
) -> None:
    make_version("v1")
    assert invoke("adopt", task, "v1", "--force").exit_code == 0
    assert last(task).overruled == ()


def test_another_metric_that_was_not_measured_speaks_against_it(
    task: Path, make_version: MakeVersion, invoke: Invoke
) -> None:
    file = make_version("v1").evaluation / "metrics.json"
    file.write_text(file.read_text("utf-8").replace('"accuracy"', '"other"'), "utf-8")
    done = invoke("adopt", task, "v1", "--lang", "en")
    assert (done.exit_code, "accuracy was not measured in it" in done.stderr.lower()) == (2, True)


@pytest.mark.parametrize("force", [(), ("--force", "--reason", "please")])
def test_a_version_without_weights_is_never_adopted(
    task: Path, make_version: MakeVersion, invoke: Invoke, force: tuple[str, ...]
) -> None:
    make_version("v1", stages=("prepare",))
    untrained = invoke("adopt", task, "v1", *force, "--lang", "en")
    assert (untrained.exit_code, "v1 is not trained to its end" in untrained.stderr) == (2, True)
    make_version("v2").pruned.write_text("{}", "utf-8")
    gone = invoke("adopt", task, "v2", *force, "--lang", "en")
    assert (gone.exit_code, "the weights of version v2 were pruned" in gone.stderr) == (2, True)


def test_a_misspelt_version_is_told_the_nearest(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    make_version("v2-20261120")
    done = invoke("adopt", task, "v2-2026112", "--lang", "en")
    assert (done.exit_code, "did you mean v2-20261120?" in done.stderr) == (2, True)


def test_a_better_version_before_is_told(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    make_version("v1", 0.95)
    make_version("v2", 0.9)
    invoke("adopt", task, "v1")
    done = invoke("adopt", task, "v2", "--lang", "en")
    assert (done.exit_code, "v1 scores better" in done.stderr) == (0, True)
    assert "95.0% against 90.0%" in done.stderr
    assert "scores better" not in invoke("adopt", task, "v1", "--lang", "en").stderr


def test_rollback_goes_back_step_by_step_and_to_none_in_the_end(
    task: Path, make_version: MakeVersion, invoke: Invoke
) -> None:
    for name in ("v1", "v2", "v3"):
        make_version(name)
        invoke("adopt", task, name)
    first = invoke("rollback", task, "--reason", "worse", "--lang", "en")
    assert (first.exit_code, first.stdout) == (0, "v2 is adopted now; before: v3\n")
    assert (last(task).action, last(task).reason, adopted(task)) == ("rollback", "worse", "v2")
    assert invoke("rollback", task).exit_code == 0
    assert adopted(task) == "v1"
    end = invoke("rollback", task, "--lang", "en")
    assert (end.exit_code, end.stdout) == (0, "no version is adopted now, as before v1 was\n")
    assert adopted(task) is None
    more = invoke("rollback", task, "--lang", "en")
    assert (more.exit_code, "no version is adopted" in more.stderr) == (2, True)
    assert len(read_decisions(task)) == 6


def test_rollback_to_a_version_goes_back_several_steps(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    for name in ("v1", "v2", "v3", "v4"):
        make_version(name)
    for name in ("v1", "v2", "v3"):
        invoke("adopt", task, name)
    never = invoke("rollback", task, "--to", "v4", "--lang", "en")
    assert (never.exit_code, "v4 was not adopted before; versions that were: v1, v2" in never.stderr) == (2, True)
    same = invoke("rollback", task, "--to", "v3", "--lang", "en")
    assert (same.exit_code, same.stdout) == (0, "nothing to do: v3 is adopted already\n")
    assert json.loads(invoke("rollback", task, "--to", "v1", "--json").stdout)["before"] == "v3"
    assert adopted(task) == "v1"
    invoke("rollback", task)
    assert adopted(task) is None


def test_rollback_passes_over_versions_that_are_gone(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    for name in ("v1", "v2", "v3"):
        make_version(name)
        invoke("adopt", task, name)
    (task / "versions" / "v2" / "pruned.json").write_text("{}", "utf-8")
    gone = invoke("rollback", task, "--to", "v2", "--lang", "en")
    assert (gone.exit_code, "the weights of version v2 were pruned" in gone.stderr) == (2, True)
    done = invoke("rollback", task, "--lang", "en")
    assert (done.stdout, done.stderr) == (
        "v1 is adopted now; before: v3\n",
        "v2 is gone, and is passed over\n",
    )


def test_rollback_works_while_the_definition_is_broken_and_whatever_the_target_is_now(
    task: Path, make_version: MakeVersion, invoke: Invoke
) -> None:
    for name in ("v1", "v2"):
        make_version(name, 0.8)
        invoke("adopt", task, name)
    (task / "task.yaml").write_text("task_name: [\n", "utf-8")
    assert invoke("rollback", task).exit_code == 0
    assert adopted(task) == "v1"


def test_damaged_decisions_are_named(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    make_version("v1")
    invoke("adopt", task, "v1")
    path = task / "versions" / "decisions.jsonl"
    path.write_text("nonsense\n", "utf-8")
    for command in (("adopt", task, "v1"), ("rollback", task), ("status", task), ("predict", task, "好")):
        done = invoke(*command, "--lang", "en")
        assert (done.exit_code, f"{path}:1: no decision: " in done.stderr) == (2, True), command
    assert path.read_text("utf-8") == "nonsense\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the versions that were asked."""
    seen: list[str] = []

    def predict(
        task: Task, version_dir: Path, rows: Iterable[Mapping[str, Any]], on_event: object
    ) -> Iterator[Prediction]:
        seen.append(version_dir.name)
        for number, row in enumerate(rows, 1):
            record = Record(id=f"row:{number}", inputs=row)
            yield Prediction.of(
                Scored(record=record, output="4", answer=task.plugin.parse_output("4", record, task.options))
            )

    monkeypatch.setattr(predict_module, "predict", predict)
    return seen


def test_predict_asks_the_adopted_version_and_says_so(
    task: Path, make_version: MakeVersion, invoke: Invoke, asked: list[str]
) -> None:
    make_version("v1")
    make_version("v2")
    assert invoke("predict", task, "好", "--lang", "en").stderr == "v2: the newest that is trained\n"
    invoke("adopt", task, "v1")
    assert invoke("predict", task, "好", "--lang", "en").stderr == "v1: the adopted version\n"
    assert invoke("predict", task, "好", "--version", "v2").stderr == ""
    assert asked == ["v2", "v1", "v2"]
    assert json.loads(invoke("predict", task, "好", "--json").stdout)["version"] == "v1"


def test_predict_does_not_take_another_version_for_an_adopted_one_that_is_gone(
    task: Path, make_version: MakeVersion, invoke: Invoke, asked: list[str]
) -> None:
    make_version("v1")
    make_version("v2")
    invoke("adopt", task, "v1")
    (task / "versions" / "v1").rename(task / "elsewhere")
    done = invoke("predict", task, "好", "--lang", "en")
    assert (done.exit_code, "the adopted version v1 is not there" in done.stderr, asked) == (2, True, [])


def test_evaluate_takes_the_newest_that_has_weights(
    task: Path, make_version: MakeVersion, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def evaluate(task: Task, version: Version, split: str, on_event: object) -> Any:
        seen.append(version.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("tasktune.pipeline"), "evaluate", evaluate)
    for name in ("v1", "v2", "v3"):
        make_version(name)
    invoke("adopt", task, "v1")
    (task / "versions" / "v3" / "pruned.json").write_text("{}", "utf-8")
    done = invoke("evaluate", task, "--lang", "en")
    assert "v2: the newest that is trained (v1 is adopted)" in done.stderr
    assert seen == ["v2"]
    gone = invoke("evaluate", task, "--version", "v3", "--lang", "en")
    assert (gone.exit_code, "the weights of version v3 were pruned" in gone.stderr) == (2, True)


def test_versions_are_completed(task: Path, make_version: MakeVersion) -> None:
    for name in ("v10", "v2"):
        make_version(name)
    completion = ShellComplete(tune, {}, "tune", "_TUNE_COMPLETE")
    for words, incomplete, offered in (
        (["adopt", str(task)], "", ["v2", "v10"]),
        (["adopt", str(task)], "v1", ["v10"]),
        (["rollback", str(task), "--to"], "", ["v2", "v10"]),
    ):
        assert [item.value for item in completion.get_completions(words, incomplete)] == offered


def test_chinese(task: Path, make_version: MakeVersion, invoke: Invoke) -> None:
    make_version("v1", 0.6)
    done = invoke("adopt", task, "v1", "--lang", "zh-TW")
    assert "版本 v1 不宜採用" in done.stderr
    assert "還差 10.0 個百分點" in done.stderr
