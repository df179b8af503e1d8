"""``tune data preview``: the tokens of a row as training gets them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tasktune.cli import layout, output
from tasktune.cli.help import Command, Example
from tasktune.cli.options import definition_options, json_option, load, task_argument
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasktune.data.preview import Piece, Preview
    from tasktune.definition import Task

BETWEEN = "│"
NEW_LINE = "⏎"


@click.command(
    cls=Command,
    help="Show the exact tokens of a row as training gets them, made by the code that trains, and which of them carry "
    "the loss.\n\n"
    "│ stands between tokens and ⏎ for a line break; ⟨2⟩ behind a character says that it takes two tokens. Only the "
    "tokenizer of the base model is loaded. The exit code is 2 when a row could not be trained on.",
    examples=[
        Example("The first training row:", "tune data preview tasks/entity-sentiment"),
        Example(
            "Two rows by their places, with the number of every token:",
            "tune data preview tasks/entity-sentiment --row data/train.jsonl:17 --row data/test.jsonl:3 --ids",
        ),
        Example(
            "As another base model would see it:",
            "tune data preview tasks/entity-sentiment --set training.base_model=Qwen/Qwen3-4B",
        ),
    ],
)
@task_argument()
@click.option(
    "--row",
    "places",
    multiple=True,
    metavar="FILE:LINE",
    help="The row that begins on this line; LINE alone is in the split's file. May be repeated. Default: the first.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    default="train",
    help="Whose file a LINE is in. Default: train.",
)
@click.option("--ids", "with_ids", is_flag=True, help="List every token on a line of its own, with its number.")
@definition_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    task: Path,
    places: tuple[str, ...],
    split: Any,
    with_ids: bool,
    task_type: str | None,
    overlays: tuple[str, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Preview rows."""
    from tasktune.data.preview import Preview, rows_at
    from tasktune.data.rows import chat
    from tasktune.data.tokenizing import tokenized

    loaded = load(task, task_type, overlays, overrides)
    found = rows_at(loaded, places, split)
    with tokenized(loaded, [chat(prompt) for _record, prompt in found], "preview") as answers:
        previews = [Preview.model_validate(answer) for answer in answers]
    ids = [record.id for record, _prompt in found]
    if as_json:
        rows = [_plain(loaded, *row) for row in zip(ids, previews, strict=True)]
        output.show_json({"base_model": loaded.spec.training.base_model, "rows": rows})
    else:
        output.show("\n\n".join(_words(loaded, *row, with_ids) for row in zip(ids, previews, strict=True)))
    context.exit(2 if any(_faults(loaded, row) for row in previews) else 0)


def _plain(task: Task, row_id: str, row: Preview) -> dict[str, Any]:
    return {
        "id": row_id,
        "prompt_tokens": len(row.ids(trained=False)),
        "trained_tokens": len(row.ids(trained=True)),
        "max_length": task.spec.training.max_length,
        "pieces": [piece.model_dump(mode="json") for piece in row.pieces],
        "problems": _faults(task, row),
    }


def _words(task: Task, row_id: str, row: Preview, with_ids: bool) -> str:
    prompt, trained = len(row.ids(trained=False)), len(row.ids(trained=True))
    limit = task.spec.training.max_length
    total = _("{tokens} tokens of at most {limit}", tokens=f"{prompt + trained:,}", limit=f"{limit:,}")
    lines = [_("{title}: {text}", title=row_id, text=total)]
    parts = (
        (False, _("the prompt, without loss: {tokens} tokens", tokens=f"{prompt:,}")),
        (True, _("the answer, which is trained: {tokens} tokens", tokens=f"{trained:,}")),
    )
    for is_trained, title in parts:
        pieces = [piece for piece in row.pieces if piece.trained is is_trained]
        lines += [title, (_listed if with_ids else _running)(pieces)]
    return "\n".join([*lines, *(_("Problem: {text}", text=fault) for fault in _faults(task, row))])


def _running(pieces: Iterable[Piece]) -> str:
    """The tokens as running text, in which only real line breaks break lines; what is trained is green."""
    text = BETWEEN.join(_shown(piece).replace(NEW_LINE, NEW_LINE + "\n") for piece in pieces).removesuffix("\n")
    # Colour ends with the line, so that a pager shows every line alike.
    trained = any(piece.trained for piece in pieces)
    lines = [output.paint(line, "green", sys.stdout) if trained and line else line for line in text.split("\n")]
    return "\n".join("  " + line for line in lines)


def _listed(pieces: Iterable[Piece]) -> str:
    rows = [(" ".join(map(str, piece.ids)), _shown(piece)) for piece in pieces]
    table = layout.table([_("token"), _("text")], rows)
    return "\n".join("  " + line for line in table.splitlines())


def _shown(piece: Piece) -> str:
    """A piece's text, with what cannot be seen written out."""
    text = "".join(
        NEW_LINE if letter == "\n" else letter if letter.isprintable() else ascii(letter)[1:-1] for letter in piece.text
    )
    return text if len(piece.ids) == 1 else f"{text}⟨{len(piece.ids)}⟩"


def _faults(task: Task, row: Preview) -> list[str]:
    """Why training would not take the row, in words."""
    faults = []
    tokens, limit = sum(len(piece.ids) for piece in row.pieces), task.spec.training.max_length
    if tokens > limit:
        policy = task.spec.data.over_length
        words = _("a run leaves it out") if policy == "drop" else _("a run refuses to start")
        faults.append(_("{tokens} tokens are more than {limit}: {words}", tokens=tokens, limit=limit, words=words))
    if row.ends_early:
        faults.append(_("the answer contains the token that ends an answer: a run refuses to start"))
    return faults
