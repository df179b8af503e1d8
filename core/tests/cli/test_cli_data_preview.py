"""``tune data preview``: what is shown of a row, and what stays unloaded meanwhile."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
TINY = runpy.run_path(str(Path(__file__).parents[1] / "tiny_base.py"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model of which only the tokenizer is there."""
    folder = tmp_path_factory.mktemp("base")
    TINY["make_tokenizer"]().save_pretrained(folder)
    (folder / "config.json").write_text('{"model_type": "qwen3"}', "utf-8")
    return folder


@pytest.fixture
def preview(task: Path, base: Path, invoke: Invoke) -> Callable[..., Result]:
    """Preview rows of the task with that base."""
    return lambda *words: invoke("data", "preview", task, "--set", f"training.base_model={base}", *words)


def test_the_first_row(preview: Callable[..., Result]) -> None:
    result = preview("--lang", "en")
    assert result.exit_code == 0, result.stderr
    first, *_rest = result.stdout.splitlines()
    assert re.fullmatch(r"data/train\.jsonl:1: \d+ tokens of at most 2,048", first)
    assert "<|im_end|>│⏎\n  │<|im_start|>│u│s│e│r│⏎\n" in result.stdout
    assert "第⟨3⟩│ │0│ │篇⟨3⟩" in result.stdout
    assert re.search(r"the answer, which is trained: \d+ tokens\n  .*│<\|im_end\|>\n$", result.stdout)
    assert "\x1b[" not in result.stdout


def test_on_a_terminal_the_trained_tokens_alone_are_coloured(
    preview: Callable[..., Result], task: Path, base: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasktune.cli.output.colourful", lambda stream: True)
    words = ("data", "preview", task, "--set", f"training.base_model={base}", "--lang", "en")
    plain, coloured = preview("--lang", "en").stdout, invoke(*words, color=True).stdout
    prompt, trained = coloured.split("the answer, which is trained")
    assert "\x1b[" not in prompt
    assert re.search(r"\x1b\[32m\x1b\[1m1│<\|im_end\|>\x1b\[0m\n$", trained)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_json_has_every_id(preview: Callable[..., Result]) -> None:
    result = preview("--row", "3", "--row", "data/train.jsonl:5", "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)["rows"]
    assert [row["id"] for row in rows] == ["data/train.jsonl:3", "data/train.jsonl:5"]
    for row in rows:
        counts = {True: 0, False: 0}
        for piece in row["pieces"]:
            counts[piece["trained"]] += len(piece["ids"])
        assert counts == {True: row["trained_tokens"], False: row["prompt_tokens"]}
        assert row["problems"] == []


def test_ids_are_listed(preview: Callable[..., Result]) -> None:
    lines = [line.split() for line in preview("--ids", "--lang", "en").stdout.splitlines()]
    assert ["token", "text"] in lines
    assert any(line[-1] == "<|im_start|>" and line[0].isdecimal() for line in lines)


def test_a_row_that_training_would_refuse(preview: Callable[..., Result]) -> None:
    result = preview("--set", "training.max_length=10", "--lang", "en")
    assert result.exit_code == 2
    assert re.search(r"Problem: \d+ tokens are more than 10: a run refuses to start", result.stdout)
    result = preview("--set", "training.max_length=10", "--set", "data.over_length=drop", "--json")
    assert "10" in json.loads(result.stdout)["rows"][0]["problems"][0]
    assert (
        "a run leaves it out"
        in preview("--set", "training.max_length=10", "--set", "data.over_length=drop", "--lang", "en").stdout
    )


def test_a_base_that_is_not_there_is_said_by_the_process_that_looked(task: Path, invoke: Invoke) -> None:
    result = invoke("data", "preview", task, "--set", "training.base_model=./nowhere", "--lang", "en")
    assert result.exit_code == 2
    assert "./nowhere is no folder with a model (config.json)" in result.stderr
    assert "Traceback" not in result.stderr


def test_bad_rows_are_all_named(preview: Callable[..., Result]) -> None:
    result = preview("--row", "400", "--row", "x", "--lang", "en")
    assert result.exit_code == 2
    assert "data/train.jsonl:400: no row begins here" in result.stderr
    assert "'x' is no place of a row" in result.stderr


def test_torch_stays_out_of_both_processes_and_the_tokenizer_out_of_the_first(
    task: Path, base: Path, site: Path, tmp_path: Path
) -> None:
    # One that cannot be imported would end the child; transformers alone would import it.
    (tmp_path / "torch.py").write_text("raise RuntimeError('torch was imported')\n", "utf-8")
    code = (
        "import sys; from tasktune.cli.root import tune\n"
        "code = tune.main(sys.argv[1:], prog_name='tune', standalone_mode=False)\n"
        "print(code, sorted({'torch', 'transformers', 'tokenizers', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    path = os.pathsep.join([str(tmp_path), str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", code, "data", "preview", str(task), "--set", f"training.base_model={base}"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stderr.strip() == "0 []"
