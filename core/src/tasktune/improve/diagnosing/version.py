"""What a version's files tell, as far as it has come: a training that is not finished has left something, too."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tasktune.data.rows import chat, read_chat_rows, rows_path
from tasktune.errors import InputError
from tasktune.evaluation.noise_section import read_noise
from tasktune.evaluation.predictions import FILE_NAME, read_predictions
from tasktune.improve.diagnosing.evidence import Answers, Evidence, NoiseFacts, PromptFacts, Traces, TrainingLog
from tasktune.improve.diagnosing.rows import row_facts
from tasktune.inference.decoding import read_decoding
from tasktune.training.audit import Audit
from tasktune.training.record import read_record
from tasktune.types import Record, RunContext, Scored
from tasktune.workspace.files import read_json

if TYPE_CHECKING:
    from tasktune.definition import Split, Task
    from tasktune.evaluation.criteria import Verdict
    from tasktune.evaluation.score import Evaluation
    from tasktune.workspace.versions import Version

NOT_A_NUMBER = "NotANumber"
"""The kind of error of a training whose loss stopped being a number (tasktune.training.guarded)."""
PROMPTS_LOOKED_AT = 100
"""Rows whose prompts are built anew. A changed template or task type shows in the first; rarer cases in some."""


def traces_of(task: Task, version: Version) -> Traces:
    """Read them. ``task`` is the version's own definition."""
    audit = None
    if (version.prepared / "audit.json").exists():
        audit = _audit(read_json(version.prepared / "audit.json"))
    there = rows_path(version.prepared, "train").exists()
    return Traces(
        training=_training(task, version),
        rows=row_facts(version.prepared, () if audit is None else audit.train.dropped) if there else None,
        audit=audit,
        prompts=_prompts(task, version) if rows_path(version.prepared, "test").exists() else None,
        max_new_tokens=read_decoding(version.decoding).max_new_tokens if version.decoding.exists() else None,
        noise=_noise(version),
    )


def evidence_of(
    task: Task, version: Version, evaluation: Evaluation | None, verdict: Verdict | None, split: Split = "test"
) -> Evidence:
    """All that is known of a version; ``verdict`` is that of today's criteria on ``evaluation``."""
    traces = traces_of(task, version)
    log, rows = traces.training, traces.rows
    context = RunContext(
        task_name=task.name,
        language=task.spec.language,
        threshold=task.threshold if verdict is None else verdict.threshold,
        train_rows=0 if rows is None else rows.rows["train"],
        class_counts={} if rows is None else rows.shown,
        training=task.spec.training.model_dump(mode="json"),
        loss_curve=() if log is None else log.loss,
    )
    answers = None
    if evaluation is not None and verdict is not None:
        answers = Answers(
            rows=_scored(version, split),
            metrics=evaluation.metrics,
            verdict=verdict,
            rivals=evaluation.rivals,
            decoding=evaluation.decoding,
            within=evaluation.intervals,
            split=split,
        )
    return Evidence(task, context, answers, traces)


def _scored(version: Version, split: Split) -> list[Scored]:
    return [
        Scored(record=each.record, output=each.output, answer=each.answer)
        for each in read_predictions(version.evaluation_of(split) / FILE_NAME)
        if each.target is not None
    ]


def _noise(version: Version) -> NoiseFacts | None:
    found = read_noise(version.evaluation)
    if found is None:
        return None
    suspects = tuple((each.id, each.given, each.probable) for each in found.suspects)
    return NoiseFacts(rows=found.rows, suspects=suspects)


def _audit(data: Any) -> Audit | None:
    # A version of an earlier tasktune may have counted less.
    try:
        return Audit.model_validate(data)
    except ValueError:
        return None


def _training(task: Task, version: Version) -> TrainingLog | None:
    monitor = task.spec.training.monitor
    if not version.training.exists():
        return _unfinished(version)
    record = read_record(version.training)
    return TrainingLog(
        loss=record.curve("loss"),
        eval_loss=record.curve("eval_loss"),
        steps=record.steps,
        planned=record.planned,
        hints=record.hints,
        keeps_best=monitor.keeps_best or (record.kept is not None and record.kept.by == "best"),
    )


def _unfinished(version: Version) -> TrainingLog | None:
    """What the events tell of a training that has not come to its end."""
    loss: dict[int, float] = {}
    evaluated: dict[int, float] = {}
    steps, planned, broken = 0, None, None
    for event in _events_of_training(version):
        data = event["data"]
        if event["kind"] == "stage":
            # A later session has gone on where one failed.
            broken = data["message"] if data.get("error") == NOT_A_NUMBER else None
            continue
        steps, planned = int(data["done"]), int(data["total"])
        if data.get("loss") is not None:
            loss[steps] = float(data["loss"])
        if data.get("eval_loss") is not None:
            evaluated[steps] = float(data["eval_loss"])
    if planned is None and broken is None:
        return None
    return TrainingLog(
        loss=tuple(sorted(loss.items())),
        eval_loss=tuple(sorted(evaluated.items())),
        steps=steps,
        planned=planned,
        ended=False,
        broken=broken,
    )


def _events_of_training(version: Version) -> Iterator[Mapping[str, Any]]:
    """Where sessions of a training began and ended, and the figures of its steps.

    Half a line, where a process was killed, is no event.
    """
    if not version.events.exists():
        return
    with version.events.open(encoding="utf-8") as file:
        for line in file:
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if event.get("stage") != "train":
                continue
            kind = event.get("kind")
            if kind == "stage" or (kind == "progress" and event["data"].get("unit") == "step"):
                yield event


def _prompts(task: Task, version: Version) -> PromptFacts:
    """Build the first test rows' prompts by the definition and the task type of now, and compare."""
    changed: list[str] = []
    looked_at, before, after = 0, "", ""
    for row in itertools.islice(read_chat_rows(rows_path(version.prepared, "test")), PROMPTS_LOOKED_AT):
        looked_at += 1
        then = [turn for turn in row["messages"] if turn["role"] != "assistant"]
        try:
            now = chat(task.plugin.build_prompt(Record(id=row["id"], inputs=row["inputs"]), task.options))
        except InputError as error:
            now = [{"role": "user", "content": str(error)}]
        if then != now:
            changed.append(row["id"])
            before, after = before or _as_text(then), after or _as_text(now)
    return PromptFacts(looked_at=looked_at, changed=tuple(changed), before=before, after=after)


def _as_text(messages: list[dict[str, str]]) -> str:
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in messages)[:2000]
