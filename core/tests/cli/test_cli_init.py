"""``tune init`` without a terminal: answers from files and options, whole projects, every way of going wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from tasktune.coach.server import server_file

Invoke = Callable[..., Result]

GOAL = "tell how pleased our guests were"
PROJECT = {
    "README.md",
    "configs/larger.yaml",
    "configs/quick.yaml",
    "docs/annotation-guide.md",
    "docs/integration-guide.md",
    "hf_cards/adapter_card.md",
    "hf_cards/dataset_card.md",
    "hf_cards/gguf_card.md",
    "hf_cards/vllm_card.md",
    "scripts/01_validate_data.py",
    "scripts/02_convert_format.py",
    "scripts/03_train.py",
    "scripts/04_evaluate.py",
    "scripts/run_pipeline.sh",
    "task.yaml",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: None) -> Path:
    """An empty folder, with the task type of docs/plugins.md installed and a home of its own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return folder


@pytest.fixture
def rows(here: Path) -> Path:
    """Forty rows, a blank line and a row without its rating."""
    path = here / "Guest Book 2026.csv"
    lines = [f"第 {number} 位客人的評論,{number % 5 + 1}" for number in range(40)]
    path.write_text("\n".join(["text,rating", *lines, "", "沒有評分,"]) + "\n", "utf-8")
    return path


