"""``tune data generate``: more rows from a language model, or pairs from a version's mistakes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Literal

import click

from tasktune.cli import generate_view, output, progress
from tasktune.cli.help import Command, Example
from tasktune.cli.made import force_option
from tasktune.cli.options import (
    definition_options,
    json_option,
    load,
    load_trained,
    patience_options,
    task_argument,
    version_option,
)
from tasktune.errors import InputError
from tasktune.locale import translate as _

_PAIRS_ONLY = ("version", "split", "force")
_BOTH = ("task", "as_json", "pairs")


@click.command(
    cls=Command,
    help="Ask a language model for more rows, through any server that speaks OpenAI's protocol, and write them to "
    "data/raw/generated_CLASS.jsonl. They become training rows only by tune data review.\n\n"
    "What it will take is estimated and asked about first. A request shows a few training rows, never valid or test "
    "rows. Answers are read by the task type; rows whose input is in any split, or was generated before, are left out. "
    "Each row is on the disk as soon as it is whole: after Ctrl-C, a crash or a failing server the same command goes "
    "on. The key is read from the environment and written nowhere. The exit code is 1 when fewer rows came than were "
    "wanted.\n\n"
    "With --pairs no model is asked: the wrong predictions of a version become pairs of a chosen and a rejected "
    "answer, for ORPO and DPO.",
    examples=[
        Example(
            "Bring the generated rows of a class to 200:",
            "tune data generate tasks/entity-sentiment --class 中立 --count 200 --model gpt-5-mini",
        ),
        Example(
            "What would it take, with a server of one's own?",
            "tune data generate --count 50 --model qwen3 --base-url http://localhost:8000/v1 --estimate",
        ),
        Example(
            "Pairs from what version v1 got wrong on the validation rows:",
            "tune data generate tasks/entity-sentiment --pairs --version v1 --split valid",
        ),
    ],
)
@task_argument()
@click.option(
    "--class",
    "wanted_class",
    metavar="NAME",
    help="The class that the rows are to show. Default: any, as the answers come.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="How many rows the file is to have, those that are there counted. Required, but for --pairs.",
)
@click.option("--model", metavar="NAME", help="The model to ask. Default: data.generate.model, else OPENAI_MODEL.")
@click.option(
    "--base-url",
    metavar="URL",
    help="The server's address. Default: data.generate.base_url, else OPENAI_BASE_URL, else OpenAI's own.",
)
@click.option(
    "--api-key-env",
    metavar="VARIABLE",
    help="The environment variable that holds the key. Default: data.generate.api_key_env, else OPENAI_API_KEY.",
)
@click.option("--input-price", type=float, metavar="PRICE", help="What a million prompt tokens cost.")
@click.option("--output-price", type=float, metavar="PRICE", help="What a million answer tokens cost.")
@click.option(
    "--shots", type=click.IntRange(0, 50), metavar="NUMBER", help="Training rows that a request shows. Default: 5."
)
@click.option(
    "--per-request", type=click.IntRange(1, 50), metavar="NUMBER", help="Rows that a request asks for. Default: 5."
)
@click.option(
    "--temperature", type=click.FloatRange(0), metavar="NUMBER", help="Sampling temperature. Default: the server's."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    metavar="NUMBER",
    help="Seed of the choice of the rows that are shown. Default: data.split.seed.",
)
@patience_options
@click.option("--estimate", is_flag=True, help="Show what it would take, and send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
@click.option("--pairs", is_flag=True, help="Make pairs of right and wrong answers from a version's predictions.")
@version_option("The version whose mistakes make pairs. Default: the newest that is trained.")
@click.option(
    "--split",
    type=click.Choice(["train", "valid"]),
    help="The predictions that make pairs. Never test: it could not measure the model then. Default: train.",
)
@force_option
@definition_options
@json_option
@click.pass_context
def command(context: click.Context, /, task: Path, pairs: bool, as_json: bool, **given: Any) -> None:
    """Generate rows or pairs."""
    _refuse_unused(context, pairs=pairs)
    if pairs:
        _pairs(task, given["version"], given["split"] or "train", force=given["force"], as_json=as_json)
        return
    if given["count"] is None:
        raise click.UsageError(_("{name} is missing", name="--count"), context)
    _generate(context, task, as_json=as_json, **given)


def _generate(
    context: click.Context,
    task: Path,
    *,
    wanted_class: str | None,
    count: int,
    shots: int | None,
    per_request: int | None,
    temperature: float | None,
    seed: int | None,
    timeout: float | None,
    retries: int | None,
    estimate: bool,
    yes: bool,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    from tasktune.data.generating.endpoint import find_endpoint, with_settings
    from tasktune.data.generating.plan import plan
    from tasktune.data.generating.run import run
    from tasktune.data.generating.server import Server

    names = ("model", "base_url", "api_key_env", "input_price", "output_price")
    loaded = with_settings(load(task, task_type, overlays, overrides), {name: given[name] for name in names})
    endpoint = find_endpoint(loaded.spec.data.generate, os.environ)
    planned = plan(
        loaded,
        wanted_class=wanted_class,
        count=count,
        per_request=5 if per_request is None else per_request,
        shots=5 if shots is None else shots,
        seed=loaded.spec.data.split.seed if seed is None else seed,
    )
    if estimate:
        if as_json:
            output.show_json({**endpoint.model_dump(), **planned.estimate.model_dump()})
        else:
            output.show(generate_view.estimate_words(planned, endpoint))
        return
    server = Server(
        endpoint,
        timeout=120 if timeout is None else timeout,
        retries=4 if retries is None else retries,
        temperature=temperature,
    )
    if planned.missing and not as_json:
        output.say(generate_view.estimate_words(planned, endpoint))
    if planned.missing and not yes and not _agreed(as_json=as_json):
        output.show(_("nothing was sent"))
        context.exit(1)
    try:
        with output.writing(), progress.shown() as on_event:
            done = run(planned, server, on_event)
    except KeyboardInterrupt as interruption:
        raise click.Abort(_("the same command goes on where this one stopped")) from interruption
    finally:
        server.close()
    if as_json:
        output.show_json({**done.model_dump(mode="json"), "finished": done.finished})
    else:
        output.show(generate_view.result_words(done))
    context.exit(0 if done.finished else 1)


def _agreed(*, as_json: bool) -> bool:
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            _("requests cost money, and nobody is here to agree to them"),
            hint=_("--estimate shows what they would take, --yes sends them"),
        )
    return click.confirm(_("Send the requests?"), default=False, err=True)


def _pairs(task: Path, version: str | None, split: Literal["train", "valid"], *, force: bool, as_json: bool) -> None:
    from tasktune.data.generating.pairs import make_pairs

    loaded, chosen = load_trained(task, version)
    with output.writing():
        made = make_pairs(loaded, chosen, split, force=force)
    if as_json:
        output.show_json(made.model_dump(mode="json"))
    else:
        output.show(generate_view.pairs_words(made))


def _refuse_unused(context: click.Context, *, pairs: bool) -> None:
    """An option that means nothing here is an error, not a silence."""
    source = click.core.ParameterSource.COMMANDLINE
    for parameter in context.command.params:
        name = parameter.name or ""
        given = parameter.expose_value and context.get_parameter_source(name) is source
        if given and name not in _BOTH and (name in _PAIRS_ONLY) != pairs:
            option = parameter.opts[0]
            message = _("{option} does not go with --pairs", option=option)
            raise click.UsageError(message if pairs else _("{option} goes with --pairs only", option=option), context)
