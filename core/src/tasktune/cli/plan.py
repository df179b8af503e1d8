"""``tune plan``: memory and time of a training before it starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tasktune.cli import completers, output
from tasktune.cli.help import Argument, Command, Example
from tasktune.cli.options import definition_options, json_option, load
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.planning.device import Device
    from tasktune.planning.setup import Setup
    from tasktune.planning.task_rows import TaskRows


@click.command(
    cls=Command,
    help="Estimate what a training takes before it starts: memory part by part, time, whether it fits, what to change "
    "where it does not, and which models and methods fit.\n\n"
    "The rows are counted with the base model's tokenizer if it is on this machine, else taken to be as long as "
    "training.max_length. Nothing is downloaded, no model is loaded, nothing is written. 1 GB is 2^30 bytes, as cards "
    "are sold. The exit code is 0 when the training fits and 1 when it does not.",
    examples=[
        Example("Does this task fit on the GPU that is here?", "tune plan"),
        Example("And on another one, with another method?", "tune plan tasks/entity-sentiment --gpu L4 --tuning qlora"),
        Example(
            "Without a task, for rows of 512 tokens on a GPU with 24 GB:",
            "tune plan --length 512 --base-model Qwen/Qwen3-8B --batch-size 2 --memory 24",
        ),
    ],
)
@click.argument(
    "task",
    cls=Argument,
    about="The task: its folder, or the task.yaml in it. Default: this folder; none with --length.",
    type=click.Path(path_type=Path),
    required=False,
)
@click.option(
    "--gpu", metavar="NAME", shell_complete=completers.gpus, help="Plan for this GPU instead of the one here."
)
@click.option(
    "--memory", metavar="GB", type=click.FloatRange(min=0, min_open=True), help="Plan for a GPU with so much memory."
)
@click.option(
    "--base-model", metavar="NAME", shell_complete=completers.base_models, help="Plan for this base model instead."
)
@click.option(
    "--tuning", type=click.Choice(["lora", "dora", "qlora", "full"]), help="Plan for this way of training instead."
)
@click.option("--batch-size", metavar="ROWS", type=click.IntRange(min=1), help="Plan for this batch size instead.")
@click.option(
    "--length",
    metavar="TOKENS",
    type=click.IntRange(min=2),
    help="Plan for 1,000 rows of so many tokens instead of a task's rows.",
)
@definition_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    task: Path | None,
    gpu: str | None,
    memory: float | None,
    base_model: str | None,
    tuning: str | None,
    batch_size: int | None,
    length: int | None,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Plan one training."""
    from tasktune.cli.plan_view import sections
    from tasktune.planning.plan import plan

    device = _device(gpu, memory)
    changed = {"base_model": base_model, "tuning": tuning, "batch_size": batch_size}
    given: dict[str, Any] = {name: value for name, value in changed.items() if value is not None}
    if batch_size is not None:
        given["batch_tokens"] = None
    if length is None:
        setup, rows, folder = _of_task(task or Path(), task_type, overlays, overrides, given, device)
    else:
        if task is not None or task_type is not None or overlays or overrides:
            raise InputError(
                _("--length plans without a task"),
                hint=_("leave out either --length or TASK, --task-type, --config and --set"),
            )
        setup, rows, folder = _without_task(length, given)
    found = plan(setup, rows.rows, device, folder)
    if as_json:
        output.show_json({**found.model_dump(mode="json"), **rows.model_dump(mode="json")})
    else:
        output.show("\n\n".join(sections(found, rows)))
    context.exit(0 if found.fits else 1)


def _device(gpu: str | None, memory: float | None) -> Device:
    from tasktune.planning.device import here, named, with_memory

    if gpu is not None and memory is not None:
        raise InputError(_("--gpu and --memory both say what to plan for"), hint=_("leave one of them out"))
    if gpu is not None:
        return named(gpu)
    return here() if memory is None else with_memory(memory)


def _of_task(
    task: Path,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    given: dict[str, Any],
    device: Device,
) -> tuple[Setup, TaskRows, Path]:
    from tasktune.planning.setup import setup_of
    from tasktune.planning.sharding import devices_of
    from tasktune.planning.task_rows import rows_of

    if "base_model" in given:
        overrides = (*overrides, f"training.base_model={given['base_model']}")
    loaded = load(task, task_type, overlays, overrides)
    given = {"devices": devices_of(loaded.spec, gpu=device.kind == "gpu"), **given}
    return setup_of(loaded.spec.training).model_copy(update=given), rows_of(loaded), loaded.folder


def _without_task(length: int, given: dict[str, Any]) -> tuple[Setup, TaskRows, Path]:
    from tasktune.definition.training import TrainingSpec
    from tasktune.planning.rows import alike
    from tasktune.planning.setup import setup_of
    from tasktune.planning.task_rows import ROWS, USUAL_COMPLETION, TaskRows

    rows = alike(ROWS, length, min(USUAL_COMPLETION, length - 1), "given")
    setup = setup_of(TrainingSpec()).model_copy(update={**given, "max_length": length})
    return setup, TaskRows(rows=rows), Path()