@pytest.fixture
def begin(invoke: Invoke) -> Invoke:
    """``tune init`` with the one answer that has no default."""

    def run(*arguments: object) -> Result:
        return invoke("init", "--task-type", "rating", "--answer", f"goal={GOAL}", *arguments)

    return run


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def definition(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((folder / "task.yaml").read_text("utf-8"))
    return loaded


def test_a_project_without_rows(begin: Invoke, invoke: Invoke, here: Path) -> None:
    done = begin("--answer", "task_name=guests", "--answer", "rows=300")
    assert done.exit_code == 0, done.output
    folder = here / "tasks" / "guests"
    assert files(folder) == {*PROJECT, "data/raw/.gitkeep"}
    task = definition(folder)
    assert (task["task_name"], task["task_type"], task["description"]) == ("guests", "rating", GOAL)
    assert task["training"]["lora"]["r"] == 16
    assert "tune data import" in done.output
    assert (folder / "task.yaml").read_text("utf-8").strip().splitlines()[1] in done.output
    checked = invoke("check", folder)
    assert "data/train.jsonl is not there" in checked.output


def test_a_project_with_rows_is_ready_to_run(begin: Invoke, invoke: Invoke, here: Path, rows: Path) -> None:
    done = begin("--data", rows)
    assert done.exit_code == 0, done.output
    assert "42 = 40 + 1 + 1" in done.output
    assert "1 rows cannot be used" in done.output
    assert "checked: ready to run" in done.output
    folder = here / "tasks" / "guest-book-2026"
    data = {f"data/{name}" for name in ("train.jsonl", "valid.jsonl", "test.jsonl")}
    raw = {"data/raw/Guest_Book_2026.jsonl", "data/raw/Guest_Book_2026.rejects.jsonl"}
    assert files(folder) == PROJECT | data | raw
    counts = [len((folder / name).read_text("utf-8").splitlines()) for name in sorted(data)]
    assert sum(counts) == 40
    assert invoke("check", folder).exit_code == 0
    guide = (folder / "docs" / "annotation-guide.md").read_text("utf-8")
    assert all(f"### {rating}\n" in guide for rating in range(1, 6))
    assert "位客人的評論 → " in guide
    prompt = (folder / "docs" / "integration-guide.md").read_text("utf-8")
    assert "從 1 到 5 為這段文字評分" in prompt


def test_everything_as_json_and_nothing_else_on_stdout(begin: Invoke, rows: Path) -> None:
    done = begin("--data", rows, "--json")
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    assert result["task"] == "guest-book-2026"
    assert result["import"]["counts"] == {"read": 42, "added": 0, "written": 40, "rejected": 1, "blank": 1}
    assert result["import"]["output"].startswith("tasks/guest-book-2026/data/raw/")
    assert Path(result["import"]["output"]).is_file()
    assert result["check"]["ok"] is True
    assert set(result["files"]) >= PROJECT
    reasons = {key: each["because"] for each in result["recommendations"] for key in each["values"]}
    assert {"training.base_model", "training.learning_rate"} <= set(reasons)
    assert all(reasons.values())


def test_answers_from_a_file_and_options_over_it(invoke: Invoke, here: Path, rows: Path) -> None:
    answers = {
        "goal": GOAL,
        "data": rows.name,
        "task_type": "rating",
        "task_name": "from-file",
        "domain": "travel",
        "highest": 9,
        "compute": "remote",
        "host": "me@gpu",
        "cuda_devices": [0, 1],
        "deploy_target": "huggingface",
        "hub_org": "my-org",
        "hub_prefix": "guests",
        "set": {"training": {"epochs": 2}},
    }
    (here / "answers").mkdir()
    rows.rename(here / "answers" / rows.name)
    (here / "answers" / "answers.yaml").write_text(yaml.safe_dump(answers, allow_unicode=True), "utf-8")
    done = invoke("init", "mine", "--answers", "answers/answers.yaml", "--answer", "domain=hotels", "--set", "lora.r=4")
    assert done.exit_code == 0, done.output
    task = definition(here / "mine")
    assert (task["task_name"], task["domain"], task["options"]) == ("from-file", "hotels", {"highest": 9})
    assert (task["training"]["epochs"], task["training"]["lora"]["r"]) == (2, 4)
    assert task["execution"]["host"] == "me@gpu"
    assert task["huggingface"] == {"org": "my-org", "prefix": "guests"}
    card = (here / "mine" / "hf_cards" / "gguf_card.md").read_text("utf-8")
    assert "# my-org/guests-from-file-zh-gguf" in card
    front = yaml.safe_load(card.split("---")[1])
    assert front["base_model"] == task["training"]["base_model"]


def test_the_server_is_asked_once_and_kept(begin: Invoke, here: Path) -> None:
    first = begin("--answer", "rows=1", "--answer", "compute=remote", "--answer", "host=me@gpu", "one")
    assert str(server_file()) in first.output
    second = begin("--answer", "rows=1", "two")
    assert second.exit_code == 0, second.output
    assert definition(here / "two")["execution"] == definition(here / "one")["execution"]
    assert str(server_file()) not in second.output
    third = begin("--answer", "rows=1", "--answer", "compute=none", "three")
    assert third.exit_code == 0, third.output
    assert "execution" not in definition(here / "three")


def test_what_is_missing_is_listed_together(invoke: Invoke, here: Path) -> None:
    done = invoke("init")
    assert done.exit_code == 2
    assert all(name in done.stderr for name in ("task_type: ", "goal: ", "task_name: ", "rows: "))
    again = invoke("init", "--task-type", "rating", "--answer", "threshold=80", "--answer", "hub_org=me")
    assert again.exit_code == 2
    assert all(name in again.stderr for name in ("goal: ", "rows: ", "threshold: must be at most 1", "hub_org: "))
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--answer", "gaol=x"], "did you mean goal?"),
        (["--answer", "goal"], "not NAME=ANSWER"),
        (["--answers", "nowhere.yaml"], "cannot be read"),
        (["--task-type", "ratting"], "did you mean rating?"),
        (["--data", "nowhere.csv"], "is not there"),
        (["--answer", "rows=1", "--set", "training.epoch=2"], "training.epoch"),
        (["--answer", "rows=1", "--set", "training.epochs"], "is not key=value"),
        (["--answer", "rows=1", "--answer", "task_name=a b"], "task_name"),
        (["--answer", "rows=lots"], "must be a number"),
        (["--answer", "rows=1", "--set", "options.lowest=many"], "options.lowest"),
        (["--pairs", "x"], "not KEY:ANSWER=COLUMN"),
        (["--answer", "rows=1", "--field", "text=a"], "--field: there are no rows"),
        (["--answer", "rows=1", "--offsets", "bytes"], "--offsets: there are no rows"),
        (["--answer", "rows=1", "--sheet", "a", "--header-row", "2"], "--header-row, --sheet: there are no rows"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    begin: Invoke, here: Path, arguments: list[str], says: str
) -> None:
    done = begin(*arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert "Traceback" not in done.output
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("text", ["- a\n", "fields: 3\nset: []\ndata: [1]\n", "goal: [\n", ""])
def test_an_answers_file_that_is_none(invoke: Invoke, here: Path, text: str) -> None:
    (here / "answers.yaml").write_text(text, "utf-8")
    done = invoke("init", "--answers", "answers.yaml")
    assert done.exit_code == 2
    assert [path.name for path in here.iterdir()] == ["answers.yaml"]


def test_rows_of_which_none_can_be_used(begin: Invoke, here: Path) -> None:
    (here / "rows.csv").write_text("text,rating\na,\nb,\n", "utf-8")
    done = begin("--data", "rows.csv")
    assert done.exit_code == 2
    assert "no row that can be used" in done.stderr
    assert [path.name for path in here.iterdir()] == ["rows.csv"]


def test_rows_whose_columns_nobody_can_tell(begin: Invoke, here: Path) -> None:
    (here / "rows.csv").write_text("one,two\na,1\nb,2\n", "utf-8")
    done = begin("--data", "rows.csv")
    assert done.exit_code == 2
    assert "it is not clear which column is what" in done.stderr
    assert "--field" in done.stderr
    assert "--task-type" not in done.stderr
    named = begin("--data", "rows.csv", "--field", "text=one", "--field", "rating=two")
    assert named.exit_code == 0, named.output


@pytest.mark.parametrize("task_type", [["--task-type", "rating"], []])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("text,rating,text\na,1,b\n", "rows.csv:1: 2 columns have the name 'text'"),
        ("text,rating\n", "rows.csv has no row that can be read"),
    ],
)
def test_what_is_wrong_with_a_source_is_no_question_of_the_task_type(
    invoke: Invoke, here: Path, task_type: list[str], text: str, says: str
) -> None:
    (here / "rows.csv").write_text(text, "utf-8")
    done = invoke("init", "--data", "rows.csv", *task_type)
    assert done.exit_code == 2
    assert says in done.stderr
    assert "which task" not in done.stderr


