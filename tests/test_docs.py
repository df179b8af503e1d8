"""The commands that README and docs show exist as shown, and those of the README run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tasktune.cli.root import tune

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        ROOT / "README.md",
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("plugins/*/README.md"),
        *ROOT.glob("models/*/README.md"),
        *ROOT.glob("examples/*/README.md"),
        *ROOT.glob("benchmarks/README.md"),
    ]
)
BLOCK = re.compile(r"^```(?:bash|console|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> Iterator[str]:
    """The ``tune`` commands of a page's shell blocks, without redirection and comments."""
    for block in BLOCK.findall(page.read_text("utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.split(r"\s[#>|]\s?", line.removeprefix("$ "))[0].strip()
            if command.startswith("tune "):
                yield command


SHOWN = [(page, command) for page in PAGES for command in commands(page)]


@pytest.mark.parametrize(("page", "command"), SHOWN, ids=[f"{p.relative_to(ROOT)}: {c}" for p, c in SHOWN])
def test_a_shown_command_is_one(page: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = shlex.split(command)[1:]
    if any(word.startswith(("tasks/", "data/", "new", "rows", "texts", "./", "my-")) for word in words):
        # A place of the reader's own: the options are looked at, the path cannot be.
        monkeypatch.setattr(click.Path, "convert", lambda self, value, param, ctx: Path(value))
    context = tune.make_context("tune", list(words), resilient_parsing=False)
    name, found, rest = tune.resolve_command(context, [*context._protected_args, *context.args])
    assert found is not None, name
    context = found.make_context(name, list(rest), parent=context)
    while isinstance(found, click.Group) and context._protected_args:
        name, found, rest = found.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None, name
        context = found.make_context(name, rest, parent=context)


def test_there_are_commands_in_the_readme() -> None:
    assert len(list(commands(ROOT / "README.md"))) >= 6


@pytest.mark.slow
def test_the_readmes_commands_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("versions"))
    environment = {**os.environ, "TASKTUNE_LANG": "en"}
    for command in commands(ROOT / "README.md"):
        words = shlex.split(command)[1:]
        if words[0] == "run":
            words += ["--config", "quick"]
        done = subprocess.run(
            [sys.executable, "-m", "tasktune", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        # 1 says that the criteria are not met, which ten steps of training cannot meet.
        assert done.returncode == 0 or (words[0] == "run" and done.returncode == 1), f"{command}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    assert len(list(tmp_path.glob("examples/*/versions/v1/evaluation/report.md"))) == 3
