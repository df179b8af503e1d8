"""Shell completion: the scripts, where they go, and what is offered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import Result

from tasktune.cli.root import COMMANDS, tune
from tasktune.workspace.versions import State, new_version

Invoke = Callable[..., Result]


def offered(*words: str) -> list[str]:
    """What the shell offers for the last word."""
    completion = ShellComplete(tune, {}, "tune", "_TUNE_COMPLETE")
    return [item.value for item in completion.get_completions(list(words[:-1]), words[-1])]


def test_commands() -> None:
    assert offered("") == list(COMMANDS)
    assert offered("plu") == ["plugins"]


def test_commands_of_a_group(task: Path) -> None:
    assert {"preview", "stats", "split", "balance", "convert"} <= set(offered("data", ""))
    assert offered("data", "prev") == ["preview"]
    assert {"--row", "--split", "--json"} <= set(offered("data", "preview", "--"))
    assert offered("data", "preview", str(task), "--config", "q") == ["quick"]


def test_options() -> None:
    assert {"--task-type", "--config", "--set", "--version", "--json", "--lang", "--debug", "--help"} <= set(
        offered("run", "--")
    )
    assert offered("evaluate", "--split", "") == ["test", "valid", "train"]
    assert offered("--lang", "z") == ["zh-TW"]


def test_configs_of_the_task(task: Path) -> None:
    assert offered("run", str(task), "--config", "") == ["full", "quick"]
    assert offered("run", str(task / "task.yaml"), "--config", "q") == ["quick"]


def test_configs_of_this_folder_when_no_task_is_given_yet(task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(task)
    assert offered("run", "--config", "f") == ["full"]


def test_task_types(installed: None) -> None:
    assert {"rating", "torn"} <= set(offered("run", "--task-type", ""))
    assert offered("run", "--task-type", "rat") == ["rating"]


def test_versions_oldest_first(task: Path) -> None:
    for name in ("v10", "v2"):
        new_version(task, name).set_state(State(fingerprint="x"))
    assert offered("evaluate", str(task), "--version", "") == ["v2", "v10"]
    assert offered("predict", str(task), "--version", "v1") == ["v10"]
    assert offered("run", str(task), "--reproduce", "") == ["v2", "v10"]


def test_a_folder_that_is_no_task_offers_nothing(tmp_path: Path) -> None:
    assert offered("run", str(tmp_path), "--config", "") == []
    assert offered("evaluate", str(tmp_path / "missing"), "--version", "") == []


def test_the_program_answers_the_shell(site: Path) -> None:
    environment = {
        **os.environ,
        "COMP_WORDS": "tune plu",
        "COMP_CWORD": "1",
        "_TUNE_COMPLETE": "bash_complete",
    }
    code = "import sys; sys.argv[0] = 'tune'; from tasktune.cli.root import tune; tune.main(prog_name='tune')"
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert result.stdout == "plain,plugins\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_script_completes_both_names(invoke: Invoke, shell: str) -> None:
    script = invoke("completion", shell).stdout
    for program in ("tune", "tasktune"):
        assert f"_{program.upper()}_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_one_that_the_shell_reads(invoke: Invoke, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = invoke("completion", shell).stdout
    subprocess.run([shell, "-n"], input=script, text=True, check=True, capture_output=True, timeout=60)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("shell", "files"),
    [
        (
            "bash",
            [".local/share/bash-completion/completions/tune", ".local/share/bash-completion/completions/tasktune"],
        ),
        ("fish", [".config/fish/completions/tune.fish", ".config/fish/completions/tasktune.fish"]),
        ("zsh", [".local/share/tasktune/completion.zsh", ".zshrc"]),
    ],
)
def test_installing_writes_where_the_shell_looks(home: Path, invoke: Invoke, shell: str, files: list[str]) -> None:
    result = invoke("completion", shell, "--install")
    assert result.exit_code == 0
    assert result.stdout == "".join(f"wrote {home / name}\n" for name in files)
    assert sorted(str(p.relative_to(home)) for p in home.rglob("*") if p.is_file()) == sorted(files)
    assert f"_TUNE_COMPLETE={shell}_complete" in (home / files[0]).read_text("utf-8")


def test_installing_twice_for_zsh_adds_one_line_and_keeps_the_rest(home: Path, invoke: Invoke) -> None:
    (home / ".zshrc").write_text("alias ll='ls -l'", "utf-8")
    invoke("completion", "zsh", "--install")
    invoke("completion", "zsh", "--install")
    lines = (home / ".zshrc").read_text("utf-8").splitlines()
    script = home / ".local/share/tasktune/completion.zsh"
    assert lines == ["alias ll='ls -l'", f'[ -r "{script}" ] && . "{script}" # tasktune completion']


def test_an_unknown_shell_is_refused(invoke: Invoke) -> None:
    assert invoke("completion", "tcsh").exit_code == 2
    assert click.unstyle(invoke("completion", "tcsh").stderr).startswith("Error: ")
