"""What a definition may ask for and this version cannot do: refused or announced, never ignored."""

from __future__ import annotations

from importlib.util import find_spec

from tasktune.definition.monitor import NEEDS
from tasktune.definition.spec import TaskSpec, VersioningSpec
from tasktune.definition.task import Task
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _


def limits(task: Task | TaskSpec) -> tuple[Problem, ...]:
    """Everything that the definition asks of training and this version cannot do. A Task gives file and line."""
    training, execution = _spec_of(task).training, _spec_of(task).execution
    found: list[tuple[tuple[str, ...], str, str]] = []
    if training.backend == "unsloth":
        message = _("unsloth is not supported by this version")
        found.append((("training", "backend"), message, _("use auto or transformers")))
    if training.tuning == "qlora" and find_spec("bitsandbytes") is None:
        hint = _("pip install 'tasktune[quantized]', or use lora")
        found.append((("training", "tuning"), _("qlora needs bitsandbytes, which is not installed"), hint))
    for tracker in training.monitor.report_to:
        if not any(find_spec(package) for package in NEEDS[tracker]):
            hint = _("pip install {package}, or remove it", package=NEEDS[tracker][0])
            found.append((("training", "monitor", "report_to"), _("{name} is not installed", name=tracker), hint))
    if execution.type != "local":
        message = _("remote training is not supported by this version")
        found.append((("execution", "type"), message, _("use local; the other keys of the section can stay")))
    return tuple(_located(task, path, message, hint) for path, message, hint in found)


def refuse_unsupported(task: Task | TaskSpec) -> None:
    """Stop before training when :func:`limits` finds anything.

    :raises InputError: with all of it.
    """
    problems = limits(task)
    if problems:
        raise InputError("", problems=problems)


def notices(task: Task | TaskSpec) -> tuple[str, ...]:
    """What is declared in the definition but used only by commands that this version does not have."""
    spec = _spec_of(task)
    found = []
    if spec.data.pairs is not None and not spec.training.learns_preference:
        found.append(_("{key}: declared; used by the methods orpo and dpo", key="data.pairs"))
    if spec.huggingface.org or spec.huggingface.prefix:
        found.append(_("{key}: declared; used by `tune deploy`, which is not installed", key="huggingface"))
    if spec.versioning.deploy_target:
        key = "versioning.deploy_target"
        found.append(_("{key}: declared; used by `tune deploy`, which is not installed", key=key))
    if spec.versioning.naming != VersioningSpec().naming:
        key = "versioning.naming"
        found.append(_("{key}: declared; used by `tune deploy`, which is not installed", key=key))
    if spec.versioning.retention:
        found.append(_("{key}: declared; nothing is pruned by this version", key="versioning.retention"))
    if spec.execution.host and spec.execution.type == "local":
        found.append(_("{key}: declared; used by remote runs, which are not installed", key="execution.host"))
    return tuple(found)


def _spec_of(task: Task | TaskSpec) -> TaskSpec:
    return task.spec if isinstance(task, Task) else task


def _located(task: Task | TaskSpec, path: tuple[str, ...], message: str, hint: str) -> Problem:
    if isinstance(task, Task):
        return task.problem(path, message, hint)
    return Problem(message, hint, path=".".join(path))
