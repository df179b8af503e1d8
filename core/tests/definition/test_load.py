"""Whole definitions: what a good one gives, and every problem of a bad one at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasktune.definition import StatedBaseline, Task, TaskSpec, load_task
from tasktune.errors import InputError
from tasktune.locale import translate, use_language

SMALLEST = "task_name: demo\ntask_type: toy\noptions: {classes: [NO, 'yes']}\n"


def define(folder: Path, text: str, name: str = "task.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def problems(path: Path, **how: object) -> list[str]:
    """The problems of a definition, one text each, its folder left out."""
    with pytest.raises(InputError) as caught:
        load_task(path, **how)  # type: ignore[arg-type]
    folder = path if path.is_dir() else path.parent
    assert caught.value.exit_code == 2
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_smallest_definition_has_every_default(tmp_path: Path, toy_task_type: str) -> None:
    task = load_task(define(tmp_path, SMALLEST))
    assert task.spec == TaskSpec(task_name="demo", task_type=toy_task_type, options={"classes": ["NO", "yes"]})
    assert task.options.model_dump()["classes"] == ("NO", "yes")
    assert (task.name, task.primary_metric, task.threshold) == ("demo", "accuracy", 0.5)
    assert task.plugin.name == "toy"
    assert task.folder == tmp_path
    training = task.spec.training
    assert (training.base_model, training.epochs, training.learning_rate) == ("Qwen/Qwen3-4B", 5.0, 1e-4)
    assert (training.lora.r, training.lora.alpha, training.seed) == (16, 32, 42)


def test_shared_keys_reach_the_plugin(tmp_path: Path, toy_task_type: str) -> None:
    text = SMALLEST + "language: en\ndomain: finance\noutput_format: {schema: {label: {type: string}}}\n"
    options = load_task(define(tmp_path, text)).options
    assert (options.language, options.domain) == ("en", "finance")
    assert options.output_format is not None
    assert options.output_format.properties == {"label": {"type": "string"}}


@pytest.mark.parametrize("name", ["task.yaml", "task_definition.yaml"])
def test_folder_or_file(tmp_path: Path, toy_task_type: str, name: str) -> None:
    path = define(tmp_path, SMALLEST, name)
    assert load_task(tmp_path).file == load_task(path).file == path


def test_folder_with_both_files(tmp_path: Path) -> None:
    define(tmp_path, SMALLEST)
    define(tmp_path, SMALLEST, "task_definition.yaml")
    [said] = problems(tmp_path)
    assert "both task.yaml and task_definition.yaml are here" in said


@pytest.mark.parametrize(("path", "said"), [("", "neither task.yaml and"), ("nothing.yaml", "no such file")])
def test_no_definition(tmp_path: Path, path: str, said: str) -> None:
    assert said in problems(tmp_path / path)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "task.yaml: the file is empty (start with task_name: …)"),
        ("# only a remark\n", "task.yaml: the file is empty (start with task_name: …)"),
        ("- a\n- b\n", "task.yaml:1: the file must hold keys and values, not a list or a single value"),
        ("hello\n", "task.yaml:1: the file must hold keys and values, not a list or a single value"),
    ],
)
def test_no_section_at_the_top(tmp_path: Path, text: str, said: str) -> None:
    [problem] = problems(define(tmp_path, text))
    assert problem.startswith(said)


MANY = """\
task_name: my task
task_type: toy
options:
  clases: [a, b]
  weight: 0
  language: en
training:
  epoch: 4
  batch_size: "4"
  lora: {target_modules: q_proj, dropout: 1}
classes: [a]
epochs: 3
success_criteria: {primary_metric: acuracy, baseline: 3}
output_format: {type: xml}
data:
  train: [a.jsonl, 3]
  split: {valid: 0.5, test: 0.5}