def test_a_source_can_be_read_in_every_way_that_an_import_can(begin: Invoke, here: Path) -> None:
    lines = ["Umfrage|", "text|rating", *(f"schön {number}|{number % 5 + 1}" for number in range(20))]
    (here / "rows").write_text("\n".join(lines), "cp1252")
    words = ["--format", "csv", "--encoding", "cp1252", "--delimiter", "bar", "--header-row", "2"]
    done = begin("mine", "--data", "rows", *words)
    assert done.exit_code == 0, done.output
    assert "schön" in (here / "mine" / "data" / "train.jsonl").read_text("utf-8")


def test_too_few_rows_to_split_are_all_in_train_and_the_check_says_so(begin: Invoke, here: Path) -> None:
    (here / "rows.csv").write_text("text,rating\na,1\n", "utf-8")
    done = begin("--data", "rows.csv")
    assert done.exit_code == 0, done.output
    assert "problems (" in done.output
    assert "  tasks/rows/task.yaml: data.test: the test split has no rows" in done.output
    assert len((here / "tasks/rows/data/train.jsonl").read_text("utf-8").splitlines()) == 1


def test_files_of_the_users_are_replaced_only_by_force_and_kept(begin: Invoke, here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "README.md").write_text("my own words", "utf-8")
    refused = begin("mine", "--answer", "rows=1")
    assert refused.exit_code == 2
    assert "mine/README.md: exists" in refused.stderr
    assert "--force" in refused.stderr
    assert files(here) == {"mine/README.md"}
    done = begin("mine", "--answer", "rows=1", "--force")
    assert done.exit_code == 0, done.output
    [kept] = (here / "mine" / "backup").glob("*/README.md")
    assert kept.read_text("utf-8") == "my own words"
    again = begin("mine", "--answer", "rows=1")
    assert again.exit_code == 0, again.output
    assert "0 files written" in again.output


def test_a_place_that_cannot_be_written_is_said(begin: Invoke, here: Path) -> None:
    (here / "file").touch()
    done = begin("file/inside", "--answer", "rows=1")
    assert done.exit_code == 2
    assert "file" in done.stderr


def test_documents_are_in_the_language_of_the_messages(begin: Invoke, here: Path) -> None:
    assert begin("mine", "--answer", "rows=1", "--lang", "zh-TW").exit_code == 0
    assert "快速開始" in (here / "mine" / "README.md").read_text("utf-8")
    assert "標註指南" in (here / "mine" / "docs" / "annotation-guide.md").read_text("utf-8")
    assert "理由" not in (here / "mine" / "task.yaml").read_text("utf-8")
    assert "由 tune init 產生" in (here / "mine" / "task.yaml").read_text("utf-8")


def run_script(path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    interpreter = [sys.executable] if path.suffix == ".py" else []
    return subprocess.run(
        [*interpreter, str(path), *arguments],
        env={**os.environ, "PYTHON": sys.executable, "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_scripts_run_and_take_their_commands_options(begin: Invoke, here: Path, rows: Path, site: Path) -> None:
    assert begin("mine", "--data", rows, "--answer", "language=en").exit_code == 0
    scripts = here / "mine" / "scripts"
    assert all(os.access(path, os.X_OK) for path in scripts.iterdir())
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    checked = run_script(scripts / "01_validate_data.py", "--json", PYTHONPATH=path)
    assert json.loads(checked.stdout)["ok"] is True
    converted = run_script(scripts / "02_convert_format.py", PYTHONPATH=path)
    assert converted.returncode == 0, converted.stderr
    assert (here / "mine" / "data" / "chat_format" / "train.jsonl").is_file()
    untrained = run_script(scripts / "04_evaluate.py", PYTHONPATH=path)
    assert untrained.returncode == 2
    assert "no trained version" in untrained.stderr
    assert run_script(scripts / "03_train.py", "--help", PYTHONPATH=path).returncode == 0


def test_the_pipeline_goes_to_the_server_when_asked_and_never_silently_stays(
    begin: Invoke, here: Path, rows: Path, site: Path
) -> None:
    answers = ["--answer", "compute=remote", "--answer", "host=me@gpu", "--answer", "language=en"]
    assert begin("mine", "--data", rows, *answers).exit_code == 0
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run_script(here / "mine" / "scripts" / "run_pipeline.sh", REMOTE="true", PYTHONPATH=path)
    assert done.returncode == 2
    assert "execution.type: remote training is not supported" in done.stderr
    assert (here / "mine" / "data" / "chat_format" / "train.jsonl").is_file()
    assert not (here / "mine" / "versions" / "v1").exists()


def test_a_pipeline_stops_at_a_failed_check(begin: Invoke, here: Path, site: Path) -> None:
    assert begin("mine", "--answer", "rows=1", "--answer", "language=en").exit_code == 0
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run_script(here / "mine" / "scripts" / "run_pipeline.sh", PYTHONPATH=path)
    assert done.returncode == 2
    assert "data/train.jsonl is not there" in done.stdout + done.stderr
