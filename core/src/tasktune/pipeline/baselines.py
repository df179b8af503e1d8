"""Baselines beside a version: its base model without and with examples, and other versions, on its test rows.

Their answers lie in ``versions/baselines/``, in a folder for all that they depend on: base model or version, prompts,
test rows, examples and decoding rules. Another version with the same of them does not pay again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from tasktune import base_models
from tasktune.data.rows import read_chat_rows, read_split, rows_path
from tasktune.definition.fields import BASE_BASELINES
from tasktune.definition.load import load_task
from tasktune.definition.suggest import did_you_mean
from tasktune.errors import InputError, Problem
from tasktune.evaluation.predictions import FILE_NAME, Prediction, read_predictions, write_predictions
from tasktune.inference.decoding import read_decoding
from tasktune.locale import translate as _
from tasktune.training.launch import run_worker
from tasktune.types import Record, Scored
from tasktune.workspace.environment import code_of
from tasktune.workspace.events import Event, Events
from tasktune.workspace.files import read_json, sha256_of, write_json_atomically
from tasktune.workspace.versions import Version, get_version, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasktune.definition import Task

NOTED = "baselines.json"
"""Which baselines a version has beside it, and the folders of their answers."""


def refuse_unknown(task: Task, names: Iterable[str], problem: Callable[[str, str | None], Problem]) -> None:
    """Stop before anything is computed where a name is neither a base model's baseline nor a trained version.

    :raises InputError: with all such names, as ``problem`` makes it of a message and a hint.
    """
    known = [*BASE_BASELINES, *(each.name for each in versions(task.folder) if each.decoding.exists())]
    problems = []
    for name in dict.fromkeys(names):
        if name not in known:
            message = _("{name} is no baseline: neither the base model nor a trained version", name=name)
            problems.append(problem(message, did_you_mean(name, known) or _("one of {names}", names=", ".join(known))))
    if problems:
        raise InputError("", problems=problems)


def noted(version: Version) -> dict[str, str]:
    """The baselines that a version has beside it, each with its folder's name."""
    path = version.evaluation / NOTED
    return cast("dict[str, str]", read_json(path)) if path.exists() else {}


def missing(task: Task, version: Version) -> list[str]:
    """The baselines that the definition asks for and the version has not beside it."""
    there = noted(version)
    return [name for name in task.spec.evaluation.baselines if name != version.name and name not in there]


def measure(task: Task, version: Version, names: Iterable[str], on_event: Callable[[Event], None]) -> None:
    """Have the baselines answer the version's test rows where no one has answered the same before, and note them.

    A version is no baseline of its own.

    :raises InputError: the base model, or another version's weights, are not there.
    """
    found = noted(version)
    for name in dict.fromkeys(names):
        if name == version.name:
            continue
        folder = _place(task, version, name)
        if not (folder / FILE_NAME).exists():
            folder.mkdir(parents=True, exist_ok=True)
            Events(on_event).message("evaluate", _("baseline {name}", name=name))
            if name in BASE_BASELINES:
                stage = cast("Literal['zero_shot', 'few_shot']", name)
                run_worker(stage, version, task, on_event, scratch=folder)
            else:
                _ask_version(task, version, get_version(task.folder, name), folder, on_event)
        found[name] = folder.name
    if found:
        write_json_atomically(version.evaluation / NOTED, found)


def answers(task: Task, version: Version) -> dict[str, list[Scored]]:
    """The noted baselines' answers to the version's labelled test rows, in their order."""
    found = {}
    for name, folder in noted(version).items():
        path = _all(task) / folder / FILE_NAME
        # Whoever deletes the folder measures anew.
        if path.exists():
            found[name] = list(_scored(task, version, path, anew=name in BASE_BASELINES))
    return found


def _scored(task: Task, version: Version, path: Path, *, anew: bool) -> Iterator[Scored]:
    """``anew``: the answers are read by this version's task type; another version's were read by its own."""
    for record, each in zip(read_split(version.prepared, "test"), read_predictions(path), strict=True):
        if record.target is not None:
            answer = task.plugin.parse_output(each.output, record, task.options) if anew else each.answer
            yield Scored(record=record, output=each.output, answer=answer)


def _ask_version(task: Task, version: Version, other: Version, folder: Path, on_event: Callable[[Event], None]) -> None:
    """Another version's answers to the test rows: those of its own evaluation where it has answered all of them."""
    own = other.evaluation / FILE_NAME
    rows = list(read_split(version.prepared, "test"))
    if own.exists():
        known = {_inputs(each.record): each for each in read_predictions(own)}
        if all(_inputs(record) in known for record in rows):
            write_predictions(folder / FILE_NAME, (_for(record, known[_inputs(record)]) for record in rows))
            return
    if other.pruned.exists():
        raise InputError(
            _("the weights of version {name} were pruned", name=other.name),
            hint=_("it has not answered all of these test rows; choose another baseline"),
        )
    blind = (record.model_copy(update={"target": None}) for record in rows)
    text = "".join(record.model_dump_json() + "\n" for record in blind)
    (folder / "records.jsonl").write_text(text, encoding="utf-8")
    theirs = load_task(other.definition, folder=task.folder)
    run_worker("predict", other, theirs, on_event, scratch=folder)


def _for(record: Record, answered: Prediction) -> Prediction:
    return Prediction(id=record.id, inputs=record.inputs, output=answered.output, answer=answered.answer)


def _inputs(record: Record) -> str:
    return json.dumps(record.inputs, sort_keys=True)


def _place(task: Task, version: Version, name: str) -> Path:
    """The folder of a baseline's answers, named by what they depend on."""
    if name in BASE_BASELINES:
        training = task.spec.training
        made_of: list[Any] = [
            base_models.fingerprint(training.base_model, training.revision, task.folder),
            code_of(task),
            task.options.model_dump(mode="json"),
            read_decoding(version.decoding).model_dump(),
            _asked_in(version),
            sha256_of(rows_path(version.prepared, "train")) if name == "few_shot" else None,
        ]
    else:
        other = get_version(task.folder, name)
        state = other.state()
        rows = [_inputs(record) for record in read_split(version.prepared, "test")]
        made_of = [name, None if state is None else state.fingerprint, read_decoding(other.decoding).model_dump(), rows]
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    return _all(task) / f"{name}-{digest[:12]}"


def _asked_in(version: Version) -> str:
    """A hash of the prompts of the test rows."""
    digest = hashlib.sha256()
    for row in read_chat_rows(rows_path(version.prepared, "test")):
        digest.update(json.dumps(_question(row)).encode() + b"\n")
    return digest.hexdigest()


def _question(row: Mapping[str, Any]) -> list[Any]:
    messages: list[Any] = row["messages"]
    return messages[:-1] if row["target"] is not None else messages


def _all(task: Task) -> Path:
    return task.folder / "versions" / "baselines"