server: {hosts: a}
"""


def test_all_problems_at_once_in_the_order_of_the_file(tmp_path: Path, toy_task_type: str) -> None:
    found = problems(define(tmp_path, MANY), overrides=["training.epochs=-1", "x", "lora.rr=3"])
    names = "use English letters, digits, '-', '_' and '.', up to 100, with no '.' first or last"
    assert found == [
        f"task.yaml:1: task_name: 'my task' cannot be a name ({names}; for example my-task)",
        "task.yaml:3: options.classes: missing (add it)",
        "task.yaml:4: options.clases: unknown key (did you mean classes?)",
        "task.yaml:5: options.weight: must be greater than 0, not 0",
        "task.yaml:6: options.language: language is a key of the top level (move it out of options:)",
        "task.yaml:8: training.epoch: unknown key (did you mean epochs?)",
        "task.yaml:9: training.batch_size: must be a whole number, not '4' (write it without quotes)",
        "task.yaml:10: training.lora.dropout: must be less than 1, not 1",
        "task.yaml:10: training.lora.target_modules: must be all-linear or a list of module names "
        "(all-linear, or a list such as [q_proj])",
        "task.yaml:11: classes: unknown key (did you mean options.classes?)",
        "task.yaml:12: epochs: unknown key (did you mean training.epochs?)",
        "task.yaml:13: success_criteria.baseline: must be at most 1, not 3; or must be text, not 3 "
        "(a share: 0.80 means 80 %)",
        "task.yaml:13: success_criteria.primary_metric: 'acuracy' is not a metric of toy (did you mean accuracy?)",
        "task.yaml:14: output_format.type: must be one of json, text, not 'xml'",
        'task.yaml:16: data.train[1]: must be text, not 3 (put it in quotes: "3")',
        "task.yaml:17: data.split: valid + test is 1: no rows are left to train on "
        "(make the two shares add up to less than 1)",
        "task.yaml:18: server.hosts: unknown key (did you mean host?)",
        "--set x: is not key=value (for example --set training.epochs=2)",
        "--set lora.rr=3: lora.rr: unknown key (did you mean r?)",
        "--set training.epochs=-1: training.epochs: must be greater than 0, not -1",
    ]


def test_problems_are_translated(tmp_path: Path, toy_task_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"unknown key": "沒有這個設定", "did you mean {name}?": "是不是 {name}？"}
    monkeypatch.setitem(vars(translate), "_catalogues", {"zh-TW": words})
    use_language("zh-TW")
    [said] = problems(define(tmp_path, SMALLEST + "training: {epoch: 4}\n"))
    assert said == "task.yaml:4: training.epoch: 沒有這個設定 (是不是 epochs？)"


def test_missing_keys(tmp_path: Path) -> None:
    assert problems(define(tmp_path, "language: en\n")) == [
        "task.yaml: task_name: missing (add it)",
        "task.yaml: task_type: missing (add it)",
    ]


def test_task_type_is_filled_in(tmp_path: Path, toy_task_type: str) -> None:
    path = define(tmp_path, SMALLEST.replace("task_type: toy\n", ""))
    assert load_task(path, task_type="toy").spec.task_type == "toy"
    assert load_task(define(tmp_path, SMALLEST), task_type="toy").spec.task_type == "toy"


def test_task_type_disagrees(tmp_path: Path, toy_task_type: str) -> None:
    [said] = problems(define(tmp_path, SMALLEST), task_type="other")
    assert said.startswith("task.yaml:2: task_type: is 'toy', but --task-type asks for 'other'")


def test_unknown_task_type_is_one_problem_among_others(tmp_path: Path, toy_task_type: str) -> None:
    first, second = problems(define(tmp_path, "task_name: a\ntask_type: tyo\ntraining: {epochs: 0}\n"))
    assert first.startswith("task.yaml:2: task_type: no task type named 'tyo' is installed; installed: ")
    assert first.endswith("(did you mean toy?)")
    assert second == "task.yaml:3: training.epochs: must be greater than 0, not 0"


def test_unknown_task_type_from_the_command_line(tmp_path: Path, toy_task_type: str) -> None:
    [said] = problems(define(tmp_path, "task_name: a\n"), task_type="tyo")
    assert said.startswith("--task-type tyo: task_type: no task type named 'tyo' is installed")


def test_several_shared_problems_are_said_once(tmp_path: Path, toy_task_type: str) -> None:
    text = SMALLEST + "output_format: {type: xml}\nsystem_prompt: 3\n"
    assert problems(define(tmp_path, text)) == [
        "task.yaml:4: output_format.type: must be one of json, text, not 'xml'",
        'task.yaml:5: system_prompt: must be text, not 3 (put it in quotes: "3")',
    ]


def test_data_files(tmp_path: Path, toy_task_type: str) -> None:
    task = load_task(define(tmp_path, SMALLEST))
    assert task.data_files("train") == [tmp_path / "data/train.jsonl"]
    assert task.data_files("test") == []
    define(tmp_path, "", "data/test.jsonl")
    assert task.data_files("test") == [tmp_path / "data/test.jsonl"]
    assert task.data_files("valid") == []


def test_named_data_files(tmp_path: Path, toy_task_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    text = SMALLEST + "data: {train: [a.csv, /big/b.jsonl, ~/c.jsonl], test: ../t.jsonl}\n"
    task = load_task(define(tmp_path, text))
    expected = [tmp_path / "a.csv", Path("/big/b.jsonl"), Path("/home/someone/c.jsonl")]
    assert task.data_files("train") == expected
    assert task.data_files("test") == [tmp_path / "../t.jsonl"]


def test_folder_of_a_snapshot(tmp_path: Path, toy_task_type: str) -> None:
    task = load_task(define(tmp_path, SMALLEST, "versions/v1/task.yaml"), folder=tmp_path)
    assert task.data_files("train") == [tmp_path / "data/train.jsonl"]
    assert task.file == tmp_path / "versions/v1/task.yaml"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("rule_based_0.65", StatedBaseline("rule_based", 0.65)),
        ("0.5", StatedBaseline("baseline", 0.5)),
        ("1", StatedBaseline("baseline", 1.0)),
        ("'GPT-4 zero shot: .8'", StatedBaseline("GPT-4 zero shot", 0.8)),
        ("keyword rules", StatedBaseline("keyword rules", None)),
        ("GPT-4", StatedBaseline("GPT-4", None)),
        ("rules_65", StatedBaseline("rules_65", None)),
    ],
)
def test_baseline(tmp_path: Path, toy_task_type: str, written: str, meant: StatedBaseline) -> None:
    task = load_task(define(tmp_path, SMALLEST + f"success_criteria: {{baseline: {written}}}\n"))
    assert task.baseline == meant


def test_no_baseline_and_own_threshold(tmp_path: Path, toy_task_type: str) -> None:
    task = load_task(define(tmp_path, SMALLEST + "success_criteria: {primary_metric: parsed, threshold: 0}\n"))
    assert (task.baseline, task.primary_metric, task.threshold) == (None, "parsed", 0.0)


def test_a_task_says_where_its_keys_stand(tmp_path: Path, toy_task_type: str) -> None:
    task: Task = load_task(define(tmp_path, SMALLEST + "data:\n  train: [a.jsonl,\n    b.jsonl]\n"))
    problem = task.problem(("data", "train", 1), "not there", "make it")
    assert (problem.line, problem.path) == (6, "data.train[1]")
    assert task.problem(("data", "test"), "not there").line == 4


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = define(tmp_path, SMALLEST)

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert problems(path) == ["task.yaml: cannot be read: Permission denied"]
