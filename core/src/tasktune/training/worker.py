"""The worker: ``python -m tasktune.training.worker VERSION_DIR TASK_DIR STAGE``.

torchrun starts several of it to train together (:mod:`tasktune.training.processes`); the first of them prepares the
rows, speaks, and saves.

The only process that imports torch. It works on a version's folder and nothing else, speaks through ``events.jsonl``,
and leaves the folder readable however it ends. Exit codes: 0 done, 1 failed, 2 the input is at fault (``failure.json``
says how), 130 interrupted with what was finished kept.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from tasktune.data.rows import read_chat_rows
from tasktune.definition import Split, Task, load_task
from tasktune.definition.fields import BASE_BASELINES
from tasktune.errors import TuneError
from tasktune.locale import translate as _
from tasktune.locale import use_language
from tasktune.training import processes
from tasktune.training.backends import load_backend
from tasktune.training.backends.choice import Choice, Gpu, choose, gpu_here, saved_share
from tasktune.training.failure import record_failure
from tasktune.training.interruption import Interruption
from tasktune.training.launch import WorkerStage
from tasktune.training.out_of_memory import FewerRows, watching_memory
from tasktune.training.quiet import QUIET
from tasktune.training.session import recorded
from tasktune.workspace.events import EventLog, Events
from tasktune.workspace.versions import Version, get_version


def main(arguments: list[str] | None = None) -> int:
    """Run one stage of one version."""
    parser = argparse.ArgumentParser(prog="python -m tasktune.training.worker")
    parser.add_argument("version_dir", type=Path)
    parser.add_argument("task_dir", type=Path)
    parser.add_argument("stage", choices=get_args(WorkerStage))
    parser.add_argument("--split", default="test", choices=["train", "valid", "test"])
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--parent", type=int, default=os.getppid(), help="end when this process does")
    options = parser.parse_args(arguments)

    os.environ.update(QUIET)
    use_language(os.environ.get("TASKTUNE_LANGUAGE", "en"))
    interruption = Interruption()
    together = processes.count() > 1
    interruption.install(*((os.getppid(), options.parent) if together else (options.parent,)))
    version = Version(options.version_dir)
    folder = options.scratch or version.folder
    try:
        with _alone_with(folder), processes.joined():
            task = load_task(version.definition, folder=options.task_dir)
            if options.stage == "train":
                with recorded(task, version, "train"):
                    train_version(task, version, interruption)
            elif options.stage == "evaluate":
                with recorded(task, version, "evaluate", options.split):
                    evaluate_version(task, version, options.split, interruption)
            elif options.stage == "vllm":
                answer_by_vllm(task, version, options.split, options.scratch, interruption)
            elif options.stage in BASE_BASELINES:
                base_answers(task, version, options.scratch, interruption, few_shot=options.stage == "few_shot")
            else:
                _predict(task, version, options.scratch, interruption)
    except KeyboardInterrupt:
        return 130
    except FewerRows:
        return 1
    except TuneError as error:
        record_failure(folder / version.failure.name, error)
        # The failure is told once; who asks later what went wrong finds it here.
        EventLog(folder / version.events.name).stage(
            options.stage, "failed", error=type(error).__name__, message=error.message
        )
        return error.exit_code
    return 0


@contextmanager
def _alone_with(folder: Path) -> Iterator[None]:
    """A worker whose parent was killed may need a moment to end; two must not write the same files."""
    if not processes.is_first():
        yield
        return
    with (folder / ".worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def train_version(
    task: Task, version: Version, interruption: Interruption, *, gpu: Callable[[], Gpu | None] = gpu_here
) -> None:
    """Encode a version's rows and train it, or take over the model of one that was trained from the same.

    ``gpu`` tells what there is to train on.

    :raises TuneError: the rows cannot be trained on, or the training failed.
    :raises FewerRows: memory ran out, and fewer rows at a time are to be tried in another process.
    :raises KeyboardInterrupt: asked to stop.
    """
    training = task.spec.training
    events = Events(lambda event: None)
    if processes.is_first():
        # Several processes of one run are one to those who read its log: the one that started them.
        events = EventLog(version.events, os.getppid() if processes.count() > 1 else None)
    # Before anything imports transformers, which unsloth must come before.
    choice = _take_backend(task, version, gpu, events)

    from tasktune.training.base import load_tokenizer, without_denormals
    from tasktune.training.tokens import load_audit

    base, tokenizer = load_tokenizer(training.base_model, training.revision, task.folder)
    if processes.is_first():
        _prepare(task, version, tokenizer, events, interruption)
    processes.wait_for_all()
    if choice is None or version.training.exists():
        return

    from tasktune.training.train import train

    start = None if training.start_from is None else get_version(task.folder, training.start_from)
    audit = load_audit(version.prepared)
    with watching_memory(task, version, audit), without_denormals():
        train(task, choice, base, tokenizer, audit, version, start, events, interruption)


def _take_backend(task: Task, version: Version, gpu: Callable[[], Gpu | None], events: Events) -> Choice | None:
    """Choose who trains, say why, and import it; None if the model is there already (see :func:`_prepare`)."""
    from tasktune.training.reuse import trained_alike
    from tasktune.training.tokens import trained_rows

    if version.training.exists() or trained_alike(version) is not None:
        return None
    training = task.spec.training
    rows = trained_rows(version.prepared, pairs=training.learns_preference)

    def saved() -> float:
        asked = ("".join(turn["content"] for turn in row["messages"][:-1]) for row in read_chat_rows(rows))
        return saved_share(asked, training.batch_size)

    installed = find_spec("unsloth") is not None
    choice = choose(task, installed=installed, gpu=gpu(), processes=processes.count(), saved=saved)
    events.message("train", _("training with {backend}: {reason}", backend=choice.backend, reason=choice.reason))
    load_backend(choice.backend)
    return choice


def _prepare(task: Task, version: Version, tokenizer: Any, events: Events, interruption: Interruption) -> None:
    """Encode the rows, unless the model is there already: made by a worker for whose end this one waited, or that of
    another version."""
    if version.training.exists():
        return
    from tasktune.data.encode import Encoder
    from tasktune.inference.decoding import decoding_for, write_decoding
    from tasktune.training.class_weights import weights_of
    from tasktune.training.reuse import take_over, trained_alike
    from tasktune.training.tokens import encode_version, trained_rows

    spec = task.spec
    pairs = spec.training.learns_preference
    audit = encode_version(
        version.prepared,
        Encoder(tokenizer),
        spec.training.max_length,
        spec.data.over_length,
        on_rows=lambda done, total: events.progress("prepare", done, total, "row"),
        pairs=pairs,
        weights=weights_of(spec.training.class_weights, trained_rows(version.prepared, pairs=pairs)),
        balanced=spec.training.sampling == "balanced",
    )
    write_decoding(version.decoding, decoding_for(spec, tokenizer, audit))
    interruption.check()
    twin = trained_alike(version)
    if twin is not None:
        events.message("train", _("the model is that of {version}, which was trained from the same", version=twin.name))
        take_over(version, twin)


def evaluate_version(task: Task, version: Version, split: Split, interruption: Interruption) -> None:
    """Write the answers of a trained version to the rows of one of its splits."""
    from tasktune.inference.evaluate import predict_split

    predict_split(task, version, split, EventLog(version.events), interruption)


def answer_by_vllm(task: Task, version: Version, split: Split, folder: Path, interruption: Interruption) -> None:
    """Write vLLM's answers for a trained version to the rows of one of its splits into a folder."""
    from tasktune.inference.evaluate import predict_split_beside
    from tasktune.inference.with_vllm import VllmGenerator

    events = EventLog(folder / version.events.name)
    predict_split_beside(task, version, split, VllmGenerator(task, version), folder, events, interruption)


def base_answers(task: Task, version: Version, folder: Path, interruption: Interruption, *, few_shot: bool) -> None:
    """Write the base model's answers to the test rows of a version into a folder."""
    from tasktune.inference.base_answers import answer_by_base

    events = EventLog(folder / version.events.name)
    answer_by_base(task, version, folder, events, interruption, few_shot=few_shot)


def _predict(task: Task, version: Version, scratch: Path, interruption: Interruption) -> None:
    from tasktune.inference.evaluate import predict_records
    from tasktune.inference.predict import read_scratch_records

    predict_records(task, version, read_scratch_records(scratch), scratch, interruption)


if __name__ == "__main__":
    code = main()
    if processes.count() > 1:
        # Nothing is left to do, and gloo's threads may abort an interpreter that takes its time to end.
        sys.stderr.flush()
        os._exit(code)
    raise SystemExit(code)
