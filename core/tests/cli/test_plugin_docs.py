"""docs/plugins.md tells the truth: its example obeys the laws, its hooks are the hooks."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasktune import hookspecs
from tasktune.plugins import GROUPS, REQUIRED, Deployer, load_task_type
from tasktune.types import DeployRequest

TEXT = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text("utf-8")
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, "tasktune_spec")]
FILES = {
    match["name"]: match["text"] + "\n"
    for match in re.finditer(r"<!-- file: (?P<name>\S+) -->\n```\w+\n(?P<text>.*?)\n```", TEXT, re.DOTALL)
}


def test_there_are_hooks_and_files() -> None:
    assert len(HOOKS) >= 9
    assert len(FILES) == 5


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_its_exact_arguments(hook: str) -> None:
    parameters = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert f"### `{hook}({parameters})`\n" in TEXT


def test_no_other_hook_is_documented() -> None:
    assert re.findall(r"^### `(\w+)\(", TEXT, re.MULTILINE) == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_required_hooks_are_said_to_be(hook: str) -> None:
    section = TEXT.split(f"### `{hook}(")[1].split("\n##")[0]
    assert ("*Required" in section) is any(hook in names for names in REQUIRED.values())


def test_the_groups_are_named() -> None:
    assert all(group in TEXT for group in GROUPS.values())


def test_the_example_implements_every_hook_that_it_has_a_use_for(installed: None) -> None:
    module = load_task_type("rating").module
    # Its answers are a closed set, which needs no grammar, and each speaks of one class.
    assert {hook for hook in HOOKS if hasattr(module, hook)} == {*HOOKS} - {"deploy", "answer_grammar", "class_spans"}


def test_the_example_obeys_the_laws(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_rating.py").write_text(FILES["tests/test_rating.py"], "utf-8")
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout
    assert re.search(r"\d{2,} passed", result.stdout)


def test_the_example_task_can_be_run(task: Path, invoke: Callable[..., object]) -> None:
    assert (task / "task.yaml").read_text("utf-8") == FILES["task.yaml"]
    assert getattr(invoke("check", task), "exit_code", None) == 0


def test_the_deployer_copies_and_in_a_dry_run_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder_deployer.py").write_text(FILES["deployer.py"], "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import folder_deployer  # type: ignore[import-not-found]

    deployer = Deployer("folder", "docs", folder_deployer)
    options = deployer.info.options.model_validate({"folder": tmp_path / "deployed"})
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "results.json").write_text("{}", "utf-8")
    request = DeployRequest(task_name="stars", version="v1", version_dir=str(tmp_path / "v1"), dry_run=True)
    location = Path(deployer.deploy(request, options).location)
    assert not location.exists()
    deployer.deploy(request.model_copy(update={"dry_run": False}), options)
    assert (location / "results.json").exists()
