"""Start a worker process and stay with it: pass its events on, its errors up, and interruptions down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasktune.data.checking.needs import gpus
from tasktune.errors import InputError, RunError
from tasktune.locale import current_language
from tasktune.locale import translate as _
from tasktune.training import processes
from tasktune.training.at_once import reduced
from tasktune.training.failure import take_failure
from tasktune.workspace.events import Event, EventReader, Events
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task

WorkerStage = Literal["train", "evaluate", "predict", "vllm", "zero_shot", "few_shot"]
_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 60.0
_LOG_LINES_SHOWN = 15
_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""glibc keeps what a step has freed for the next one (``man mallopt``), as a GPU's allocator does: pages that are new
from the system cost more than what is done with them. Larger blocks than 32 MiB it always gives back. Where Linux lets
a process ask for huge pages, it asks (the GNU C Library manual, Memory Allocation Tunables): fewer of them are new, and
fewer are looked up."""


def run_worker(
    stage: WorkerStage,
    version: Version,
    task: Task,
    on_event: Callable[[Event], None],
    *,
    split: str = "test",
    scratch: Path | None = None,
) -> None:
    """Run one stage of a version in a worker and return when it is done.

    ``scratch`` is where prediction and other engines, which leave the version alone, keep their files.

    A training whose memory runs out is begun again with fewer rows at a time, from its newest checkpoint.

    :raises InputError, RunError: what the worker found; a worker that dies without a word shows the end of its log.
    :raises KeyboardInterrupt: interrupted; the worker has been given time to write a checkpoint.
    """
    folder = scratch or version.folder
    options = ["--split", split, *(["--scratch", str(scratch)] if scratch else [])]
    while True:
        at_once = reduced(version)
        returncode = _run_once(stage, version, folder, task, on_event, options)
        if returncode == 0:
            return
        error = take_failure(folder / version.failure.name)
        if error is not None:
            raise error
        if returncode == 130:
            raise KeyboardInterrupt
        less = reduced(version)
        if less is None or less == at_once:
            raise _died(returncode, folder / version.log.name)
        text = _("memory ran out: going on with {rows} rows at a time, added up to the same step", rows=less.rows)
        if less.tokens is not None:
            text = _(
                "memory ran out: going on with {tokens} tokens at a time, added up to the same step", tokens=less.tokens
            )
        Events(on_event).message("train", text, "warning")


def _run_once(
    stage: WorkerStage,
    version: Version,
    folder: Path,
    task: Task,
    on_event: Callable[[Event], None],
    options: Sequence[str],
) -> int:
    """Run a worker to its end, which its exit code tells."""
    count = _count(stage, task)
    together = ["torch.distributed.run", "--standalone", f"--nproc-per-node={count}", "-m"] if count > 1 else []
    command = [sys.executable, "-m", *together, "tasktune.training.worker"]
    command += [str(version.folder), str(task.folder), stage]
    command += ["--parent", str(os.getpid()), *options]
    environment = worker_environment(stage, task)
    (folder / version.failure.name).unlink(missing_ok=True)
    events = EventReader(folder / version.events.name, from_end=True)
    with (folder / version.log.name).open("ab") as log:
        # A session of its own: Ctrl-C in the terminal reaches this process, which passes it on once.
        worker = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        # The worker of a parent that was killed may still be writing its last words: they are not this worker's.
        said = partial(_pass_on, events, worker.pid, on_event)
        try:
            while worker.poll() is None:
                said()
                time.sleep(_POLL_SECONDS)
        except BaseException:
            _end(worker)
            raise
    said()
    return worker.returncode


def worker_environment(stage: WorkerStage, task: Task) -> dict[str, str]:
    """The environment variables that a worker has."""
    found = {**_MEMORY, **os.environ, "TASKTUNE_LANGUAGE": current_language()}
    if task.spec.execution.cuda_devices is not None:
        found["CUDA_VISIBLE_DEVICES"] = task.spec.execution.cuda_devices
    if _count(stage, task) > 1:
        # torchrun would, so that its processes do not fight for the cores.
        found.setdefault("OMP_NUM_THREADS", "1")
    return found


def _count(stage: WorkerStage, task: Task) -> int:
    return processes_of(task) if stage == "train" else 1


def processes_of(task: Task) -> int:
    """How many processes train: as the definition says, or one for each GPU that it names on a machine with GPUs.

    :raises InputError: there are GPUs, but not one for each process; or nobody to split the weights with.
    """
    execution = task.spec.execution
    wanted = execution.together
    if wanted == 1:
        return 1
    found = len(gpus())
    if 0 < found < wanted:
        key = "processes" if execution.processes else "cuda_devices"
        message = _("{wanted} processes need a GPU each, and this machine has {found}", wanted=wanted, found=found)
        hint = _("name as many GPUs as there are")
        raise InputError("", problems=[task.problem(("execution", key), message, hint)])
    if found or execution.processes:
        return wanted
    if execution.sharding == "full":
        message = _("without GPUs one process trains, and has nobody to split the weights with")
        hint = _("set execution.processes, or sharding: auto")
        raise InputError("", problems=[task.problem(("execution", "sharding"), message, hint)])
    return 1


def shards(task: Task) -> bool:
    """Whether the processes that train split the weights among them.

    :raises InputError: as :func:`processes_of`.
    """
    return processes.shards(task.spec, processes_of(task), gpus=bool(gpus()))


def _pass_on(events: EventReader, process: int, on_event: Callable[[Event], None]) -> None:
    for event in events.new():
        if event.process == process:
            on_event(event)


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Ask the worker to stop at a good point; a second Ctrl-C, or no answer, ends it at once."""
    try:
        worker.send_signal(signal.SIGINT)
        worker.wait(_PATIENCE_SECONDS)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        worker.kill()
        worker.wait()


def _died(returncode: int, log: Path) -> RunError:
    tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES_SHOWN:])
    if returncode < 0:
        name = signal.Signals(-returncode).name
        why = _("the worker was ended by {signal}", signal=name)
        hint = _("SIGKILL often means that memory ran out; the same command goes on where it stopped")
    else:
        why = _("the worker failed with exit code {code}", code=returncode)
        hint = _("the whole log is {log}; the same command goes on where it stopped", log=log)
    return RunError(f"{why}\n{tail}", hint=hint)
