"""Evaluate a version by another engine than its own; the score is put beside the version's own, never in its place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.records import Split
from tasktune.data.rows import count_rows, read_split, rows_path
from tasktune.endpoint import Connection, Endpoint
from tasktune.errors import InputError
from tasktune.evaluation.predictions import FILE_NAME, Prediction, parse_outputs, write_predictions
from tasktune.evaluation.score import Evaluation
from tasktune.inference.decoding import read_decoding
from tasktune.inference.endpoints import folder_name
from tasktune.inference.engines import EngineUse
from tasktune.inference.partial import Output, PartialOutputs
from tasktune.inference.served import Reply, ServedModel, answered_by, notes
from tasktune.locale import translate as _
from tasktune.pipeline.judge import judge_beside
from tasktune.pipeline.stages import OnEvent, refuse_unready
from tasktune.training.launch import run_worker
from tasktune.workspace.events import Events
from tasktune.workspace.versions import Version, locked

if TYPE_CHECKING:
    from tasktune.definition import Task


def evaluate_served(
    task: Task,
    version: Version,
    split: Split,
    endpoint: Endpoint,
    on_event: OnEvent = lambda event: None,
    *,
    at_once: int = 8,
    timeout: float = 120.0,
    retries: int = 4,
) -> tuple[Evaluation, Path]:
    """Score what a model behind an endpoint answers to a split of a version, and the folder where that is kept.

    The model is asked by the version's prompts and decoding rules. Answers are kept as they come: the same call goes on
    where one before it was stopped.

    :raises InputError: the version is not trained, the split is empty, or the endpoint refuses.
    :raises RunError: the endpoint cannot be reached, or fails.
    """
    refuse_unready(version, split)
    decoding = read_decoding(version.decoding)
    folder = _folder(version, folder_name(endpoint, decoding), split)
    connection = Connection(endpoint, timeout=timeout, retries=retries)
    try:
        with locked(task.folder):
            model = ServedModel(task, connection, decoding, at_once=at_once, retries=retries)
            replies = _replies(task, version, split, folder, model, Events(on_event))
            sample = next(read_split(version.prepared, split))
            use = EngineUse(
                engine="openai",
                endpoint=endpoint.base_url,
                model=endpoint.model,
                answered_by=answered_by(replies),
                notes=notes(task, decoding, replies, sample),
            )
            return judge_beside(task, version, split, folder, use), folder
    finally:
        connection.close()


def evaluate_by_vllm(
    task: Task, version: Version, split: Split, on_event: OnEvent = lambda event: None
) -> tuple[Evaluation, Path]:
    """Score what vLLM, in a worker process, answers for a trained version, and the folder where that is kept.

    :raises InputError: vLLM is not installed or cannot run such a version; it is not trained; the split is empty.
    """
    refuse_unready(version, split)
    if find_spec("vllm") is None:
        raise InputError(
            _("vLLM is not installed"),
            hint=_("pip install vllm, or start vllm serve elsewhere and give --engine openai --endpoint URL"),
        )
    if task.spec.training.tuning == "dora":
        message = _("vLLM takes no DoRA adapters")
        raise InputError(message, hint=_("evaluate with --engine transformers"))
    folder = _folder(version, "vllm", split)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(task.folder):
        run_worker("vllm", version, task, on_event, split=split, scratch=folder)
        return judge_beside(task, version, split, folder, EngineUse(engine="vllm")), folder


def _folder(version: Version, name: str, split: Split) -> Path:
    return version.engines / (name if split == "test" else f"{name}-{split}")


def _replies(
    task: Task, version: Version, split: Split, folder: Path, model: ServedModel, events: Events
) -> list[Reply]:
    """Ask for all rows of a split that have no answer yet, and write ``predictions.jsonl``."""
    total = count_rows(rows_path(version.prepared, split))
    with _new_folder(folder):
        partial = PartialOutputs(folder / ".outputs.partial.jsonl")
        before, started = len(partial.by_row), time.monotonic()
        events.stage("evaluate", "started", rows=total, split=split)
        numbered = enumerate(read_split(version.prepared, split))
        for number, reply in model.replies((row, record) for row, record in numbered if row not in partial.by_row):
            partial.add([(number, Output(reply.model_dump_json()))])
            done = len(partial.by_row)
            rate = (done - before) / max(time.monotonic() - started, 1e-9)
            events.progress("evaluate", done, total, "row", seconds_left=round((total - done) / rate, 1))
        replies = [Reply.model_validate_json(partial.by_row[row].text) for row in range(total)]
        answered = zip(read_split(version.prepared, split), (reply.text for reply in replies), strict=True)
        write_predictions(folder / FILE_NAME, map(Prediction.of, parse_outputs(task, answered)))
        partial.delete()
    events.stage("evaluate", "finished", rows=total, split=split)
    return replies


@contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """The folder, which goes again if nothing has come into it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()
            if not any(folder.parent.iterdir()):
                folder.parent.rmdir()
