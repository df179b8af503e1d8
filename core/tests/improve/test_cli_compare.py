"""``tune compare``: what is said, written and returned."""

from __future__ import annotations

import html.parser
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.improve.comparing.compare import Comparison
from tasktune.types import Record

Invoke = Callable[..., Any]
HOSTILE = "</td><script>alert(1)</script> | `x` ![](http://x)\u202e"


@pytest.fixture
def task(made: Any, toy_task_type: str, tmp_path: Path) -> Path:
    folder: Path = made.toy_task(tmp_path / "toys", success_criteria={"threshold": 0.8})
    made.make_version(folder, "v1", made.toy_rows("+" * 60 + "-" * 40), train=["yes"] * 2)
    overrides = ["training.epochs=9", "training.lora.r=64"]
    made.make_version(folder, "v2", made.toy_rows("+" * 85 + "-" * 15), train=["yes"] * 5, overrides=overrides)
    made.make_version(folder, "v3", made.toy_rows("+" * 30 + "-" * 70), train=["yes"] * 2)
    return folder


@pytest.fixture
def invoke() -> Invoke:
    separate: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    runner = CliRunner(**separate)

    def run(*arguments: object) -> Any:
        return runner.invoke(tune, ["compare", *map(str, arguments)], prog_name="tune")

    return run


def test_the_whole_of_it(task: Path, invoke: Invoke) -> None:
    done = invoke(task, "v1", "v2")
    assert done.exit_code == 0, done.stderr
    text = done.stdout
    for part in (
        "toys: v1 → v2 compared",
        "LoRA rank (training.lora.r): 16 → 64",
        "Training rows of yes: 2 → 5 (+3)",
        "✅ better (p < 0.001)",
        "+25 (25 fixed, 0 broken)",
        "Rows fixed (25)",
        "… and 22 more",
        "✅ v2 is better than v1 and reaches the target 80.0% with Accuracy 85.0%: adopt v2",
    ):
        assert part in text
    assert "Rows broken" not in text


def test_in_the_shape_of_the_requirements(task: Path, invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "comparison.md"
    assert invoke(task, "v1", "v2", "--lang", "zh-TW", "--output", file).exit_code == 0
    text = file.read_text("utf-8")
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# toys 版本比較: v1 → v2",
        "## 改動摘要",
        "## 效能比較",
        "## 變對的資料 (25)",
        "## 決策",
    ]
    assert "| 指標 | v1 | v2 | 變化 | 判定 |" in text
    assert "✅ v2 比 v1 好，準確率 85.0% 達到目標 80.0%，採用 v2 為新的正式版本" in text


def test_a_worse_version_ends_with_one(task: Path, invoke: Invoke) -> None:
    done = invoke(task, "v1", "v3", "v2")
    assert done.exit_code == 1
    assert "❌ v3 is worse than v1 on Accuracy: keep v1" in done.stdout
    assert "adopt v2" in done.stdout
    assert "v1 → v3, v2 compared" in done.stdout


def test_json_is_the_comparison(task: Path, invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    done = invoke(task, "v1", "v2", "--json", "--output", file)
    found = Comparison.model_validate_json(done.stdout)
    assert len(found.pairs[0].correctness.fixed) == 25
    assert json.loads(file.read_text("utf-8")) == json.loads(done.stdout)


def test_this_folder_is_the_task_without_one(task: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(task)
    assert invoke("v1", "v2").stdout == invoke(task, "v1", "v2").stdout
    assert invoke("task.yaml", "v1", "v2").stdout == invoke(".", "v1", "v2").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("v1",), "name two versions or more to compare"),
        ((), "name two versions or more to compare"),
        (("v1", "v1"), "v1 is named twice"),
        (("v1", "v9"), "has no version v9; versions: v1, v2, v3"),
        (("v1", "v2", "--output", "x.pdf"), "--output x.pdf: not one of .md, .html, .json"),
    ],
)
def test_mistakes_are_named(task: Path, invoke: Invoke, words: tuple[str, ...], says: str) -> None:
    done = invoke(task, *words)
    assert done.exit_code == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_version_is_compared_without_its_weights(task: Path, invoke: Invoke) -> None:
    (task / "versions" / "v1" / "pruned.json").write_text("{}", "utf-8")
    assert invoke(task, "v1", "v2").exit_code == 0


def test_a_file_that_cannot_be_written_is_named(task: Path, invoke: Invoke) -> None:
    done = invoke(task, "v1", "v2", "--output", task / "task.yaml" / "x.md")
    assert done.exit_code == 2
    assert "task.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_version_without_predictions_is_named(task: Path, invoke: Invoke) -> None:
    (task / "versions" / "v2" / "evaluation" / "predictions.jsonl").unlink()
    done = invoke(task, "v1", "v2")
    assert done.exit_code == 2
    assert "predictions.jsonl does not exist" in done.stderr
    assert "tune evaluate" in done.stderr


def test_different_test_sets_and_decoding_are_warned_of(task: Path, invoke: Invoke, made: Any) -> None:
    made.make_version(task, "v4", made.toy_rows("+" * 85 + "-" * 25), mode="constrained")
    text = " ".join(invoke(task, "v1", "v4").stdout.split())
    assert "The test sets differ: compared on the 100 rows that all versions answered; left out: v4 10." in text
    assert "v1 and v4 answered under different decoding rules (mode)" in text
    assert "decoding rule mode: free → constrained" in text


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


@pytest.mark.parametrize("suffix", ["html", "md"])
def test_nothing_from_the_data_becomes_markup(
    made: Any, task: Path, invoke: Invoke, tmp_path: Path, suffix: str
) -> None:
    rows = [(Record(id=HOSTILE, inputs={"text": HOSTILE, "other": HOSTILE}, target="yes"), "x")]
    made.make_version(task, "v5", rows)
    made.make_version(task, "v6", [(rows[0][0], '{"label": "yes"}')], overrides=[f"description={json.dumps(HOSTILE)}"])
    file = tmp_path / f"out.{suffix}"
    assert invoke(task, "v5", "v6", "--output", file).exit_code == 0
    text = file.read_text("utf-8")
    assert "alert(1)" in text
    assert "<script" not in text
    assert "\u202e" not in text
    if suffix == "html":
        reader = _Tags()
        reader.feed(text)
        assert "script" not in reader.tags
        assert reader.links == []
        assert text.count("<table") == text.count("</table>") == 2
        assert "Content-Security-Policy" in text
        assert '<html lang="en">' in text
    else:
        lines = [line for line in text.splitlines() if line.startswith("|")]
        assert {line.count(" | ") for line in lines if "alert" in line} == {4}


def test_versions_are_completed(task: Path) -> None:
    def offered(*words: str) -> list[str]:
        completion = ShellComplete(tune, {}, "tune", "_TUNE_COMPLETE")
        return [item.value for item in completion.get_completions(["compare", *words[:-1]], words[-1])]

    assert offered(str(task), "") == ["v1", "v2", "v3"]
    assert offered(str(task), "v1", "v") == ["v2", "v3"]
