"""``tune completion``: have the shell complete commands, options, configs, task types and versions."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from tasktune.cli import output
from tasktune.cli.help import Argument, Command, Example
from tasktune.locale import translate as _

PROGRAMS = ("tune", "tasktune")
_RC_MARK = "# tasktune completion"


@click.command(
    cls=Command,
    help="Print the script that makes your shell complete `tune` and `tasktune`, or install it with --install.\n\n"
    "What is installed: for bash and fish a file where the shell looks for completions; for zsh a file, and a line in "
    ".zshrc that reads it.",
    examples=[
        Example("Install it for good:", "tune completion bash --install"),
        Example("Try it in this shell only:", 'eval "$(tune completion zsh)"'),
    ],
)
@click.argument(
    "shell", cls=Argument, about="bash, zsh or fish.", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"])
)
@click.option("--install", is_flag=True, help="Write the script where the shell finds it, instead of printing it.")
@click.pass_context
def command(context: click.Context, shell: str, install: bool) -> None:
    """Print or install completion."""
    scripts = {program: script(context.find_root().command, shell, program) for program in PROGRAMS}
    if not install:
        output.show("\n".join(scripts.values()))
        return
    for path in install_scripts(shell, scripts):
        output.show(_("wrote {path}", path=path))
    output.say(_("open a new shell to use it"))


def script(root: click.Command, shell: str, program: str) -> str:
    """Click's completion script of one program name."""
    completion = get_completion_class(shell)
    assert completion is not None, "click has a completion class for each shell that the argument allows"
    return completion(root, {}, program, f"_{program.upper()}_COMPLETE").source()


def install_scripts(shell: str, scripts: dict[str, str]) -> list[Path]:
    """Write the scripts where the shell looks for them, and return the files written."""
    if shell == "zsh":
        return _install_zsh("\n".join(scripts.values()))
    if shell == "bash":
        folder, suffix = _xdg("XDG_DATA_HOME", ".local/share") / "bash-completion/completions", ""
    else:
        folder, suffix = _xdg("XDG_CONFIG_HOME", ".config") / "fish/completions", ".fish"
    folder.mkdir(parents=True, exist_ok=True)
    for program, text in scripts.items():
        (folder / (program + suffix)).write_text(text + "\n", "utf-8")
    return [folder / (program + suffix) for program in scripts]


def _install_zsh(text: str) -> list[Path]:
    """Zsh has no folder of the user's that it searches unasked, so its start-up file is told once."""
    path = _xdg("XDG_DATA_HOME", ".local/share") / "tasktune/completion.zsh"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", "utf-8")
    startup = Path(os.environ.get("ZDOTDIR") or Path.home()) / ".zshrc"
    before = startup.read_text("utf-8") if startup.exists() else ""
    if _RC_MARK in before:
        return [path]
    gap = "" if not before or before.endswith("\n") else "\n"
    startup.write_text(f'{before}{gap}[ -r "{path}" ] && . "{path}" {_RC_MARK}\n', "utf-8")
    return [path, startup]


def _xdg(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default)
