"""Versions as a run leaves them, made without training."""

from __future__ import annotations

import datetime
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasktune.definition import load_task
from tasktune.definition.snapshot import dump_task
from tasktune.evaluation.predictions import FILE_NAME, Prediction, parse_outputs, read_predictions, write_predictions
from tasktune.evaluation.score import score
from tasktune.inference.decoding import Decoding, write_decoding
from tasktune.types import Record
from tasktune.workspace.files import write_json_atomically
from tasktune.workspace.provenance import Base, Provenance, TaskTypeSource, write_provenance
from tasktune.workspace.versions import State, Version, new_version


def make_version(
    folder: Path,
    name: str,
    answered: Iterable[tuple[Record, str]],
    *,
    overrides: Sequence[str] = (),
    data: Mapping[str, str] | None = None,
    train: Sequence[str] = (),
    mode: str = "free",
    keep_statistics: bool = False,
) -> Version:
    """A finished version of the task in ``folder``: ``answered`` are its test rows with what the model wrote, ``train``
    the classes of its training rows, ``data`` its data files with a hash each; ``keep_statistics``: as evaluating does.
    """
    task = load_task(folder, overrides=overrides)
    shutil.rmtree(folder / "versions" / name, ignore_errors=True)
    version = new_version(folder, name)
    version.prepared.mkdir()
    version.definition.write_text(dump_task(task), "utf-8")
    write_provenance(
        version,
        Provenance(
            started=datetime.datetime(2026, 11, 20, tzinfo=datetime.timezone.utc),
            command=("tune", "run"),
            data=data or {"data/train.jsonl": "0" * 64},
            base=Base(name="tiny"),
            task_type=TaskTypeSource(name=task.plugin.name, origin=task.plugin.origin, code="0" * 64),
            seeds={"training.seed": task.spec.training.seed},
        ),
    )
    classes = {name: {"rows": count, "completion_tokens": count} for name, count in sorted(Counter(train).items())}
    write_json_atomically(version.prepared / "audit.json", {"train": {"rows": len(train), "classes": classes}})
    rules: dict[str, Any] = {"mode": mode, "max_new_tokens": 16, "context": 512, "stop": ("<|im_end|>",)}
    write_decoding(version.decoding, Decoding(**rules, chat_template_sha256="0" * 64, template_switches={}))
    predictions = map(Prediction.of, parse_outputs(task, answered))
    version.evaluation.mkdir()
    write_predictions(version.evaluation / FILE_NAME, predictions)
    rows = [(each.record, each.output) for each in read_predictions(version.evaluation / FILE_NAME)]
    if keep_statistics:
        score(task, rows, keep=version.evaluation)
    version.set_state(State(fingerprint=name, stages_done=("prepare", "train", "evaluate"), finished=True))
    return version


def toy_task(folder: Path, classes: Sequence[str] = ("yes", "no"), **keys: Any) -> Path:
    """A task of the toy type (see ``toy_plugin.py``) with English reports."""
    folder.mkdir(parents=True)
    definition = {"task_name": "toys", "task_type": "toy", "language": "en", "options": {"classes": list(classes)}}
    (folder / "task.yaml").write_text(json.dumps({**definition, **keys}), "utf-8")
    return folder


def toy_rows(answers: str, *, first: int = 1, target: str = "yes") -> list[tuple[Record, str]]:
    """Rows of which each is answered rightly (``+``), wrongly (``-``) or unreadably (``?``)."""
    other = "no" if target == "yes" else "yes"
    wrote = {"+": json.dumps({"label": target}), "-": json.dumps({"label": other}), "?": "?"}
    return [
        (Record(id=f"data/test.jsonl:{n}", inputs={"text": f"thing {n}"}, target=target), wrote[mark])
        for n, mark in enumerate(answers, start=first)
    ]
