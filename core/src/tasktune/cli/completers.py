"""What the shell offers for a half-typed value. Nothing heavy is imported, no file of the task is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

ACTIONS = (
    "add-dropout",
    "allow-longer-answers",
    "balance-sampling",
    "constrain-answers",
    "drop-leaked-rows",
    "keep-best-weights",
    "raise-lora-rank",
    "raise-max-length",
    "set-learning-rate",
    "train-in-fp32",
    "train-longer",
    "train-shorter",
    "weigh-rare-class",
)


def task_types(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the installed task types."""
    from tasktune.plugins import find

    return _matching(find("task type"), incomplete)


def overlays(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the files in the task's ``configs/``."""
    files = _task_folder(ctx).glob("configs/*")
    return _matching(sorted(file.stem for file in files if file.suffix in (".yaml", ".yml")), incomplete)


def versions(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the task's versions, oldest first."""
    from tasktune.workspace.versions import versions as versions_of

    return _matching([version.name for version in versions_of(_task_folder(ctx))], incomplete)


def task_versions(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The versions that a list of words can go on with: of the task that is its first word, else of this folder's."""
    from tasktune.workspace.versions import versions as versions_of

    words = [str(word) for word in ctx.params.get(parameter.name or "") or ctx.args]
    task = Path(words[0]) if words and Path(words[0]).exists() else Path()
    names = [version.name for version in versions_of(task.parent if task.is_file() else task)]
    return _matching([name for name in names if name not in words], incomplete)


def baselines(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a version can be compared with besides simple methods: the base model, and the task's versions."""
    from tasktune.definition.fields import BASE_BASELINES

    return [*_matching(BASE_BASELINES, incomplete), *task_versions(ctx, parameter, incomplete)]


def actions(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The actions that rules of core's propose as changes to task.yaml."""
    return _matching(ACTIONS, incomplete)


def gpus(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The GPUs that can be planned for by name."""
    from tasktune.planning.device import known_gpus

    return [CompletionItem(name) for name in known_gpus() if name.lower().startswith(incomplete.lower())]


def base_models(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The base models that can be planned for without their files."""
    from tasktune.planning.bases import well_known

    return _matching(well_known(), incomplete)


def _task_folder(ctx: click.Context) -> Path:
    # Click gives up on a line that ends in an option without its value, and leaves the arguments before it in args.
    task = Path(ctx.args[0] if ctx.args else ctx.params.get("task") or ".")
    return task.parent if task.is_file() else task


def _matching(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
