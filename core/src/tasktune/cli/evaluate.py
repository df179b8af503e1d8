"""``tune evaluate``: judge a trained version again, by its own engine or by another one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from tasktune.cli import progress
from tasktune.cli.help import Command, Example
from tasktune.cli.options import json_option, load_trained, patience_options, task_argument, version_option
from tasktune.cli.outcome import finish
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.pipeline import RunResult
    from tasktune.workspace.versions import Version

Split = Literal["test", "valid", "train"]
_SERVER = ("endpoint", "model", "api_key_env", "concurrency", "timeout", "retries")


@click.command(
    cls=Command,
    help="Evaluate a trained version, as its own copy of task.yaml says, and print its scores.\n\n"
    "With --engine openai a model behind any server that speaks OpenAI's protocol (vLLM, llama.cpp, Ollama) answers in "
    "its place, by the version's prompts and decoding rules; with --engine vllm vLLM does, in a process of its own. "
    "Such a score is kept in the version's folder under engines/ and shown beside the version's own, which stays. "
    "After Ctrl-C or a failing server the same command goes on.\n\n"
    "The exit code is 0 when the task's success criteria are met and 1 when they are not.",
    examples=[
        Example("Evaluate the newest version of the task in this folder:", "tune evaluate"),
        Example("How does version v1 do on the validation rows?", "tune evaluate . --version v1 --split valid"),
        Example(
            "Does the model that Ollama serves do as well?",
            "tune evaluate . --engine openai --endpoint http://localhost:11434/v1 --model my-task",
        ),
    ],
)
@task_argument()
@version_option("The version to evaluate. Default: the newest that is trained.")
@click.option(
    "--split",
    type=click.Choice(["test", "valid", "train"]),
    default="test",
    help="The rows to evaluate on. Default: test.",
)
@click.option(
    "--engine",
    type=click.Choice(["transformers", "vllm", "openai"]),
    default="transformers",
    help="What answers: transformers, the version's own; vllm, in a process of its own; openai, a server. "
    "Default: transformers.",
)
@click.option("--endpoint", metavar="URL", help="The server's address, such as http://localhost:8000/v1.")
@click.option("--model", metavar="NAME", help="The model's name at the server. Default: the only one that it has.")
@click.option(
    "--api-key-env", metavar="VARIABLE", help="The environment variable that holds the key. Default: no key is sent."
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    metavar="NUMBER",
    help="How many requests are under way at once. Default: 8.",
)
@patience_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    task: Path,
    version: str | None,
    split: Split,
    engine: Literal["transformers", "vllm", "openai"],
    as_json: bool,
    **server: Any,
) -> None:
    """Evaluate one version."""
    if engine != "openai":
        for parameter in context.command.params:
            if parameter.name in _SERVER and server[parameter.name] is not None:
                message = _("{option} goes with --engine openai only", option=parameter.opts[0])
                raise click.UsageError(message, context)
    loaded, chosen = load_trained(task, version, weights=engine != "openai")
    try:
        if engine == "transformers":
            result = _own(loaded, chosen, split)
        else:
            result = _by_another(loaded, chosen, split, engine, server)
    except KeyboardInterrupt as interruption:
        raise click.Abort(_("the same command goes on where this one stopped")) from interruption
    finish(loaded, result, as_json=as_json, judged=True)


def _own(task: Task, version: Version, split: Split) -> RunResult:
    from tasktune.pipeline import RunResult, evaluate

    with progress.shown() as on_event:
        return RunResult(version.name, version.folder, "finished", evaluate(task, version, split, on_event))


def _by_another(
    task: Task, version: Version, split: Split, engine: Literal["vllm", "openai"], server: dict[str, Any]
) -> RunResult:
    from tasktune.inference.endpoints import chosen_endpoint
    from tasktune.pipeline import RunResult
    from tasktune.pipeline.engines import evaluate_by_vllm, evaluate_served

    if engine == "vllm":
        with progress.shown() as on_event:
            evaluation, folder = evaluate_by_vllm(task, version, split, on_event)
        return RunResult(version.name, version.folder, "finished", evaluation, folder)
    timeout = 120.0 if server["timeout"] is None else server["timeout"]
    endpoint = chosen_endpoint(server["endpoint"], server["model"], server["api_key_env"], os.environ, timeout=timeout)
    with progress.shown() as on_event:
        evaluation, folder = evaluate_served(
            task,
            version,
            split,
            endpoint,
            on_event,
            at_once=8 if server["concurrency"] is None else server["concurrency"],
            timeout=timeout,
            retries=4 if server["retries"] is None else server["retries"],
        )
    return RunResult(version.name, version.folder, "finished", evaluation, folder)
