"""What commands import, told by sys.modules of a fresh process."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasktune.types import Record

# Not NumPy, a tenth of a second, by which a check finds near duplicates.
HEAVY = {"torch", "transformers", "trl", "peft", "datasets", "sklearn", "fabric", "pandas"}
NOT_FOR_HELP = {*HEAVY, "numpy", "pydantic", "yaml", "rich", "pluggy", "jinja2", "importlib.metadata"}
PROBE = """
import json, sys
from tasktune.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def modules_after(site: Path, *arguments: str) -> set[str]:
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    code, modules = json.loads(result.stderr.splitlines()[-1])
    assert code == 0, result.stderr
    return set(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        (),
        ("--version",),
        ("run", "--help"),
        ("predict", "--help", "--lang", "zh-TW"),
        ("data", "--help"),
        ("data", "preview", "--help"),
    ],
)
def test_help_imports_click_and_little_else(site: Path, arguments: tuple[str, ...]) -> None:
    modules = modules_after(site, *arguments)
    assert "click" in modules
    assert not modules & NOT_FOR_HELP


def test_help_of_one_command_imports_no_other(site: Path) -> None:
    ours = {name for name in modules_after(site, "plugins", "--help") if name.startswith("tasktune.cli.")}
    assert "tasktune.cli.plugins" in ours
    assert not ours & {"tasktune.cli.run", "tasktune.cli.check", "tasktune.cli.predict", "tasktune.cli.completion"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("plugins",),
        ("schema",),
        ("completion", "fish"),
        ("check", "TASK", "--json"),
        ("check", "TASK", "--fix"),
        ("checklist", "TASK", "--json"),
        ("plan", "TASK", "--gpu", "H200", "--base-model", "Qwen/Qwen3-0.6B", "--batch-size", "1"),
        ("data", "stats", "TASK"),
        ("data", "split", "TASK", "--force"),
        ("data", "convert", "TASK"),
        ("tasks", "TASK"),
        ("status", "TASK/.."),
        ("status", "TASK", "--json"),
        ("prune", "TASK", "--keep", "1", "--dry-run"),
        ("init", "TASK/new", "--task-type", "rating", "--answer", "goal=g", "--data", "TASK/data/train.jsonl"),
    ],
)
def test_commands_that_do_not_train_are_light(
    site: Path, tmp_path: Path, make_task: Callable[[Path], None], arguments: tuple[str, ...]
) -> None:
    make_task(tmp_path / "task")
    modules = modules_after(site, *(word.replace("TASK", str(tmp_path / "task")) for word in arguments))
    assert not modules & HEAVY


def test_comparing_is_light(site: Path, tmp_path: Path, make_task: Callable[[Path], None]) -> None:
    made = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "made_versions.py")))
    folder = tmp_path / "task"
    make_task(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        for name in ("v1", "v2"):
            made.make_version(folder, name, [(Record(id="t:1", inputs={"text": "a"}, target=4), "4")])
    modules = modules_after(site, "compare", str(folder), "v1", "v2", "--output", str(tmp_path / "page.html"))
    assert "tasktune_rating.plugin" in modules
    assert not modules & {*HEAVY, "scipy"}


def test_check_imports_no_other_task_type(site: Path, tmp_path: Path, make_task: Callable[[Path], None]) -> None:
    make_task(tmp_path / "task")
    modules = modules_after(site, "check", str(tmp_path / "task"))
    assert "tasktune_rating.plugin" in modules
    assert "torn_plugin" not in modules
