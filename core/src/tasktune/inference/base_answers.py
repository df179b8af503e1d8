"""What the base model answers to a version's test rows, before any training: without examples, or with some."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.encode import Encoder
from tasktune.data.rows import chat, read_split
from tasktune.errors import InputError
from tasktune.inference.decoding import read_decoding
from tasktune.inference.engine import load_base_model
from tasktune.inference.evaluate import Watched, predict_split_beside
from tasktune.inference.generate import Generator
from tasktune.inference.prompts import blind_prompt
from tasktune.inference.shots import MOST_TOKENS, candidates, turns, with_shots
from tasktune.locale import translate as _
from tasktune.training.base import load_tokenizer
from tasktune.training.interruption import Interruption
from tasktune.types import Message, Record
from tasktune.workspace.events import EventLog
from tasktune.workspace.files import write_json_atomically

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.workspace.versions import Version

SHOTS = "shots.json"
_CHUNK = 8192


def answer_by_base(
    task: Task, version: Version, folder: Path, events: EventLog, stop: Interruption, *, few_shot: bool
) -> None:
    """Write ``predictions.jsonl`` of the version's base model for its test rows, by the version's decoding rules.

    With ``few_shot`` training rows stand in every prompt as turns of the chat (``shots.json`` has their ids), as many
    as there is room for in the base model's context and in :data:`~tasktune.inference.shots.MOST_TOKENS`.

    :raises InputError: the base cannot be loaded, or there is room for no example.
    :raises KeyboardInterrupt: asked to stop; what has been generated is kept for the next call.
    """
    training = task.spec.training
    base, tokenizer = load_tokenizer(training.base_model, training.revision, task.folder)
    decoding = read_decoding(version.decoding)
    model = load_base_model(base, training.revision)
    shots: list[Message] = []
    if few_shot:
        known = getattr(model.config, "max_position_embeddings", None) or decoding.context
        decoding = decoding.model_copy(update={"context": known - decoding.max_new_tokens})
        shown = _fitting(task, version, Encoder(tokenizer), min(decoding.context, MOST_TOKENS))
        write_json_atomically(folder / SHOTS, [record.id for record in shown])
        shots = [message for record in shown for message in turns(task, record)]
    generator = Generator(task, model, tokenizer, decoding, task.spec.evaluation.batch_size, shots)
    predict_split_beside(task, version, "test", Watched(generator), folder, events, stop)


def _fitting(task: Task, version: Version, encoder: Encoder, room: int) -> list[Record]:
    """The examples that fit into so many tokens together with the longest question."""
    asked = _longest(task, version, encoder)
    shown: list[Record] = []
    messages: list[Message] = []
    for record in candidates(task, read_split(version.prepared, "train")):
        more = [*messages, *turns(task, record)]
        [ids] = encoder.prompts([with_shots(asked, more)])
        if len(ids) <= room:
            shown.append(record)
            messages = more
    if not shown:
        raise InputError(
            _("no example fits into {tokens} tokens beside the longest question", tokens=room),
            hint=_("measure zero_shot only"),
        )
    return shown


def _longest(task: Task, version: Version, encoder: Encoder) -> list[dict[str, str]]:
    """The test row's chat with the most tokens."""
    longest: tuple[int, list[dict[str, str]]] = (0, [])
    for chunk in _chunks(read_split(version.prepared, "test")):
        chats = [chat(blind_prompt(task, record)) for record in chunk]
        lengths = map(len, encoder.prompts(chats))
        longest = max([longest, *zip(lengths, chats, strict=True)], key=lambda each: each[0])
    return longest[1]


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    while chunk := list(islice(records, _CHUNK)):
        yield chunk
